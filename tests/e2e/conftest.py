"""What tests of the whole program share. Helper modules explain failures like tests themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS, Databases, databases_of

pytest.register_assert_rewrite("tests.e2e.replays", "tests.e2e.telling", "tests.e2e.tours")


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Of the kind that the test is parametrized with; dropped afterwards."""
    made = databases_of(request.param, tmp_path)
    yield made
    made.drop_all()


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS],
)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """For what all tests of a module look at: on SQLite, then on PostgreSQL.

    `make test-data` gives each kind a process of its own, and so makes everything once.
    """
    made = databases_of(request.param, tmp_path_factory.mktemp("kept"))
    yield made
    made.drop_all()
