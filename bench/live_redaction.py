"""Covering a camera's picture as it comes: frames a second, what was dropped, and whether a face was missed.

    python -m bench.live_redaction --seconds 60

The clip of ``bench.redaction`` is played as a camera of 30 frames a second, as it is (1280 x 720) and at half its size,
through everything ``secondlook redact`` does with a camera but writing to the disk. A face of at least 20 px counts as
covered in a frame that was let go as in ``bench.redaction``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np

from bench.crowd_video import SeenFace, VideoFrame
from bench.redaction import RATE, SHARES, SMALLEST, VISIBLE, film
from secondlook.assemble import Settings
from secondlook.redact.ahead import ahead
from secondlook.redact.coding import TICK, Coder, even
from secondlook.redact.cover import Covering, cover, covered_mask
from secondlook.runs.redact_kit import Ask, kit
from secondlook.runs.redact_live_plan import planned
from secondlook.sources import CameraAddress, CameraFrames, VideoFrames, camera_address
from secondlook.sources.camera_opening import Arrived, arriving
from secondlook.sources.camera_state import Ending


class Noted:
    """The way of a camera, with the film's own number of each frame written down."""

    def __init__(self) -> None:
        self.numbers = list[int]()

    def __call__(self, address: CameraAddress, limit: int, ending: Ending) -> Generator[Arrived, None, None]:
        for arrived in arriving(address, limit, ending):
            picture = arrived.picture
            self.numbers.append(round(float((picture.pts or 0) * picture.time_base) * RATE))
            yield arrived


def halved(clip: Path, truth: Sequence[VideoFrame], path: Path) -> tuple[Path, tuple[VideoFrame, ...]]:
    frames = VideoFrames(clip, max_side=640)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
            picture.pts = frame.index
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))

    def half(face: SeenFace) -> SeenFace:
        x0, y0, x1, y1 = (v / 2 for v in face.box)
        return replace(face, box=(x0, y0, x1, y1))

    return path, tuple(replace(frame, faces=tuple(map(half, frame.faces))) for frame in truth)


def measured(clip: Path, truth: Sequence[VideoFrame], seconds: float, delay_s: float) -> dict[str, float | int]:
    parts, noted, stop, covering = kit(Ask(), Settings()), Noted(), threading.Event(), Covering()
    shares, behind = list[float](), list[float]()
    frames, coder = 0, None
    threading.Timer(seconds, stop.set).start()
    begun, cpu = time.perf_counter(), os.times()
    with CameraFrames(camera_address(f"loop:{clip}"), stop=stop, opening=noted) as camera:
        with ahead(planned(camera, parts, delay_s, print)) as ready:
            for one in ready:
                areas = [area.area for area in one.areas or ()]
                coder = coder or Coder(even(*one.frame.pixels.shape[:2]))
                coder.code(cover(one.frame.pixels, areas, covering), round((one.frame.time_s or 0) / TICK))
                frames += 1
                if not stop.is_set():
                    behind.append(time.monotonic() - camera.received(one.frame).monotonic_s)
                mask = covered_mask(areas, covering, *one.frame.pixels.shape[:2])
                shares += [
                    float(mask[max(0, round(y0)) : round(y1), max(0, round(x0)) : round(x1)].mean())
                    for face in truth[noted.numbers[one.frame.index]].faces
                    for x0, y0, x1, y1 in (face.box,)
                    if face.visible >= VISIBLE and x1 - x0 >= SMALLEST - 1
                ]
        state = camera.state
    wall, used = time.perf_counter() - begun, os.times()
    told: dict[str, float | int] = {
        "received": state.received,
        "covered": frames,
        "dropped": state.dropped,
        "frames_per_second": round(frames / wall, 2),
        "cores_got": round((used.user + used.system - cpu.user - cpu.system) / wall, 2),
        "behind_s_median": round(float(np.median(behind)), 2),
        "behind_s_most": round(max(behind), 2),
        "faces_in_frames": len(shares),
    }
    return told | {f"not_covered_{100 * least:.0f}": sum(share < least for share in shares) for least in SHARES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of the camera, for each size")
    parser.add_argument("--delay", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = film(folder, 7, asked.seed)
        half = halved(*whole, folder / "half.mp4")
        results = {
            size: measured(*clip, asked.seconds, asked.delay) for size, clip in (("640x360", half), ("1280x720", whole))
        }
    print(
        json.dumps(
            {"at": datetime.now(UTC).isoformat(timespec="seconds"), "load": os.getloadavg(), **results}, indent=2
        )
    )


if __name__ == "__main__":
    main()
