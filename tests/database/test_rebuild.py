"""`rebuild` gives the tables that were there, from the journal alone."""

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from simulator.database import schema
from simulator.database.engine import reading, writing
from simulator.database.identity import Identities, LinkedAccount
from simulator.database.rebuild import JournalIncompleteError, dump, rebuild
from simulator.database.writer import DatabaseJournal, UnknownWorldError
from tests.database.recording import WORLD


@pytest.mark.parametrize("entries_per_batch", [1, 250, 1_000_000])
def test_the_tables_come_out_the_same(traded: Engine, entries_per_batch: int) -> None:
    before = dump(traded, WORLD)
    told: list[tuple[int, int]] = []
    count = rebuild(traded, WORLD, lambda *step: told.append(step), entries_per_batch)
    after = dump(traded, WORLD)
    for name, rows in before.items():
        assert after[name] == rows, name
    assert told[-1] == (count, count)


def test_damage_is_undone(traded: Engine) -> None:
    before = dump(traded, WORLD)
    with writing(traded) as connection:
        connection.execute(delete(schema.orders).where(schema.orders.c.order_id % 3 == 0))
        connection.execute(update(schema.wallets).values(balance=schema.wallets.c.balance + 1))
        connection.execute(
            insert(schema.assets).values(world_id=WORLD, asset_id=9, code="X", decimals=1)
        )
    assert dump(traded, WORLD) != before
    rebuild(traded, WORLD)
    assert dump(traded, WORLD) == before


def test_nothing_else_is_touched(traded: Engine) -> None:
    identities = Identities(traded)
    user = identities.create_guest(1, 1_000).user
    identities.link_account(user.user_id, LinkedAccount(WORLD, 2, "main", 1))
    journal = DatabaseJournal(traded)
    journal.create_world("other", "Another", 2, "", 1)
    with writing(traded) as connection:
        connection.execute(
            insert(schema.assets).values(world_id="other", asset_id=1, code="USDT", decimals=8)
        )
    last = journal.last(WORLD)
    rebuild(traded, WORLD)
    assert identities.owner_of(WORLD, 2) == user.user_id
    assert journal.last(WORLD) == last
    assert len(dump(traded, "other")["assets"]) == 1


def test_a_journal_with_a_hole_leaves_the_tables(traded: Engine) -> None:
    before = dump(traded, WORLD)
    entries = schema.journal_entries
    with writing(traded) as connection:
        connection.execute(delete(entries).where(entries.c.seq == 500))
    with pytest.raises(JournalIncompleteError, match="entry 500 is missing"):
        rebuild(traded, WORLD, entries_per_batch=100)
    assert dump(traded, WORLD) == before


def test_an_unknown_world_is_refused(traded: Engine) -> None:
    with pytest.raises(UnknownWorldError, match="no world 'nowhere'"):
        rebuild(traded, "nowhere")


def test_readers_see_the_old_tables_until_the_new_are_complete(traded: Engine) -> None:
    query = select(schema.trades.c.trade_id)
    with reading(traded) as connection:
        before = len(connection.execute(query).all())
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        with reading(traded) as connection:
            seen.append(len(connection.execute(query).all()))

    rebuild(traded, WORLD, look, entries_per_batch=400)
    assert len(seen) > 2
    assert set(seen) == {before}
