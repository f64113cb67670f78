"""Every command in docs/ runs, in the order of its page, in a folder like the one it speaks of."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from made_up_scores import write_scores
from secondlook.demo_scene import demo_scene
from secondlook.types import Pixels

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    note: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """people/, crowd/, labelled/, clip.mp4, scores.csv and model.onnx, from pixels inside the dependencies."""
    scene = demo_scene()
    for name, (_, pixels) in zip(("ada_lovelace", "grace_hopper"), scene.enrol, strict=True):
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "portrait.png")
    Image.fromarray(scene.enrol[1][1]).save(tmp_path / "people" / "hopper_again.png")
    (tmp_path / "crowd").mkdir()
    (tmp_path / "keys").mkdir()
    garage = scene.crowds[0].pixels[400:1000, 0:800]
    Image.fromarray(garage).save(tmp_path / "crowd" / "garage.png")
    _clip(tmp_path / "clip.mp4", np.ascontiguousarray(garage))
    _recogniser(tmp_path / "model.onnx")
    _labelled(tmp_path, scene.enrol)
    write_scores(tmp_path / "scores.csv")
    return tmp_path


def _labelled(folder: Path, portraits: Sequence[tuple[str, Pixels]]) -> None:
    """Two people with three pictures each, the same two as passers-by, and what they are."""
    for name, (_, pixels) in zip(("ada", "grace"), portraits, strict=True):
        image = Image.fromarray(pixels)
        for place, degrees in (("labelled", 0), ("labelled", 5), ("labelled", -5), ("passers_by", 8)):
            (folder / place / name).mkdir(parents=True, exist_ok=True)
            image.rotate(degrees).save(folder / place / name / f"{degrees}.png")
    (folder / "labelled.csv").write_text("subject,gender\nada,female\ngrace,female\n", encoding="utf-8")


def _clip(path: Path, pixels: np.ndarray) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _recogniser(path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = numpy_helper.from_array(rng.normal(size=(3, 512)).astype(np.float32), "w")
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["m"]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])],
        [weights],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def run(command: str, folder: Path, key: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=_words(folder, key),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def _words(folder: Path, key: str = "") -> dict[str, str]:
    return {**os.environ, "SECONDLOOK_HOME": str(folder / "home"), "PATH": _path(), "KEY": key}


@contextmanager
def served(command: str, folder: Path) -> Iterator[str]:
    """The page's service, as its command starts it; an operator's API key of it."""
    service = subprocess.Popen(
        command.split(), cwd=folder, env=_words(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert service.stdout is not None
        said: list[str] = []
        while not said or "is at" not in said[-1]:
            said.append(service.stdout.readline())
            assert said[-1], f"{command} ended with {service.wait()}"
        yield _operators_key(
            said[-1].split()[-1], next(line for line in said if "token=" in line).partition("token=")[2]
        )
    finally:
        service.terminate()
        service.communicate(timeout=60)


def _operators_key(place: str, token: str) -> str:
    """As the first admin makes it."""
    api, password = f"{place}/api/v1", "correct horse battery staple"
    with httpx2.Client(timeout=60) as client:
        for name, made in (("admin", token.strip()), ("ada", "")):
            if not made:
                made = client.post(f"{api}/accounts", json={"name": name, "role": "operator"}).json()["token"]
            assert client.post(f"{api}/password", json={"token": made, "password": password}).is_success
            signed_in = client.post(f"{api}/session", json={"name": name, "password": password})
            client.headers["x-csrf-token"] = signed_in.json()["csrf"]
        secret: str = client.post(f"{api}/keys", json={"label": "docs"}).json()["secret"]
        return secret


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


PAGES = sorted(p.name for p in (REPOSITORY / "docs").glob("*.md") if any(b.language == "sh" for b in blocks(p)))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_runs(page: str, workplace: Path) -> None:
    if page != "enrol.md":
        done = run("secondlook enrol people/ --gallery staff.gallery --on-suspicion enrol --quiet", workplace)
        assert done.returncode == 0, done.stderr
    with ExitStack() as stack:
        key = ""
        for block in blocks(REPOSITORY / "docs" / page):
            if block.language == "toml":
                (workplace / "model.toml").write_text(block.text, encoding="utf-8")
            if block.language != "sh":
                continue
            for command in block.text.strip().splitlines():
                if "background" in block.note:
                    key = stack.enter_context(served(command, workplace))
                else:
                    _try(command, block, workplace, key)


def _try(command: str, block: Block, workplace: Path, key: str) -> None:
    done = run(command, workplace, key)
    if "network" in block.note and done.returncode == 1:
        # Where there is no network the command still has to say so in one sentence.
        assert done.stderr.strip().splitlines()[-1].startswith("secondlook: "), done.stderr
        return
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_python_of_the_docs_runs(workplace: Path) -> None:
    (code,) = (b.text for b in blocks(REPOSITORY / "docs" / "python.md") if b.language == "python")
    (workplace / "five_lines.py").write_text(code, encoding="utf-8")
    done = run(f"{shutil.which(sys.executable) or sys.executable} five_lines.py", workplace)
    assert done.returncode == 0, done.stderr
    assert "candidate" in done.stdout
