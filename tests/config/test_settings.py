"""The process's settings: defaults, environment, and where the configuration is found."""

import shutil
from pathlib import Path

import pytest

from simulator import settings
from simulator.settings import SettingsError, read_settings

ROOT = Path(__file__).parents[2]


def test_the_defaults_need_nothing() -> None:
    found = read_settings({})
    assert found.database_url == "sqlite:///data/simulator.db"
    assert (found.host, found.port) == ("127.0.0.1", 8000)
    assert found.config_directory == ROOT / "config"
    exchange = found.load_exchange()
    assert found.load_world(exchange).name == "practice"


def test_the_environment_overrides(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "elsewhere")
    found = read_settings(
        {
            "SIMULATOR_DATABASE_URL": "postgresql+psycopg://db/simulator",
            "SIMULATOR_HOST": "0.0.0.0",
            "SIMULATOR_PORT": "9000",
            "SIMULATOR_CONFIG": str(tmp_path / "elsewhere"),
            "SIMULATOR_SECRET_KEY": "a key that only this server has",
        }
    )
    assert found == (
        "postgresql+psycopg://db/simulator",
        "0.0.0.0",
        9000,
        tmp_path / "elsewhere",
        "a key that only this server has",
    )


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SIMULATOR_PORT", "http", 'SIMULATOR_PORT "http" should be a port, 0 to 65535'),
        ("SIMULATOR_PORT", "70000", 'SIMULATOR_PORT "70000" should be a port, 0 to 65535'),
        ("SIMULATOR_PORT", "-1", 'SIMULATOR_PORT "-1" should be a port, 0 to 65535'),
        ("SIMULATOR_HOST", " ", "SIMULATOR_HOST is empty; unset it, or set it like 127.0.0.1"),
        ("SIMULATOR_DATABASE_URL", "", "SIMULATOR_DATABASE_URL is empty; unset it, or set it"),
        ("SIMULATOR_CONFIG", "nowhere", "SIMULATOR_CONFIG nowhere should be a folder with"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})
    assert str(caught.value).startswith(problem)


def test_an_installed_package_brings_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a wheel: no `config` beside the package, but `_data/config` inside it."""
    package = tmp_path / "site-packages" / "simulator"
    shutil.copytree(ROOT / "config", package / "_data" / "config")
    monkeypatch.setattr(settings, "_PACKAGE", package)
    found = read_settings({})
    assert found.config_directory == package / "_data" / "config"
    assert found.load_exchange().instruments
