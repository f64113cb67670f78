"""Whether a search needs a purpose or a case number: ``custody.json`` in a gallery's folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.errors import CustodyError, OutputError, ReasonMissing
from secondlook.gallery.files import beside

FILE_NAME = "custody.json"
SCHEMA = "secondlook.custody/1"


class Demand(StrEnum):
    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Policy:
    """What whoever searches has to state."""

    purpose: Demand = Demand.OPTIONAL
    case: Demand = Demand.OPTIONAL

    def check(self, purpose: str, case: str, place: str) -> None:
        """Raises ReasonMissing."""
        wanted = [
            words
            for demand, stated, words in (
                (self.purpose, purpose, "a purpose (--purpose)"),
                (self.case, case, "a case number (--case)"),
            )
            if demand is Demand.REQUIRED and not stated.strip()
        ]
        if wanted:
            raise ReasonMissing(f"A search in {place} needs {' and '.join(wanted)}: state why you search.")


def read_policy(folder: Path) -> Policy:
    """Of a gallery's folder; nothing is asked for where none was set. Raises CustodyError where it cannot be read."""
    file = folder / FILE_NAME
    try:
        fields = json.loads(file.read_bytes())
        if fields["schema"] == SCHEMA:
            return Policy(Demand(fields["purpose"]), Demand(fields["case"]))
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise CustodyError(f"{file} cannot be read as a policy: set it anew with `secondlook log require`.")


def write_policy(folder: Path, policy: Policy) -> None:
    """Replaces what was set. Whoever calls this records it. Raises OutputError."""
    file = folder / FILE_NAME
    part = beside(file)
    text = json.dumps({"schema": SCHEMA, "purpose": policy.purpose.value, "case": policy.case.value}) + "\n"
    try:
        with part.open("w", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        part.replace(file)
    except OSError as error:
        raise OutputError(f"{file} cannot be written ({error.strerror}): free space or allow writing.") from error
    finally:
        part.unlink(missing_ok=True)
