"""CSV and Parquet by pyarrow (extra ``audit``), a block at a time: ten million rows in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, overload

import numpy as np

from secondlook.audit.raw import MISSING, Chosen, Columns, Labels
from secondlook.audit.results import Doubles
from secondlook.errors import ExtraMissing, SourceError

BLOCK_BYTES = 1 << 24
MOST_TEXTS = 200_000
"""More names than this are not made texts of Python until somebody asks for them."""


def is_installed() -> bool:
    return find_spec("pyarrow") is not None


def read_csv(path: Path, delimiter: str, chosen: Chosen) -> Columns | None:
    """None where a line is not as it should be: the plain reader then says which."""
    pa, csv = import_module("pyarrow"), import_module("pyarrow.csv")
    text = pa.dictionary(pa.int32(), pa.string())
    types = {str(place): text for place in chosen.labels} | {str(place): pa.float64() for place in chosen.numbers}
    try:
        reader = csv.open_csv(
            path,
            read_options=csv.ReadOptions(
                block_size=BLOCK_BYTES, skip_rows=1, column_names=[str(place) for place in range(chosen.width)]
            ),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=list(MISSING), strings_can_be_null=False
            ),
        )
        return _gathered(reader, chosen, pa)
    except pa.ArrowInvalid:
        return None


def parquet_header(path: Path) -> tuple[str, ...]:
    pa, parquet = _parquet(path)
    try:
        return tuple(parquet.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{path} is no Parquet file that can be read: write it again, or as CSV.") from error


def read_parquet(path: Path, chosen: Chosen) -> Columns:
    """Raises SourceError where a column cannot be read as what it has to be."""
    pa, parquet = _parquet(path)
    names = parquet.read_schema(path).names
    wanted = (*chosen.labels, *chosen.numbers)
    try:
        file = parquet.ParquetFile(path)
        batches = (
            batch.rename_columns([str(place) for place in wanted])
            for batch in (b.select([names[place] for place in wanted]) for b in file.iter_batches())
        )
        return _gathered(batches, chosen, pa)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{path} has a column that cannot be read ({reason}): write numbers as numbers.") from error


def _gathered(batches: Iterator[Any], chosen: Chosen, pa: Any) -> Columns:
    rows = 0
    labels: dict[int, list[Any]] = {place: [] for place in chosen.labels}
    numbers: dict[int, list[Doubles]] = {place: [np.zeros(0)] for place in chosen.numbers}
    for batch in batches:
        rows += batch.num_rows
        for place in chosen.labels:
            labels[place].append(_as_text(batch.column(str(place)), pa))
        for place in chosen.numbers:
            column = batch.column(str(place)).cast(pa.float64())
            numbers[place].append(column.to_numpy(zero_copy_only=False))
    return Columns(
        rows,
        {place: _unified(labels[place], pa) for place in chosen.labels},
        {place: np.concatenate(numbers[place]) for place in chosen.numbers},
    )


def _as_text(column: Any, pa: Any) -> Any:
    """The column as numbers into its own texts."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.dictionary(pa.int32(), pa.string()))
    else:
        column = column.cast(pa.string()).dictionary_encode()
    return column


def _unified(chunks: list[Any], pa: Any) -> Labels:
    """One list of names for all blocks. An empty cell, and a missing one, is -1."""
    whole = pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    if not whole.num_chunks:
        return Labels(np.zeros(0, np.int32), ())
    names = whole.chunk(0).dictionary
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in whole.chunks]
    joined = np.concatenate(codes).astype(np.int32, copy=False)
    empty = import_module("pyarrow.compute").index(names, "").as_py()
    if empty >= 0:
        joined = np.where(joined == empty, -1, joined - (joined > empty)).astype(np.int32)
        names = pa.concat_arrays([names.slice(0, empty), names.slice(empty + 1)])
    return Labels(joined, _ArrowNames(names) if len(names) > MOST_TEXTS else tuple(names.to_pylist()))


class _ArrowNames(Sequence[str]):
    """Names that stay in Arrow's memory: ten million of them are a gigabyte as texts of Python."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return tuple(self._array[place].to_pylist())
        return str(self._array[int(place)].as_py())

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), MOST_TEXTS):
            yield from self._array.slice(start, MOST_TEXTS).to_pylist()


def _parquet(path: Path) -> tuple[Any, Any]:
    if not is_installed():
        raise ExtraMissing(f"Reading {path} needs pyarrow: install secondlook[audit], or save the table as CSV.")
    return import_module("pyarrow"), import_module("pyarrow.parquet")
