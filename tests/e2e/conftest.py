"""What tests of the whole program share. Helper modules explain failures like tests themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases, databases_of

pytest.register_assert_rewrite("tests.e2e.replays", "tests.e2e.telling", "tests.e2e.tours")


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Of the kind that the test is parametrized with; dropped afterwards."""
    made = databases_of(request.param, tmp_path)
    yield made
    made.drop_all()
