"""A film with everything that a real file has: sound, frame times that vary, places and names in it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from secondlook.fakes import GREEN, RED, Square, painted

TIMES = tuple(Fraction(i * i + 25 * i, 600) for i in range(30))  # ever slower, as a variable frame rate is
RATE = 44_100


def film(path: Path, form: str = "mp4", sound: str = "aac", rotation: float | None = None) -> Path:
    """A painted face that moves, with the times above, a tone, and all that identifies."""
    with av.open(
        str(path), "w", format=form, options={"movflags": "use_metadata_tags"} if form != "matroska" else {}
    ) as f:
        f.metadata.update({"title": "Jane Doe", "location": "+51.5074-000.1278/", "make": "PhoneMaker"})
        f.metadata["creation_time"] = "2025-03-04T05:06:07.000000Z"
        video = f.add_stream("libx264", rate=24, options={"preset": "ultrafast", "crf": "12"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.codec_context.time_base = Fraction(1, 600)
        if rotation is not None:
            video.set_display_rotation(rotation)
        tone = f.add_stream(sound, rate=RATE)
        assert isinstance(tone, av.AudioStream)
        tone.layout = "mono"
        for i, at in enumerate(TIMES):
            pixels = painted(96, 160, (Square(10 + 3 * i, 30, 24, RED), Square(120, 60, 24, GREEN)))
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = round(at * 600), Fraction(1, 600)
            f.mux(video.encode(picture))
        f.mux(video.encode(None))
        for start in range(0, int(TIMES[-1] * RATE), 1024):
            wave = np.sin(np.arange(start, start + 1024) * 440 * 2 * np.pi / RATE)[None].astype(np.float32)
            if tone.format.name.startswith("s16"):
                wave = (wave * 30_000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave, format=tone.format.name, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            f.mux(tone.encode(frame))
        f.mux(tone.encode(None))
    return path
