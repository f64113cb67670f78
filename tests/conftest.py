"""What tests share: a home of their own, the real pictures and the door that skips with the reason when they are not
there, and one gallery enrolled from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from postgres_server import Server, running

REPOSITORY = Path(__file__).resolve().parent.parent

# How long an example takes is the machine's business: no test is about time. `make test` tries the same examples everywhere,
# so that what is red is red for everybody; `make prove` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=400)
settings.load_profile("same")


def _shared(part: str) -> Path:
    folder = REPOSITORY.parent / "shared" / part
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{part} beside the checkout")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures and a video; never part of the project."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_packs() -> Path:
    """Two ONNX files to test packs with; never part of the project."""
    return _shared("packs")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``SECONDLOOK_HOME`` of all tests and of what they start: the user's keys, packs and cache are left alone."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("SECONDLOOK_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL. Where there is none to run, that is a failure with the sentence that says what to install."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except FileNotFoundError as error:
            pytest.fail(str(error), pytrace=False)
        yield server


@pytest.fixture(params=["disk", "postgres"])
def gallery_place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a gallery can be made: a folder, then a schema in PostgreSQL."""
    if request.param == "disk":
        return tmp_path / "g"
    server: Server = request.getfixturevalue("postgres")
    return server.address()


@pytest.fixture(scope="session")
def enrolled(own_home: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of the three people in the clip, with the built-in pack, under the home's key. Not to be changed."""
    from secondlook.api import enrol
    from secondlook.assemble import Settings, open_or_create

    folder = tmp_path_factory.mktemp("enrolled") / "people.gallery"
    settings = Settings(recogniser="dlib-resnet", threads=1)
    with open_or_create(folder, settings) as gallery:
        results = enrol(gallery, shared_data / "people", settings)
        assert [result.status.value for result in results] == ["enrolled"] * 4, results
    return folder
