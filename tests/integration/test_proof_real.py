"""The same attacks with the real detector and recogniser on real faces: a weak cover is broken, an opaque one is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.redact.attack.looking import View, attacker_of
from secondlook.redact.attack.restoring import Restoration
from secondlook.redact.attack.searching import Attack
from secondlook.redact.attack.world import Terms
from secondlook.redact.cover import Covering, Extent, Style
from secondlook.redact.proof import Verdict
from secondlook.runs.prove_labelled import attack_labelled

PEOPLE = 31


@pytest.fixture(scope="module")
def some_people(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures of each, cut to what lies round the head: most of the time goes into looking for faces."""
    folder = tmp_path_factory.mktemp("people")
    several = [own for own in sorted((shared_data / "lfw").iterdir()) if len(list(own.glob("*.jpg"))) > 1]
    for own in several[:PEOPLE]:
        (folder / own.name).mkdir()
        for path in sorted(own.glob("*.jpg"))[:2]:
            Image.open(path).crop((45, 40, 205, 200)).save(folder / own.name / f"{path.stem}.png")
    return folder


@pytest.mark.parametrize(
    ("covering", "verdict"),
    [
        (Covering(), Verdict.SURVIVED),
        pytest.param(Covering(Style.PIXELATE, Extent.FACE, blocks=16), Verdict.BROKEN, marks=pytest.mark.prove),
        pytest.param(Covering(Style.BLUR, Extent.FACE, blur=0.06), Verdict.BROKEN, marks=pytest.mark.prove),
    ],
)
def test_covers_of_real_faces(some_people: Path, covering: Covering, verdict: Verdict) -> None:
    options = RunOptions(threads=1)
    detector, embedder = opening.detector("centerface", options), opening.recogniser("dlib-resnet", options)
    attacker = attacker_of(detector, embedder, View.WHOLE, covering)
    world = attack_labelled(some_people, covering, attacker, 10**8, Terms(), lambda _: None)
    assert world.gallery == PEOPLE and world.probes >= PEOPLE - 1
    first = world.attacks[0]
    assert (first.attack, first.restoration) == (Attack.NAIVE, Restoration.NONE)
    assert first.originals.low > 0.7, "the attack works on uncovered faces"
    searches = [one for one in world.attacks if one.attack is Attack.PARROT]
    assert [one.verdict for one in searches] == [verdict] * len(searches)
    if verdict is Verdict.BROKEN:
        assert max(one.covered.low for one in searches) > 5 * world.chance
