"""One laboratory for all tests here: making it starts `openssl` a dozen times."""

from collections.abc import Callable
from pathlib import Path

import pytest

import authorities
from authorities import Authority
from mutants import Lab, Mutant, mutants
from packages import Made, World, uuid
from takeback_verify.narration.page import verify_page
from verifying import Then


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A package, another one of the same log, a forged log with the same name, a rogue authority."""
    if authorities.MISSING:
        pytest.skip(authorities.MISSING)
    folder = tmp_path_factory.mktemp("authorities")
    world = World(folder)
    other, made = _two(world)
    _, forged = _two(World(folder, name="forged", authorities=world.authorities))
    rogue = Authority(folder / "rogue", "Test authority one", embed_root=True)
    bare = World(folder, name="bare", authorities=world.authorities).package(stamped=False)
    return Lab(made, other, forged, bare, rogue)


@pytest.fixture(scope="session")
def tampered(lab: Lab) -> list[Mutant]:
    """All mutants: making them takes seconds."""
    return list(mutants(lab))


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VERIFY.html, as it lies in a package."""
    file = tmp_path_factory.mktemp("page") / "VERIFY.html"
    file.write_bytes(verify_page())
    return file


@pytest.fixture
def made_with(lab: Lab, tmp_path: Path) -> Callable[..., Made]:
    """A package in which an insider did something before the closed list was made."""

    def make(then: Then, **options: int) -> Made:
        world = World(tmp_path, name="insider", authorities=lab.made.world.authorities)
        return world.package(then=lambda files, opened: then(world, files, opened), **options)

    return make


def _two(world: World) -> tuple[Made, Made]:
    return world.package(exhibits=3, case=uuid(31), dossier=uuid(32)), world.package()
