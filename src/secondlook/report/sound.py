"""The sound of a video, carried over packet by packet without being decoded."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream


class Sound(StrEnum):
    """What became of the sound. RECODED: coded anew without loss, for the new file cannot hold it as it was. LEFT_OUT: the
    new file cannot hold it, or some of it is damaged."""

    COPIED = "copied"
    RECODED = "recoded"
    LEFT_OUT = "left out"
    NONE = "none"


class SoundCopy:
    """Copies the main sound track of a video into another file, in step with its pictures.

    source: open, for this alone; video: its pictures, from whose start times are counted. Trouble with the sound never
    stops the pictures: it is left out from there on, and ``sound`` says so.
    """

    def __init__(self, source: InputContainer, video: VideoStream, into: OutputContainer) -> None:
        self.sound = Sound.NONE
        self._into = into
        self._out: AudioStream | None = None
        self._packets: Iterator[av.Packet[AudioStream]] = iter(())
        self._next: av.Packet[AudioStream] | None = None
        self._zero_s = Fraction(0)
        self._last: int | None = None
        if video.start_time is not None and video.time_base is not None:
            self._zero_s = video.start_time * video.time_base
        if source.streams.audio:
            self._begin(source, source.streams.audio[0])

    def until(self, time_s: float) -> None:
        """Writes the sound that belongs before this time."""
        while self._next is not None:
            packet = self._next
            if packet.dts is not None and packet.time_base is not None:
                if packet.dts * packet.time_base - self._zero_s > time_s:
                    return
                self._write(packet, packet.dts - round(self._zero_s / packet.time_base))
            self._advance()

    def _begin(self, source: InputContainer, stream: AudioStream) -> None:
        try:
            self._out = self._into.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError):  # told in ``sound``
            self._give_up()
            return
        self.sound = Sound.COPIED
        self._packets = source.demux(stream)
        self._advance()

    def _write(self, packet: av.Packet[AudioStream], at: int) -> None:
        if self._out is None or at < 0 or (self._last is not None and at <= self._last):
            return  # from before the first picture, or a step back: containers refuse both
        self._last = packet.pts = packet.dts = at
        packet.stream = self._out
        try:
            self._into.mux_one(packet)
        except av.FFmpegError as error:
            if isinstance(error, OSError):  # the disk's trouble and no trouble with the sound
                raise
            self._give_up()

    def _advance(self) -> None:
        try:
            self._next = next(self._packets, None)
        except av.FFmpegError:  # told in ``sound``
            self._give_up()

    def _give_up(self) -> None:
        self.sound, self._next, self._packets = Sound.LEFT_OUT, None, iter(())
