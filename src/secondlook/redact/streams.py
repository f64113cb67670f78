"""Sound and subtitles of a video, carried over packet by packet; only what the new file cannot hold is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from secondlook.redact.recoding import Recoder
from secondlook.report.sound import Sound

Copied = AudioStream | SubtitleStream

_BEFORE_S = 0.5


@dataclass(frozen=True, slots=True)
class Carried:
    """sound: what became of it; of several tracks, of that which fared best. subtitles: how many tracks were copied.
    left_out: tracks that the copy cannot hold."""

    sound: Sound
    subtitles: int
    left_out: int


@dataclass(slots=True)
class _Track:
    """recoder: of sound that cannot be copied as it is."""

    out: Copied
    recoder: Recoder | None = None
    last: int | None = None


class StreamCopy:
    """Copies every track of sound and subtitles into another file, in step with its pictures.

    source: open, for this alone; video: its pictures. Times are counted from the first of both, sound or picture:
    ``video_begins_s`` is how much later than that the first picture is shown. Data, attachments, attached pictures and
    further tracks of pictures are left behind. Sound that the new file cannot hold is coded anew without loss, subtitles
    that it cannot hold are left out, and damage in a track ends it; none of these stops the pictures.
    """

    def __init__(self, source: InputContainer, video: VideoStream, into: OutputContainer) -> None:
        self._into = into
        self._tracks: dict[int, _Track] = {}
        self._left_out = 0
        self._had_sound = bool(source.streams.audio)
        starts = (_start(video), *(_start(stream) for stream in source.streams.audio))
        begins = [start for start in starts if start is not None]
        self._zero_s = min(begins, default=Fraction(0))
        self.video_begins_s = (_start(video) or self._zero_s) - self._zero_s
        wanted: list[Copied] = [*source.streams.audio, *source.streams.subtitles]
        for stream in wanted:
            self._add(stream)
        chosen = [stream for stream in wanted if stream.index in self._tracks]
        self._packets = cast("Iterator[av.Packet[Copied]]", source.demux(chosen)) if chosen else iter(())
        self._next = self._read()

    @property
    def carried(self) -> Carried:
        sounds = [track for track in self._tracks.values() if isinstance(track.out, AudioStream)]
        sound = Sound.LEFT_OUT if self._had_sound else Sound.NONE
        if sounds:
            sound = Sound.COPIED if any(track.recoder is None for track in sounds) else Sound.RECODED
        return Carried(sound, len(self._tracks) - len(sounds), self._left_out)

    def until(self, time_s: float) -> None:
        """Writes what belongs before this time, counted as said above."""
        while self._next is not None:
            packet = self._next
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None and packet.time_base is not None:
                if stamp * packet.time_base - self._zero_s > time_s:
                    return
                self._write(packet, stamp)
            self._next = self._read()

    def close(self) -> None:
        """Writes what coders of sound still hold back."""
        for number, track in list(self._tracks.items()):
            if track.recoder is not None:
                self._recoded(number, track.recoder.rest())

    def _add(self, stream: Copied) -> None:
        recoder = None
        added: Copied
        try:
            added = self._into.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError, TypeError):
            recoder = self._recoder(stream)
            if recoder is None:  # told in ``carried``
                self._left_out += 1
                return
            added = recoder.out
        language = stream.metadata.get("language")
        added.metadata.clear()
        if language is not None:
            added.metadata["language"] = language
        self._tracks[stream.index] = _Track(added, recoder)

    def _recoder(self, stream: Copied) -> Recoder | None:
        if not isinstance(stream, AudioStream):
            return None
        try:
            return Recoder(stream, self._into, self._zero_s)
        except (av.FFmpegError, ValueError, TypeError):
            return None

    def _recoded(self, number: int, packets: Iterator[av.Packet[AudioStream]]) -> None:
        try:
            for packet in packets:
                self._into.mux_one(packet)
        except (av.FFmpegError, ValueError) as error:
            self._give_up(number, error)

    def _write(self, packet: av.Packet[Copied], stamp: int) -> None:
        track = self._tracks.get(packet.stream.index)
        if track is None or packet.time_base is None or packet.size == 0:
            return
        if track.recoder is not None:
            self._recoded(packet.stream.index, track.recoder.packets(cast("av.Packet[AudioStream]", packet)))
            return
        shift = round(self._zero_s / packet.time_base)
        at = stamp - shift
        # what a coder of sound needs to get going lies a little before the beginning
        if at * packet.time_base < -_BEFORE_S or (track.last is not None and at <= track.last):
            return  # from long before, or a step back: containers refuse both
        track.last = at
        packet.pts = at if packet.pts is None else max(at, packet.pts - shift)
        packet.dts = at
        number = packet.stream.index
        packet.stream = track.out
        try:
            self._into.mux_one(packet)
        except av.FFmpegError as error:
            self._give_up(number, error)

    def _give_up(self, number: int, error: Exception) -> None:
        if isinstance(error, OSError):  # the disk's trouble and no trouble with this track
            raise error
        del self._tracks[number]
        self._left_out += 1

    def _read(self) -> av.Packet[Copied] | None:
        try:
            return next(self._packets, None)
        except av.FFmpegError:  # what is left of a damaged file cannot be carried over
            return None


def _start(stream: VideoStream | AudioStream) -> Fraction | None:
    if stream.start_time is None or stream.time_base is None:
        return None
    return stream.start_time * stream.time_base
