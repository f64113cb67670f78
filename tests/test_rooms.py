"""The rules of the house, read from the imports: which room may know which, and what may be used where."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "secondlook"
CONTRACT = frozenset({"types", "errors", "ports"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    "types": frozenset(),
    "errors": frozenset(),
    "ports": frozenset({"types"}),
    "fakes": CONTRACT,
    # know nothing of the house
    "together": frozenset(),
    "cores": frozenset(),
    # the way through the house: each room knows those to its left
    "sources": CONTRACT,
    "faces": CONTRACT | {"cores", "sources"},
    "track": CONTRACT | {"sources", "faces"},
    "gallery": CONTRACT | {"cores", "sources", "faces", "track"},
    "decide": CONTRACT | {"sources", "faces", "track", "gallery"},
    "identify": CONTRACT | {"sources", "faces", "track", "gallery", "decide"},
    "enrolling": CONTRACT | {"sources", "faces", "track", "gallery", "decide", "identify"},
    "assemble": CONTRACT | {"cores", "sources", "faces", "track", "gallery", "decide", "identify", "enrolling"},
    # rooms off the way
    "report": CONTRACT | {"decide", "sources"},
    "audit": CONTRACT
    | {"sources", "faces", "track", "gallery", "decide", "identify", "enrolling", "assemble", "report"},
    "runs": CONTRACT
    | {"version", "sources", "faces", "gallery", "decide", "identify", "enrolling", "assemble", "report", "audit"}
    | {"calibrate", "redact", "exposure", "custody"},
    "scale": CONTRACT | {"version", "sources", "faces", "track", "decide", "identify", "assemble", "report", "runs"},
    "calibrate": CONTRACT | {"sources", "faces", "gallery", "decide"},
    "redact": CONTRACT | {"version", "sources", "faces", "track", "gallery", "decide", "identify", "report", "audit"},
    "exposure": CONTRACT | {"sources", "faces", "track", "gallery", "decide", "identify", "report"},
    "review": CONTRACT | {"sources", "faces", "gallery", "decide", "calibrate", "report", "audit"},
    "custody": CONTRACT | {"version", "gallery", "together"},
    "plan": CONTRACT | {"decide", "report"},
    "server": CONTRACT
    | {"version", "sources", "faces", "track", "gallery", "decide", "identify", "enrolling", "assemble", "report", "audit"}
    | {"runs", "calibrate", "redact", "exposure", "custody", "review", "scale", "together"},
    # speaks to a server from anywhere
    "client": frozenset({"errors"}),
    "api": CONTRACT | {"sources", "gallery", "enrolling", "assemble"},
    "compose": CONTRACT,
    "demo_scene": CONTRACT | {"compose"},
    "__main__": frozenset({"cli"}),
    "cli": CONTRACT
    | {"version", "sources", "faces", "gallery", "decide", "enrolling", "assemble", "report", "audit", "runs"}
    | {"calibrate", "redact", "exposure", "custody", "review", "server", "compose", "demo_scene", "plan", "scale", "cores"},
}
"""A new room is written down here first. ``version`` stands for the package itself, which has its version."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    # the one file which keeps them from reporting to their makers
    "onnxruntime": ("faces/packs/runtime.py",),
    "openvino": ("faces/packs/runtime.py",),
    "onnx": ("faces/packs/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "fastapi": ("server/",),
    "nicegui": ("server/",),
    "uvicorn": ("server/",),
    "alembic": ("server/", "gallery/"),
    "argon2": ("server/",),
    "paho": ("server/",),
    "prometheus_client": ("server/",),
    "httpx2": ("client/", "server/alerts/"),
    "faiss": ("gallery/",),
    "pymilvus": ("gallery/milvus.py",),
    # SQLAlchemy finds it where an address names PostgreSQL
    "psycopg": (),
    "sqlalchemy": ("gallery/", "server/"),
    # the one file which keeps it from reporting to its makers opens the door to the other
    "ray": ("scale/cluster.py",),
    "trackers": ("track/",),
    "supervision": ("track/",),
    "av": ("sources/", "report/", "redact/"),
}
"""Where the one door to a library is."""


@dataclass(frozen=True, slots=True)
class Import:
    """file: relative to the package. module: in full."""

    file: str
    line: int
    module: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def all_imports() -> Iterator[Import]:
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        yield from imports_in(path.read_text(encoding="utf-8"), file)


def imports_in(code: str, file: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are written in full"
            # `from secondlook import identify` names a module, `from secondlook.types import Face` does not
            whole = node.module == "secondlook"
            names = [f"secondlook.{alias.name}" for alias in node.names] if whole else [node.module or ""]
            yield from (Import(file, node.lineno, name) for name in names)


def room_of_file(file: str) -> str:
    return file.split("/")[0].removesuffix(".py")


def room_imported(module: str) -> str | None:
    """None: not ours."""
    top, _, rest = module.partition(".")
    if top != "secondlook":
        return None
    return "version" if rest in ("", "__version__") else rest.split(".")[0]


def broken_rules(found: Iterator[Import]) -> list[str]:
    wrong = []
    for one in found:
        here, there = room_of_file(one.file), room_imported(one.module)
        if here == "__init__" or there in (None, here):
            continue
        if there not in MAY_IMPORT.get(here, frozenset()):
            wrong.append(one.place)
    return wrong


def test_a_room_imports_only_rooms_to_its_left() -> None:
    found = list(all_imports())
    assert len(found) > 300, "the walk over the package found next to nothing"
    assert broken_rules(iter(found)) == []


def test_every_room_is_written_down() -> None:
    rooms = {room_of_file(path.relative_to(PACKAGE).as_posix()) for path in PACKAGE.rglob("*.py")}
    assert rooms - {"__init__"} == set(MAY_IMPORT), "write a new room, and what it may import, into MAY_IMPORT"


def test_no_two_rooms_know_each_other() -> None:
    for room, others in MAY_IMPORT.items():
        for other in others - {"version"}:
            assert room not in MAY_IMPORT[other], f"{room} and {other} may import each other"


def test_a_library_has_one_door() -> None:
    wrong = [
        one.place
        for one in all_imports()
        for library, doors in ONLY_IN.items()
        if one.module.split(".")[0] == library and not one.file.startswith(doors)
    ]
    assert wrong == []


def test_neither_tests_nor_benches_open_that_door() -> None:
    """A test that imports a runtime by itself tells its maker about every run."""
    for folder in ("tests", "bench"):
        for path in sorted((PACKAGE.parent.parent / folder).rglob("*.py")):
            for one in imports_in(path.read_text(encoding="utf-8"), path.name):
                assert one.module.split(".")[0] not in ("onnxruntime", "openvino", "openvino_telemetry"), one.place


def test_identify_knows_no_model_and_no_database() -> None:
    for one in all_imports():
        if one.file == "identify.py":
            assert not one.module.startswith(("secondlook.faces.packs", "secondlook.gallery")), one.place


def test_only_the_doors_use_the_doors() -> None:
    """``cli`` and ``api`` are imported by nobody but themselves."""
    for one in all_imports():
        if room_imported(one.module) in ("cli", "api"):
            assert room_of_file(one.file) in (room_imported(one.module), "__init__", "__main__"), one.place


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("faces/align.py", "from secondlook.gallery import Gallery"),
        ("sources/photos.py", "def late():\n    import secondlook.faces.crop"),
        ("identify.py", "from secondlook import assemble"),
        ("report/page.py", "from secondlook.runs.find import find_into"),
        ("runs/find.py", "from secondlook import cli"),
    ],
)
def test_the_rules_catch_what_breaks_them(file: str, code: str) -> None:
    assert broken_rules(imports_in(code, file)) != []


WATCHED = """
import json, os, sys, typing, __future__
seen, before, environment = [], set(sys.modules), dict(os.environ)
MUTE = ("open", "socket.", "subprocess.Popen", "os.putenv", "os.mkdir", "os.rename", "os.remove", "urllib.")
def hook(event, values):
    if event.startswith(MUTE):
        seen.append([event, str(values[0]), str(values[1]) if len(values) > 1 else ""])
sys.addaudithook(hook)
{code}
watched = list(seen)
print(json.dumps([watched, sorted(set(sys.modules) - before), environment == dict(os.environ)]))
"""


TO_OTHERS = ("socket.connect", "socket.getaddrinfo", "socket.send", "urllib.", "subprocess.Popen")


@dataclass(frozen=True, slots=True)
class Watched:
    """What importing did. opened: files, without modules read to be run. written: files opened for writing."""

    opened: list[str]
    written: list[str]
    other: list[str]
    modules: list[str]
    same_environment: bool


def watch(code: str, folder: Path) -> Watched:
    # nothing else: under CI, say, libraries are on their best behaviour
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    program = [sys.executable, "-c", WATCHED.format(code=code)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    events, modules, same = json.loads(done.stdout.splitlines()[-1])
    opened = [name for event, name, _ in events if event == "open" and not name.endswith((".py", ".pyc"))]
    written = [name for event, name, mode in events if event == "open" and set(mode) & set("wax+")]
    other = [f"{event} {name}" for event, name, _ in events if event != "open"]
    return Watched(opened, written, other, modules, same)


def test_importing_opens_nothing_and_loads_nothing(tmp_path: Path) -> None:
    watched = watch("import secondlook", tmp_path)
    assert watched.opened == watched.written == watched.other == []
    assert watched.modules == ["secondlook"] and watched.same_environment
    assert list(tmp_path.iterdir()) == []


def test_the_python_door_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    """Libraries may look at the machine as they load (one asks whether it has IPv6); they tell nobody.

    ONNX Runtime does unless it is told not to: its trace is a folder of its maker's name under ``.cache``.
    """
    watched = watch("from secondlook import Gallery, enrol, find", tmp_path)
    assert watched.written == []
    assert [other for other in watched.other if other.startswith(TO_OTHERS)] == []
    assert list(tmp_path.iterdir()) == []
    assert "onnxruntime" in watched.modules, "nothing was loaded, so nothing was tested"
    assert not {"typer", "rich", "matplotlib", "skimage"} & set(watched.modules)


def test_opening_a_model_calls_nobody(tmp_path: Path) -> None:
    """OpenVINO tells Google Analytics about each import unless it is kept from it."""
    if find_spec("openvino") is None:
        pytest.skip("needs openvino")
    code = (
        "import os, time; from secondlook.faces.packs.opening import detector; "
        "from secondlook.faces.packs.runtime import Provider, RunOptions; "
        "detector('centerface', RunOptions(Provider.OPENVINO, 1)); time.sleep(0.2)"
    )
    watched = watch(code, tmp_path)
    assert [other for other in watched.other if other.startswith(TO_OTHERS)] == []
    assert list(tmp_path.iterdir()) == []
    assert "openvino" in watched.modules and "openvino_telemetry" not in watched.modules


def test_what_is_public_is_there() -> None:
    import secondlook

    assert all(getattr(secondlook, name) is not None for name in secondlook.__all__)
    assert dir(secondlook) == sorted(secondlook.__all__)
    with pytest.raises(AttributeError, match="nobody"):
        _ = secondlook.nobody
