"""What the tests of configuration share: what ships, and a copy of it to break."""

import shutil
from pathlib import Path

import pytest

from simulator.config.exchange import ExchangeConfig, load_exchange

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def shipped() -> ExchangeConfig:
    return load_exchange(CONFIG)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to break, with the working directory above it, so that paths show as `config/...`."""
    shutil.copytree(CONFIG, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config"
