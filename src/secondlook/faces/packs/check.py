"""What can be said of a pack without running it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from secondlook.errors import PackError
from secondlook.faces.packs.card_file import read_card
from secondlook.faces.packs.disk import sha256_of
from secondlook.faces.packs.graph import check_model
from secondlook.faces.packs.installed import CARD_FILE, Origin, Pack


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: what was looked at, in a word. sentence: what was found."""

    subject: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """pack: the pack's id."""

    pack: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        failed = any(finding.verdict is Verdict.FAILED for finding in self.findings)
        return Verdict.FAILED if failed else Verdict.PASSED


def check_pack(pack: Pack) -> CheckReport:
    """File, checksum, card and graph; the model is not run. Never raises for what is wrong with the pack."""
    return CheckReport(pack.id, (_file(pack), _card(pack), _graph(pack)))


def _file(pack: Pack) -> Finding:
    try:
        found = sha256_of(pack.model_path)
    except OSError as error:
        return Finding("file", Verdict.FAILED, f"{pack.model_path} cannot be read ({error.strerror}).")
    if found != pack.sha256:
        sentence = f"{pack.model_path} has SHA-256 {found}, but {pack.sha256} was installed."
        return Finding("file", Verdict.FAILED, sentence)
    return Finding("file", Verdict.PASSED, f"{pack.model_path} has SHA-256 {found}, as its card says.")


def _card(pack: Pack) -> Finding:
    if pack.origin is Origin.BUILT_IN:
        return Finding("card", Verdict.PASSED, "the card comes with Second Look.")
    path = pack.model_path.with_name(CARD_FILE)
    try:
        same = read_card(path) == pack.card
    except PackError as error:
        return Finding("card", Verdict.FAILED, str(error))
    if not same:
        return Finding("card", Verdict.FAILED, f"{path} was changed since the pack was loaded.")
    return Finding("card", Verdict.PASSED, f"{path} is sound.")


def _graph(pack: Pack) -> Finding:
    if pack.model_path.suffix == ".dat":
        return Finding("graph", Verdict.PASSED, "dlib's own format: rebuilt as ONNX where it is opened.")
    try:
        check_model(pack.card, pack.model_path, str(pack.model_path))
    except PackError as error:
        return Finding("graph", Verdict.FAILED, str(error))
    return Finding("graph", Verdict.PASSED, "the graph is valid ONNX and fits the card.")
