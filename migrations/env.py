"""Alembic's environment: on a connection that is handed in, or on the URL of alembic.ini.

`alembic -x url=sqlite:///other.db ...` names another database.
"""

from alembic import context
from sqlalchemy import Connection

from simulator.database.engine import open_engine, writing
from simulator.database.schema import metadata


def _url() -> str:
    named = context.get_x_argument(as_dictionary=True).get("url")
    url = named or context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise ValueError("no database: give -x url=sqlite:///... or sqlalchemy.url in alembic.ini")
    return url


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run_online() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        _run(given)
        return
    engine = open_engine(_url(), foreign_keys=False)
    with writing(engine) as connection:
        _run(connection)
    engine.dispose()


def _run_offline() -> None:
    """Prints the SQL instead of running it: `alembic upgrade head --sql`."""
    context.configure(url=_url(), target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _run_offline()
else:
    _run_online()
