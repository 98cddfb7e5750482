"""What tests of the whole program share. Helper modules explain failures like tests themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS_APART, Databases, databases_of

pytest.register_assert_rewrite("tests.e2e.replays", "tests.e2e.telling", "tests.e2e.tours")

from tests.e2e import china_ban  # noqa: E402  (after the assertions that explain themselves)
from tests.e2e.replays import Replayed, cut, data_file, replayed_in  # noqa: E402


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Of the kind that the test is parametrized with; dropped afterwards."""
    made = databases_of(request.param, tmp_path)
    yield made
    made.drop_all()


@pytest.fixture(scope="session", params=KINDS_APART)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """For what many tests look at: on SQLite, then on PostgreSQL."""
    made = databases_of(request.param, tmp_path_factory.mktemp("kept"))
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def china_ban_bars(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The six hours of each instrument's base."""
    folder = tmp_path_factory.mktemp("bars")
    sources = {
        base: data_file(f"{china_ban.FOLDER}/{base}USDT-1m-2021-05-17_20.csv.gz")
        for base in china_ban.BASES
    }
    return {
        base: cut(source, folder, china_ban.BEGIN, china_ban.END)
        for base, source in sources.items()
    }


@pytest.fixture(scope="session", name="china_ban")
def replayed_china_ban(china_ban_bars: dict[str, Path], kept: Databases) -> Replayed:
    return replayed_in(kept, list(china_ban_bars.values()), [china_ban.ANN, china_ban.BOB])
