"""Migrations: they give exactly the tables of the schema, from a clone and from a wheel."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine

import simulator
from simulator.database import schema
from simulator.database.engine import open_engine, reading, writing
from simulator.database.migrating import (
    UnknownRevisionError,
    alembic_config,
    is_current,
    migrate,
    migrations_directory,
)

DEFINITIONS = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"


def definitions(path: Path) -> dict[str, list[str]]:
    """Every table and index with the lines of its definition, in no particular order."""
    connection = sqlite3.connect(path)
    found = {
        name: sorted(line.strip().rstrip(",") for line in re.split(r"\n", sql) if line.strip())
        for name, sql in connection.execute(DEFINITIONS)
    }
    connection.close()
    return found


def test_alembic_finds_no_drift(engine: Engine) -> None:
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_migrations_give_the_schema_to_the_letter(empty_database: Path, tmp_path: Path) -> None:
    """Also what Alembic does not compare: WITHOUT ROWID, checks, conditions of indexes."""
    path = tmp_path / "schema.db"
    engine = create_engine(f"sqlite:///{path}")
    schema.metadata.create_all(engine)
    engine.dispose()
    migrated = definitions(empty_database)
    for name, lines in definitions(path).items():
        assert migrated.pop(name) == lines, name
    assert {name for name in migrated if not name.startswith("v_")} == {"alembic_version"}


def test_constraints_are_named() -> None:
    for table in schema.metadata.tables.values():
        assert all(constraint.name is not None for constraint in table.constraints), table.name


def test_keys_of_a_projection_start_with_the_world() -> None:
    for table in schema.PROJECTION:
        assert next(iter(table.primary_key.columns)).name == "world_id"


def test_migrating_again_changes_nothing(empty_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.db"
    shutil.copy(empty_database, path)
    before = definitions(path)
    migrate(f"sqlite:///{path}")
    assert definitions(path) == before


def test_current_or_not(engine: Engine, tmp_path: Path) -> None:
    assert is_current(engine)
    fresh = open_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    assert not is_current(fresh)
    fresh.dispose()


def test_downgrading_takes_everything_away(engine: Engine, tmp_path: Path) -> None:
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(definitions(tmp_path / "empty.db")) == {"alembic_version"}


def test_a_newer_database_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_the_future'")
    with pytest.raises(UnknownRevisionError, match=r"from_the_future.*install that one"):
        migrate(str(engine.url))


def test_a_failed_migration_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE takeovers (in_the_way TEXT)")
    connection.close()
    with pytest.raises(Exception, match="takeovers already exists"):
        migrate(f"sqlite:///{path}")
    assert set(definitions(path)) == {"takeovers"}


def test_an_installed_package_brings_its_migrations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a wheel: the package alone, with the migrations inside.

    The percent sign is no accident: Alembic's configuration would take it for an interpolation.
    """
    package = tmp_path / "100% site-packages" / "simulator"
    shutil.copytree(migrations_directory(), package / "_data" / "migrations")
    monkeypatch.setattr(simulator, "__file__", str(package / "__init__.py"))
    assert migrations_directory() == package / "_data" / "migrations"
    migrate(f"sqlite:///{tmp_path / 'new.db'}")
    assert "orders" in definitions(tmp_path / "new.db")


def test_a_broken_installation_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "__file__", str(tmp_path / "simulator" / "__init__.py"))
    with pytest.raises(FileNotFoundError, match=r"simulator/_data/migrations or .*/migrations"):
        migrations_directory()


def test_the_ini_file_leads_to_the_same_migrations() -> None:
    root = Path(simulator.__file__).parents[1]
    config = Config(root / "alembic.ini")
    assert Path(config.get_main_option("script_location") or "") == migrations_directory()


def test_foreign_keys_hold_after_migrating(engine: Engine) -> None:
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
