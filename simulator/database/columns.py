"""The kinds of columns that the tables are made of, and how constraints and indexes are named."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def world(**options: Any) -> Column[str]:
    return Column("world_id", Text, primary_key=True, **options)


def world_of_registry() -> Column[str]:
    return Column("world_id", Text, ForeignKey("worlds.world_id"), primary_key=True)


def key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def number_from_zero(name: str) -> Column[int]:
    """A column that was added to a table with rows."""
    return Column(name, BigInteger, nullable=False, server_default="0")


def optional(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def word(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def optional_word(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def optional_flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=True)


def clustered(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=False)


def index_where_set(table: str, column: str, *following: str) -> Index:
    """An index per world that leaves out the rows in which the column is null."""
    condition = text(f"{column} IS NOT NULL")
    return Index(
        f"ix_{table}_{column}",
        "world_id",
        column,
        *following,
        sqlite_where=condition,
        postgresql_where=condition,
    )
