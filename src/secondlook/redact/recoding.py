"""Sound that a new file cannot hold as it is, coded anew without loss: what recorders write (G.711, G.726, ADPCM, WMA)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

_LOSSLESS = {"matroska": "flac", "mp4": "flac", "mov": "pcm_s16le"}
"""By the muxer's name: FLAC takes half the room, and QuickTime knows none."""


class Recoder:
    """One track on its way. Raises av.FFmpegError, ValueError where it cannot be coded either.

    stream: of the source. zero_s: the source's time that is 0 in the new file, s.
    """

    def __init__(self, stream: AudioStream, into: OutputContainer, zero_s: Fraction) -> None:
        stream.codec_context.open(strict=False)
        if not stream.rate or not stream.layout.nb_channels:
            raise ValueError(f"{stream.codec_context.name} of an unknown rate or number of channels")
        self._source, self._zero_s = stream, zero_s
        self.out = cast("AudioStream", into.add_stream(_LOSSLESS[into.format.name], rate=stream.rate))
        self.out.layout = stream.layout
        self.out.format = "s16"
        self.out.codec_context.time_base = Fraction(1, stream.rate)

    def packets(self, packet: av.Packet[AudioStream]) -> Iterator[av.Packet[AudioStream]]:
        """What this packet of the source comes to. One that is damaged comes to silence."""
        try:
            frames = self._source.codec_context.decode(packet)
        except av.FFmpegError:  # the frames after it have their own times
            return
        for frame in frames:
            if self._shifted(frame):
                yield from self.out.encode(frame)

    def rest(self) -> Iterator[av.Packet[AudioStream]]:
        yield from self.out.encode(None)

    def _shifted(self, frame: AudioFrame) -> bool:
        """Gives the frame its time in the new file; False where it lies before its beginning."""
        if frame.pts is not None and frame.time_base:
            at = frame.pts * frame.time_base - self._zero_s
            frame.time_base = Fraction(1, frame.sample_rate)
            frame.pts = round(at * frame.sample_rate)
            return frame.pts + frame.samples > 0
        return True
