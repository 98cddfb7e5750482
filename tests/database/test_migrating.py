"""Migrations: they give exactly the tables of the schema, from a clone and from a wheel."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

import simulator
from simulator.database import schema
from simulator.database.columns import metadata
from simulator.database.engine import UnusableDatabaseError, open_engine, reading, writing
from simulator.database.migrating import (
    UnknownRevisionError,
    alembic_config,
    is_current,
    migrate,
    migrations_directory,
)
from tests.databases import Databases

LINE = re.compile(r"\n|, (?![^(]*\))")
"""A column that was added later stands on the line of another, after a comma."""

OF_SQLITE = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
OF_POSTGRES = """
    SELECT relname, string_agg(definition, chr(10)) FROM (
        SELECT c.relname, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || COALESCE(' ' || a.attidentity::text, '') AS definition
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relkind IN ('r', 'v')
          AND c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT c.relname, k.conname || ' ' || pg_get_constraintdef(k.oid)
        FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
        WHERE c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
    ) AS found GROUP BY relname"""


def definitions(engine: Engine) -> dict[str, list[str]]:
    """Every table, view and index with the lines of its definition, in no particular order."""
    query = OF_SQLITE if engine.dialect.name == "sqlite" else OF_POSTGRES
    with reading(engine) as connection:
        return {
            name: sorted(line.strip().rstrip(",") for line in LINE.split(sql) if line.strip())
            for name, sql in connection.exec_driver_sql(query)
        }


@pytest.fixture
def bare(databases: Databases) -> Iterator[Engine]:
    """A database without tables."""
    engine = open_engine(databases.create())
    yield engine
    engine.dispose()


def test_alembic_finds_no_drift(engine: Engine) -> None:
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_migrations_give_the_schema_to_the_letter(engine: Engine, bare: Engine) -> None:
    """Also what Alembic does not compare: WITHOUT ROWID, checks, conditions of indexes."""
    with writing(bare) as connection:
        metadata.create_all(connection)
    migrated = definitions(engine)
    for name, lines in definitions(bare).items():
        assert migrated.pop(name) == lines, name
    of_alembic = {"alembic_version", "alembic_version_pkc"}
    assert {name for name in migrated if not name.startswith("v_")} <= of_alembic
    assert len(migrated) > 8, "the views are left"


def test_constraints_are_named() -> None:
    for table in metadata.tables.values():
        assert all(constraint.name is not None for constraint in table.constraints), table.name


def test_keys_of_a_projection_start_with_the_world() -> None:
    for table in schema.PROJECTION:
        assert next(iter(table.primary_key.columns)).name == "world_id"


def test_migrating_again_changes_nothing(engine: Engine, url: str) -> None:
    before = definitions(engine)
    migrate(url)
    assert definitions(engine) == before


def test_current_or_not(engine: Engine, bare: Engine) -> None:
    assert is_current(engine)
    assert not is_current(bare)


def test_downgrading_takes_everything_away(engine: Engine) -> None:
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(definitions(engine)) <= {"alembic_version", "alembic_version_pkc"}


def test_a_newer_database_is_refused(engine: Engine, url: str) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_the_future'")
    with pytest.raises(UnknownRevisionError, match=r"from_the_future.*install that one"):
        migrate(url)


def test_a_failed_migration_leaves_nothing(databases: Databases) -> None:
    url = databases.create()
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE takeovers (in_the_way TEXT)")
    with pytest.raises(UnusableDatabaseError, match=r'takeovers"? already exists'):
        migrate(url)
    assert set(definitions(engine)) == {"takeovers"}
    engine.dispose()


def test_two_processes_migrate_at_once(databases: Databases) -> None:
    """The second waits for its turn, and finds everything done."""
    url = databases.create()
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(upgrade_in_a_process, url) for _ in range(2)]:
            assert done.result() == 0
    engine = open_engine(url)
    assert is_current(engine)
    engine.dispose()


def upgrade_in_a_process(url: str) -> int:
    program = "import sys; from simulator.database.migrating import migrate; migrate(sys.argv[1])"
    return subprocess.run([sys.executable, "-c", program, url], check=False).returncode


def test_an_installed_package_brings_its_migrations(
    bare: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a wheel: the package alone, with the migrations inside.

    The percent sign is no accident: Alembic's configuration would take it for an interpolation.
    """
    package = tmp_path / "100% site-packages" / "simulator"
    shutil.copytree(migrations_directory(), package / "_data" / "migrations")
    monkeypatch.setattr(simulator, "__file__", str(package / "__init__.py"))
    assert migrations_directory() == package / "_data" / "migrations"
    migrate(str(bare.url))
    assert "orders" in definitions(bare)


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
