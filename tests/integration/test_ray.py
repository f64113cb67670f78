"""On a real Ray cluster of nodes with one core each, in processes of its own: what comes out is what one machine gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from command import secondlook
from fake_runs import Watching
from job_samples import sent
from rtsp_cameras import free_port
from secondlook.assemble import Identifier, Settings, assemble, new_gallery, open_or_create
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.errors import ClusterError
from secondlook.gallery import KeyFile
from secondlook.runs.find import Annotate, RunResult, find_into
from secondlook.runs.journal import Start
from secondlook.scale.run import on_ray
from secondlook.server.actors import Role
from secondlook.server.acts import jobs
from secondlook.server.acts.job_kinds import FindAsked, FindResult
from secondlook.server.acts.job_states import JobState
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.settings import Options
from secondlook.server.work.dispatch import Dispatcher
from secondlook.types import Outcome
from service_samples import account

ray = pytest.importorskip("ray", reason="needs the scale extra")

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CLIP = SHARED / "crowd" / "white_house_clip.mp4"
ADDRESS = "127.0.0.1"
CLIENT_PORT = free_port()

pytestmark = [
    pytest.mark.skipif(not CLIP.exists(), reason="needs ../shared/data"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores, and two nodes of one; on the loopback, and without reports to Ray's makers."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setattr("ray._private.ray_constants.ENABLE_RAY_CLUSTER", False)
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": ADDRESS}
        made = Cluster(initialize_head=True, head_node_args={**head, "ray_client_server_port": CLIENT_PORT})
        for _ in range(2):
            made.add_node(num_cpus=1, node_ip_address=ADDRESS)
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Photographs, and a video that can be divided."""
    folder = tmp_path_factory.mktemp("footage")
    shutil.copy(CLIP, folder / "b.mp4")
    for name, picture in zip("ac", sorted((SHARED / "people").glob("*/*.jpg")), strict=True):
        shutil.copy(picture, folder / f"{name}.jpg")
    return tuple(sorted(folder.iterdir()))


@pytest.fixture(scope="module")
def here() -> Iterator[Identifier]:
    settings = Settings(recogniser="dlib-resnet", threads=1)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        list(identifier.enrol(people(), EnrolOptions()))
        yield identifier


def people() -> list[Enrolment]:
    enrolments = []
    for folder in sorted((SHARED / "people").iterdir()):
        pictures = tuple(sorted(folder.iterdir()))
        enrolments.append(Enrolment(folder.name, pictures, tuple(path.name for path in pictures)))
    return enrolments


def run(here: Identifier, footage: tuple[Path, ...], out: Path, watcher: Watching, cluster: Any = None) -> RunResult:
    """On this machine alone, or on the cluster."""
    eyes = None if cluster is None else on_ray(here, cluster.address, Annotate.NONE, looks=6)
    return find_into(footage, out, here, Start.NEW, Annotate.NONE, watcher, eyes)


@pytest.mark.prove
def test_a_cluster_of_this_machine_alone(footage: tuple[Path, ...], tmp_path: Path) -> None:
    """As it is typed: a process of its own, which starts and ends the cluster."""
    command = [sys.executable, "-m", "secondlook"]
    lean = ["--gallery", str(tmp_path / "g"), "--quiet", "--threads", "1"]
    subprocess.run([*command, "enrol", str(SHARED / "people"), "--pack", "dlib-resnet", *lean], check=True, timeout=200)
    find = [*command, "find", *map(str, footage), *lean, "--annotate", "none"]
    subprocess.run([*find, "--out", str(tmp_path / "alone")], check=True, timeout=200)
    subprocess.run([*find, "--out", str(tmp_path / "afar"), "--ray", "local"], check=True, timeout=250)
    same(tmp_path / "alone", tmp_path / "afar")


def test_nobody_at_the_address(here: Identifier, footage: tuple[Path, ...], tmp_path: Path) -> None:
    eyes = on_ray(here, f"{ADDRESS}:{free_port()}", Annotate.NONE)
    with pytest.raises(ClusterError, match=r"nobody answers at 127\.0\.0\.1:\d+ .*: start a cluster with `ray start"):
        find_into(footage, tmp_path / "out", here, Start.NEW, Annotate.NONE, Watching(), eyes)


@pytest.mark.prove
def test_a_job_of_the_service_on_a_cluster(cluster: Any, here: Identifier, tmp_path: Path) -> None:
    """Through Ray's client, as from a machine that is no node."""
    pytest.importorskip("grpc", reason="needs ray[client]")
    data, key = tmp_path / "data", KeyFile(tmp_path / "gallery.key")
    data.mkdir()
    open_or_create(data / "gallery", Settings(recogniser="dlib-resnet", threads=1), key).close()
    options = Options(data, key=key, threads=1, ray=f"ray://{ADDRESS}:{CLIENT_PORT}")
    with closing(Service.open(options)) as service:
        list(service.identifier().enrol(people(), EnrolOptions()))
        operator = account(service, Role.OPERATOR, "ada")
        asked = FindAsked(uploads=(sent(service, operator, CLIP).id,))
        dispatcher = Dispatcher(service)
        dispatcher.start()
        try:
            made = jobs.start(service, operator, new_id(), asked, Why("the speech"))
            end = time.monotonic() + 200
            while not (found := jobs.job(service, operator, made.id)).state.ended:
                assert time.monotonic() < end, found
                time.sleep(0.2)
        finally:
            dispatcher.stop()
        assert found.state is JobState.DONE, found.sentence
    alone = run(here, (CLIP,), tmp_path / "alone", Watching()).records
    counts = {outcome: sum(record.outcome is outcome for record in alone) for outcome in Outcome}
    result = found.result
    assert isinstance(result, FindResult) and result.sources == 1 and len(alone) > 2
    assert (result.candidate, result.no_candidate) == (counts[Outcome.CANDIDATE], counts[Outcome.NO_CANDIDATE])
    assert (result.inconclusive, result.not_searchable) == (
        counts[Outcome.INCONCLUSIVE],
        counts[Outcome.NOT_SEARCHABLE],
    )


def same(alone: Path, afar: Path) -> None:
    """To the byte, pictures too."""
    for name in ("sightings.jsonl", "paths.jsonl"):
        assert (alone / name).read_bytes() == (afar / name).read_bytes()
    crops = {path.name: path.read_bytes() for path in (alone / "crops").iterdir()}
    assert len(crops) > 5 and crops == {path.name: path.read_bytes() for path in (afar / "crops").iterdir()}


def test_two_nodes_give_what_one_machine_gives(
    cluster: Any, here: Identifier, footage: tuple[Path, ...], tmp_path: Path
) -> None:
    watcher = Watching()
    run(here, footage, tmp_path / "alone", Watching())
    result = run(here, footage, tmp_path / "afar", watcher, cluster)
    same(tmp_path / "alone", tmp_path / "afar")
    assert result.problems == () and len(result.read) == len(footage) == 3
    assert watcher.counted == (3, 0) and watcher.frames > 270
    assert {"barack_obama", "lin_manuel_miranda"} <= {record.subject for record in result.records}
    assert not ray.is_initialized(), "the run has left the cluster"


@pytest.mark.prove
@pytest.mark.timeout(900)
@pytest.mark.parametrize("which", [0, 1])
def test_a_node_that_is_killed_loses_and_doubles_nothing(
    cluster: Any, here: Identifier, footage: tuple[Path, ...], tmp_path: Path, which: int
) -> None:
    """Killed, with what it held, when the first part of the first video has been followed and others are on their way."""
    more = [Path(shutil.copy(CLIP, tmp_path / f"{name}.mp4")) for name in "xy"]
    footage, killed = (*footage, *more), []
    run(here, footage, tmp_path / "alone", Watching())

    def kill(step: str) -> None:
        if step == "advance" and watcher.frames > 1 and not killed:
            killed.append(sorted(cluster.worker_nodes, key=lambda node: node.unique_id)[which])
            cluster.remove_node(killed[0], allow_graceful=False)

    watcher = Watching(kill)
    result = run(here, footage, tmp_path / "afar", watcher, cluster)
    assert len(killed) == 1 and len(cluster.worker_nodes) == 1
    cluster.add_node(num_cpus=1, node_ip_address=ADDRESS)
    same(tmp_path / "alone", tmp_path / "afar")
    assert result.problems == () and len(result.read) == len(footage)


@pytest.mark.prove  # docs/ray.md runs the command on a cluster of this machine
def test_the_command_on_a_cluster(cluster: Any, footage: tuple[Path, ...], tmp_path: Path) -> None:
    gallery, lean = tmp_path / "g", ("--quiet", "--threads", "1")
    assert secondlook("enrol", SHARED / "people", "--gallery", gallery, "--pack", "dlib-resnet", *lean).status == 0
    words = ("find", *footage[:2], "--gallery", gallery, *lean)
    assert secondlook(*words, "--out", tmp_path / "alone").status == 0
    said = secondlook(*words, "--out", tmp_path / "afar", "--ray", cluster.address)
    assert said.status == 0, said.err
    same(tmp_path / "alone", tmp_path / "afar")
    report = (tmp_path / "afar" / "report.html").read_text()
    assert "barack_obama" in report
    drawn = {path.name: path.stat().st_size for path in (tmp_path / "alone" / "annotated").iterdir()}
    assert len(drawn) == 2
    assert drawn == {path.name: path.stat().st_size for path in (tmp_path / "afar" / "annotated").iterdir()}
