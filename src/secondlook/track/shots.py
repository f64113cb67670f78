"""What is remembered of one person while they are followed: few shots, the best, spread over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np

from secondlook.faces.fuse import fuse
from secondlook.types import Face, Floats, Pixels, Track

MORE: Final = 1.1
"""How much better the kept shots of somebody must be, taken together, for another look at them before the end."""


@dataclass(frozen=True, slots=True)
class Keep:
    """shots: how many are kept a track. apart_s: least time between two of them (neighbouring frames say the same
    thing twice)."""

    shots: int = 6
    apart_s: float = 0.4


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """One kept observation. chip: aligned for the recogniser. crop: the face with a margin, for people.

    template: (D,) float32 of unit length once it was made, so that nothing is embedded twice; None before.
    """

    face: Face
    chip: Pixels
    crop: Pixels
    template: Floats | None = None


@dataclass(slots=True)
class OpenTrack:
    """A person being followed. path: (frame, x0, y0, x1, y1) of every frame they were seen in.

    piece: from 1; somebody who stays for long is followed in pieces (``InView``).
    """

    id: int
    first_frame: int
    first_s: float | None
    last_frame: int = 0
    last_s: float | None = None
    best_score: float = 0.0
    path: list[tuple[int, float, float, float, float]] = field(default_factory=list)
    times: list[float | None] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    piece: int = 1
    _asked: float = 0.0
    _asked_s: float | None = None

    def see(self, frame: int, time_s: float | None, box: Floats, score: float) -> None:
        x0, y0, x1, y1 = (float(v) for v in box)
        self.path.append((frame, x0, y0, x1, y1))
        self.times.append(time_s)
        self.last_frame, self.last_s = frame, time_s
        self.best_score = max(self.best_score, score)

    def place(self, quality: float, time_s: float | None, keep: Keep) -> int | None:
        """Where a shot of this quality belongs among the kept ones (one past the end: added); None: it is not wanted."""
        near = [i for i, shot in enumerate(self.shots) if _apart(shot.face.time_s, time_s) < keep.apart_s]
        if not near and len(self.shots) < keep.shots:
            return len(self.shots)
        weakest = min(near or range(len(self.shots)), key=lambda i: self.shots[i].face.quality.score)
        return weakest if quality > self.shots[weakest].face.quality.score else None

    def keep(self, place: int, shot: Shot) -> None:
        self.shots[place : place + 1] = [shot]

    def due(self, now_s: float | None, again_s: float) -> bool:
        """Whether more is to be seen on the kept shots than when this was last true, which is ``again_s`` ago or more.

        More: their quality, taken together, has grown by a tenth. So a track is due a bounded number of times.
        """
        quality = sum(shot.face.quality.score for shot in self.shots)
        soon = self._asked_s is not None and _apart(self._asked_s, now_s) < again_s
        if soon or not self.shots or (self._asked_s is not None and quality < MORE * self._asked):
            return False
        self._asked, self._asked_s = quality, now_s
        return True

    def in_time(self) -> OpenTrack:
        """The same with its shots in the order of time; this one stays as it is, to be followed further."""
        return replace(self, shots=sorted(self.shots, key=lambda shot: shot.face.frame))


def _apart(a: float | None, b: float | None) -> float:
    return 0.0 if a is None or b is None else abs(a - b)


def break_point(templates: Floats, weights: Floats, unlike: float, least_weight: float = 0.15) -> int | None:
    """Where a track stopped being one person: the place before which no good shot is like any good one after it.

    templates: (n, D) in time order, unit length. weights: (n,) quality scores; weaker shots than ``least_weight`` say
    nothing. unlike: cosine below which two good shots hardly ever show one person. None: nothing speaks for two people.
    """
    good = np.nonzero(weights >= least_weight)[0]
    best: tuple[float, int] | None = None
    for k in range(1, len(good)):
        nearest = float((templates[good[:k]] @ templates[good[k:]].T).max())
        if nearest < unlike and (best is None or nearest < best[0]):
            best = (nearest, int(good[k]))
    return None if best is None else best[1]


AT_ONCE = 32
"""Faces embedded at once; meanwhile the next are cut out."""


def with_templates(bare: Iterator[Shot], embed: Callable[[Pixels], Floats]) -> Iterator[Shot]:
    """Shots, as they are made, with their templates. embed: (n, size, size, 3) -> (n, D); not called where n is 0."""
    part, rest = list(islice(bare, AT_ONCE)), list(islice(bare, AT_ONCE))
    if not rest:
        yield from _given(part, embed(_chips(part)) if part else ())
        return
    with ThreadPoolExecutor(1, "embedding") as pool:
        waiting = pool.submit(embed, _chips(part))
        while rest:
            after, following = pool.submit(embed, _chips(rest)), list(islice(bare, AT_ONCE))
            yield from _given(part, waiting.result())
            part, waiting, rest = rest, after, following
        yield from _given(part, waiting.result())


def _chips(shots: list[Shot]) -> Pixels:
    return np.stack([shot.chip for shot in shots])


def _given(shots: list[Shot], templates: Iterable[Floats]) -> Iterator[Shot]:
    return (replace(shot, template=template) for shot, template in zip(shots, templates, strict=True))


def embedded(tracks: Sequence[OpenTrack], embed: Callable[[Pixels], Floats]) -> None:
    """Makes the templates that the tracks' shots do not have yet, all at once. embed: (n, size, size, 3) -> (n, D)."""
    bare = [(track, row) for track in tracks for row, shot in enumerate(track.shots) if shot.template is None]
    if not bare:
        return
    templates = embed(np.stack([track.shots[row].chip for track, row in bare]))
    for (track, row), template in zip(bare, templates, strict=True):
        track.shots[row] = replace(track.shots[row], template=template)


def divide(track: OpenTrack, unlike: float, number: Callable[[], int]) -> list[OpenTrack]:
    """The track, or two where it went over from one person to another, shots in the order of time; it stays unchanged.

    Every shot has its template. number: gives the second one's.
    """
    track = track.in_time()
    weights = np.array([shot.face.quality.score for shot in track.shots], np.float32)
    at = break_point(_templates(track), weights, unlike) if track.shots else None
    if at is None:
        return [track]
    border = track.shots[at].face.frame
    before, after = _part(track, track.id, 0, border), _part(track, number(), border, None)
    before.shots, after.shots = track.shots[:at], track.shots[at:]
    return [before, after]


def _templates(track: OpenTrack) -> Floats:
    made = [shot.template for shot in track.shots if shot.template is not None]
    if len(made) != len(track.shots):
        raise ValueError(f"track {track.id} has shots without templates")
    return np.stack(made)


def _part(track: OpenTrack, number: int, start: int, end: int | None) -> OpenTrack:
    path = [step for step in track.path if step[0] >= start and (end is None or step[0] < end)]
    times = dict(zip((step[0] for step in track.path), track.times, strict=True))
    part = OpenTrack(number, path[0][0], times[path[0][0]], path[-1][0], times[path[-1][0]], track.best_score)
    part.path, part.times, part.piece = path, [times[step[0]] for step in path], track.piece
    return part


def closed(track: OpenTrack, pack: str) -> Track:
    """The finished track. Its shots have templates of ``pack`` and are in the order of time."""
    shots, templates = track.shots, _templates(track)
    faces = tuple(replace(shot.face, template=shot.template, pack=pack) for shot in shots)
    weights = np.array([f.quality.score for f in faces], np.float32)
    best = int(weights.argmax())
    return Track(
        id=track.id,
        faces=faces,
        best=best,
        first_frame=track.first_frame,
        last_frame=track.last_frame,
        first_s=track.first_s,
        last_s=track.last_s,
        frames=len(track.path),
        template=fuse(templates, weights),
        pack=pack,
        crop=shots[best].crop,
    )
