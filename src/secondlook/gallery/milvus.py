"""Vectors in Milvus: a collection for each gallery and comparison, searched exactly (FLAT) by inner product.

They lie there in clear, under numbers and without names: outside what is sealed, so that dropping a subject's key does not
reach them. That is why nothing of a gallery is in Milvus unless it is asked for, and why erasing rewrites the collection.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ExtraMissing, GalleryError, OutputError
from secondlook.gallery.rows import fitted
from secondlook.types import Floats

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_STRONG = "Strong"
"""A search sees whatever was acknowledged before it (Milvus: consistency levels). Any weaker one may show who was erased."""
_AT_ONCE = 4096
"""Vectors in one request, which by default may have 64 MiB."""
_MOST_FOUND = 16_384
"""Milvus's own limit on how many are found for a probe."""
_GENERATION = "_g"
"""Between the name of an index and what tells its collections apart."""
_LONGEST_STAMP = 64


class MilvusIndex:
    """``ports.Index`` over a collection of Milvus, or of Milvus Lite where the address is the path of a file.

    Each vector has a stamp besides: words of its owner's, by which ``stamps`` tells what a vector was made of. Several
    processes may use one collection; a vector that is added is there for all of them.
    """

    def __init__(self, client: MilvusClient, collection: str, dimension: int, place: str) -> None:
        """For ``open``; use that."""
        self._client = client
        self._collection = collection
        self._dimension = dimension
        self.place = place

    @classmethod
    def open(cls, place: str, collection: str, dimension: int) -> MilvusIndex:
        """The collection, which is made where there is none. place: ``http(s)://HOST:19530``, with USER:PASSWORD@ before
        the host where one is needed; or a path that ends in ``.db``. Raises GalleryError where it holds vectors of another
        length, OutputError where it cannot be reached, ExtraMissing."""
        client, shown = _connected(place)
        index = cls(client, collection, dimension, shown)
        with index._explained():
            if index._behind() is None:
                client.create_alias(index._make(), collection)
            client.load_collection(collection)
            fields = client.describe_collection(collection)["fields"]
        held = {field["name"]: field.get("params", {}).get("dim") for field in fields}
        if held.get("vector") != dimension:
            raise GalleryError(
                f"The collection {collection} in {shown} holds other vectors than of {dimension} numbers: name another."
            )
        return index

    def __len__(self) -> int:
        with self._explained():
            counted = self._client.query(
                self._collection, filter="", output_fields=["count(*)"], consistency_level=_STRONG
            )
            return int(counted[0]["count(*)"])

    def add(self, ids: NDArray[np.int64], templates: Floats, stamps: Sequence[str] = ()) -> None:
        """ids: (n,), each 0 upwards and different; one that is there already is replaced. templates: (n, D). stamps: n, or
        none. Raises GalleryError where they do not fit."""
        ids, plain = np.asarray(ids, np.int64).reshape(-1), fitted(templates, self._dimension)
        stamps = stamps or [""] * len(ids)
        different = len(np.unique(ids)) == len(ids) == len(plain) == len(stamps)
        if not different or (ids < 0).any() or any(len(stamp) > _LONGEST_STAMP for stamp in stamps):
            raise GalleryError(
                f"{len(ids)} ids do not fit {len(plain)} templates: give each an id of its own from 0 up."
            )
        for start in range(0, len(ids), _AT_ONCE):
            end = start + _AT_ONCE
            rows = [
                {"id": id_, "vector": vector, "stamp": stamp}
                for id_, vector, stamp in zip(ids[start:end].tolist(), plain[start:end], stamps[start:end], strict=True)
            ]
            with self._explained():
                self._client.upsert(self._collection, rows)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """ids: (n,). Those which are not there are no error. They are found no more; ``rewrite`` takes them off the disk."""
        gone = np.unique(np.asarray(ids, np.int64).reshape(-1)).tolist()
        for start in range(0, len(gone), _AT_ONCE):
            with self._explained():
                self._client.delete(self._collection, ids=gone[start : start + _AT_ONCE])

    def search(self, probes: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        """(n, D) -> scores (n, k) descending and ids (n, k); id -1 and score -inf where fewer than k are held."""
        probes = fitted(probes, self._dimension)
        scores = np.full((len(probes), max(k, 0)), -np.inf, np.float32)
        found = np.full(scores.shape, -1, np.int64)
        if k > _MOST_FOUND:
            raise GalleryError(f"Milvus finds {_MOST_FOUND} for a probe at most, not {k}: ask for fewer.")
        for start in range(0, len(probes) if k > 0 else 0, _AT_ONCE):
            with self._explained():
                answered = self._client.search(
                    self._collection,
                    data=list(probes[start : start + _AT_ONCE]),
                    limit=k,
                    search_params={"metric_type": "IP"},
                    consistency_level=_STRONG,
                )
            for row, hits in enumerate(answered, start=start):
                ordered = sorted(
                    ((float(hit["distance"]), int(hit["id"])) for hit in hits), key=lambda hit: (-hit[0], hit[1])
                )
                scores[row, : len(ordered)] = [score for score, _ in ordered]
                found[row, : len(ordered)] = [id_ for _, id_ in ordered]
        return scores, found

    def stamps(self) -> dict[int, str]:
        """The stamp of every vector by its id; no vector is fetched for it."""
        with self._explained():
            return {int(row["id"]): str(row["stamp"]) for batch in self._everything(["id", "stamp"]) for row in batch}

    def rewrite(self) -> int:
        """Put a new collection in the place of this one, with all that is left, and drop this one; how many vectors that is.

        What was removed stays in Milvus's files until they are compacted, and that is asked of it in vain: Milvus Lite
        answers that it has compacted and does nothing, a cluster leaves segments alone of which little was removed. Files
        of a collection that was dropped go (a cluster's: once its garbage collection has come to them). Nobody may add or
        remove meanwhile: hold the gallery's write lock.
        """
        with self._explained():
            copied, new = 0, self._make()
            for batch in self._everything(["id", "stamp", "vector"]):
                self._client.insert(new, batch)
                copied += len(batch)
            self._client.flush(new)
            self._client.load_collection(new)
            self._client.alter_alias(new, self._collection)
            for name in self._client.list_collections():
                if name.startswith(self._collection + _GENERATION) and name != new:
                    self._client.drop_collection(name)  # also what an earlier rewriting that was stopped has left
        return copied

    def drop(self) -> None:
        """All of it."""
        with self._explained():
            self._client.drop_alias(self._collection)
            for name in self._client.list_collections():
                if name.startswith(self._collection + _GENERATION):
                    self._client.drop_collection(name)

    def close(self) -> None:
        self._client.close()

    def _behind(self) -> str | None:
        """The collection that the alias stands for."""
        from pymilvus import MilvusException

        try:
            return str(self._client.describe_alias(self._collection)["collection_name"])
        except MilvusException:
            return None

    def _make(self) -> str:
        """A new collection without an alias, and its name."""
        from pymilvus import DataType

        name = f"{self._collection}{_GENERATION}{secrets.token_hex(4)}"
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("stamp", DataType.VARCHAR, max_length=_LONGEST_STAMP)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        indexes = self._client.prepare_index_params()
        indexes.add_index("vector", index_type="FLAT", metric_type="IP")
        self._client.create_collection(name, schema=schema, index_params=indexes, consistency_level=_STRONG)
        return name

    def _everything(self, fields: list[str]) -> Iterator[list[dict[str, Any]]]:
        rows = self._client.query_iterator(
            self._collection, batch_size=_AT_ONCE, output_fields=fields, consistency_level=_STRONG
        )
        try:
            while batch := rows.next():
                yield [{field: row[field] for field in fields} for row in batch]
        finally:
            rows.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from pymilvus import MilvusException

        try:
            yield
        except MilvusException as error:
            raise OutputError(
                f"Milvus at {self.place} does not do this ({_first_line(error)}): see that it runs, and do it again."
            ) from error


def _connected(place: str) -> tuple[MilvusClient, str]:
    """A client, and the address without the password."""
    try:
        from pymilvus import MilvusClient, MilvusException
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "Milvus needs an optional part: install it with `pip install 'secondlook[milvus]'`."
        ) from error
    named = re.fullmatch(r"(https?://)(?:([^:@/]+):([^@/]*)@)?([^@]+)", place)
    if named is None and not place.endswith(".db"):
        raise GalleryError(
            "Milvus is named as http://HOST:19530, or Milvus Lite as a file whose name ends in .db: give one of these."
        )
    shown = place if named is None else named[1] + named[4]
    more: dict[str, Any] = {} if named is None or named[2] is None else {"user": named[2], "password": named[3]}
    try:
        return MilvusClient(shown, **more), shown
    except (MilvusException, ModuleNotFoundError) as error:
        raise OutputError(f"Milvus at {shown} cannot be reached ({_first_line(error)}): check the address.") from error


def _first_line(error: BaseException) -> str:
    return (str(getattr(error, "message", "") or error).strip() or type(error).__name__).splitlines()[0]
