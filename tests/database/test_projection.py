"""The tables are a read model: one journal gives one set of tables, however it was batched."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, func, select

from simulator.core.codec import decode_entry
from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import is_wallet
from simulator.core.model.enums import OrderType, Side
from simulator.core.model.instruments import Asset
from simulator.core.model.units import NS_PER_HOUR
from simulator.core.state.exchange_state import ExchangeState
from simulator.database import schema
from simulator.database.engine import open_engine, reading
from simulator.database.rebuild import dump
from simulator.database.writer import DatabaseJournal
from tests.database.recording import WORLD, Recorder, crowd_commands, record
from tests.scenario import amount, instrument_terms, tier_rows


def written(url: str, sizes: Sequence[int]) -> dict[str, list[tuple[object, ...]]]:
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    for batch in record(sizes):
        journal.append([batch])
    tables = dump(engine, WORLD)
    journal.close()
    engine.dispose()
    return tables


@pytest.fixture(scope="module")
def live() -> ExchangeState:
    """The state at the end of the recorded world."""
    recorder = Recorder()
    for command in crowd_commands(recorder.state):
        recorder.submit(command)
    return recorder.state


def test_every_table_has_rows(traded: Engine) -> None:
    """Otherwise the comparisons of this module would compare nothing."""
    assert {name for name, rows in dump(traded, WORLD).items() if not rows} == set()


@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_tables_do_not_depend_on_batches(traded: Engine, url: str, size: int) -> None:
    tables = written(url, [size])
    expected = dump(traded, WORLD)
    for name, rows in expected.items():
        assert tables[name] == rows, name


def test_wallet_rows_are_the_wallets(traded: Engine, live: ExchangeState) -> None:
    table = schema.wallets.c
    query = select(
        table.wallet_id,
        table.asset_id,
        table.account_id,
        table.kind,
        table.balance,
        table.locked,
        table.settlement_debt,
        table.borrowed,
        table.interest,
        table.liquidation_id,
    )
    held = {
        (
            wallet.wallet_id,
            asset_id,
            wallet.account_id,
            wallet.kind.name,
            holding.balance,
            holding.locked,
            holding.settlement_debt,
            holding.borrowed,
            holding.interest,
            None if wallet.liquidation is None else wallet.liquidation.liquidation_id,
        )
        for wallet in live.wallets.values()
        for asset_id, holding in wallet.holdings.items()
    }
    with reading(traded) as connection:
        rows = {tuple(row) for row in connection.execute(query)}
    assert held <= rows
    # What the state leaves out are wallets that never held the valuation asset.
    assert {row[4:9] for row in rows - held} <= {(0,) * 5}


def test_position_rows_are_the_open_positions(traded: Engine, live: ExchangeState) -> None:
    table = schema.positions.c
    query = select(
        table.account_id,
        table.instrument_id,
        table.position_side,
        table.wallet_id,
        table.quantity,
        table.entry_notional,
        table.opened_seq,
    )
    expected = sorted(
        (
            position.account_id,
            position.instrument_id,
            position.side.name,
            position.wallet_id,
            position.quantity,
            position.entry_notional,
            position.opened_seq,
        )
        for unit in live.unit_positions.values()
        for position in unit.values()
    )
    with reading(traded) as connection:
        assert sorted(tuple(row) for row in connection.execute(query)) == expected
    assert expected != []


def test_open_order_rows_are_the_open_orders(traded: Engine, live: ExchangeState) -> None:
    """Quotes have a row once something of them has filled."""
    table = schema.orders.c
    query = select(table.order_id, table.price, table.remaining_quantity).where(
        table.status.in_(("ACCEPTED", "RESTING"))
    )
    expected = {
        (order.order_id, order.price, order.remaining)
        for order in live.orders.values()
        if order.filled_notional or not order.quote
    }
    with reading(traded) as connection:
        assert {tuple(row) for row in connection.execute(query)} == expected
    assert any(order.quote and not order.filled_notional for order in live.orders.values())


def test_a_quote_that_filled_ends_in_its_row(traded: Engine) -> None:
    table = schema.orders.c
    query = select(table.status, table.cancel_reason, func.count()).where(table.quote)
    with reading(traded) as connection:
        ends = {
            row[:2] for row in connection.execute(query.group_by(*table["status", "cancel_reason"]))
        }
    assert ("CANCELED", "REPLACED_QUOTE") in ends
    assert ("FILLED", None) in ends


def test_led_2_each_transfer_is_a_row(traded: Engine) -> None:
    """LED-2: kind, cause and place of each transfer; the account is that of its wallets."""
    expected = []
    owners: dict[int, int] = {3: 1}
    for row in DatabaseJournal(traded).read(WORLD):
        entry = decode_entry(row.encoded)
        for index, event in enumerate(entry.events):
            if isinstance(event, e.AccountOpened):
                owners[event.spot_wallet_id] = owners[event.cross_wallet_id] = event.account_id
            elif isinstance(event, e.WalletOpened):
                owners[event.wallet_id] = event.account_id
            elif isinstance(event, e.Transferred):
                concerned = [
                    owners[each] for each in (event.source, event.target) if is_wallet(each)
                ]
                expected.append(
                    (
                        entry.seq,
                        index,
                        event.kind.name,
                        event.amount,
                        event.trade_id,
                        concerned[0] if concerned else None,
                        concerned[-1] if len(set(concerned)) == 2 else None,
                    )
                )
    table = schema.ledger_entries.c
    query = select(
        table.seq,
        table.entry_index,
        table.kind,
        table.amount,
        table.trade_id,
        table.account_id,
        table.other_account_id,
    ).order_by(table.seq, table.entry_index)
    with reading(traded) as connection:
        assert [tuple(row) for row in connection.execute(query)] == expected
    assert any(row[6] is not None for row in expected)


def test_led_3_ledger_rows_add_up_to_the_wallets(traded: Engine) -> None:
    """LED-3: what the ledger's rows gave a wallet is what its row holds."""
    sums: dict[tuple[int, int], int] = {}
    entries, wallets = schema.ledger_entries.c, schema.wallets.c
    with reading(traded) as connection:
        query = select(entries.source, entries.target, entries.asset_id, entries.amount)
        for source, target, asset_id, moved in connection.execute(query):
            sums[(source, asset_id)] = sums.get((source, asset_id), 0) - moved
            sums[(target, asset_id)] = sums.get((target, asset_id), 0) + moved
        rows = connection.execute(select(wallets.wallet_id, wallets.asset_id, wallets.balance))
        for wallet_id, asset_id, balance in rows:
            assert sums.get((wallet_id, asset_id), 0) == balance
    assert sum(sums.values()) == 0


def test_call_1_a_repeat_is_counted_on_its_call(traded: Engine) -> None:
    """CALL-1: issued once, repeated while it stands, ended once."""
    issued: dict[int, int] = {}
    repeats: dict[int, int] = {}
    ended: dict[int, str] = {}
    for row in DatabaseJournal(traded).read(WORLD):
        for event in decode_entry(row.encoded).events:
            if isinstance(event, e.MarginCallIssued):
                issued.setdefault(event.margin_call_id, event.equity)
                repeats[event.margin_call_id] = (
                    repeats.get(event.margin_call_id, 0) + event.repeated
                )
            elif isinstance(event, e.MarginCallEnded):
                ended[event.margin_call_id] = event.end.name
    table = schema.margin_calls.c
    query = select(table.margin_call_id, table.equity, table.repeats, table.ended_by).order_by(
        table.margin_call_id
    )
    with reading(traded) as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [
        (call, equity, repeats[call], ended.get(call)) for call, equity in sorted(issued.items())
    ]
    assert any(repeats.values())


def test_liq_9_a_liquidation_tells_how_it_ended(traded: Engine) -> None:
    """LIQ-9: outcome, fee, deficit and shortfall stand in its row."""
    expected: dict[int, tuple[object, ...]] = {}
    for row in DatabaseJournal(traded).read(WORLD):
        for event in decode_entry(row.encoded).events:
            if isinstance(event, e.LiquidationStarted):
                expected[event.liquidation_id] = (None, None, None, None)
            elif isinstance(event, e.LiquidationEnded):
                expected[event.liquidation_id] = (
                    event.outcome.name,
                    event.fee,
                    event.deficit,
                    event.shortfall,
                )
    table = schema.liquidations.c
    query = select(table.liquidation_id, table.outcome, table.fee, table.deficit, table.shortfall)
    with reading(traded) as connection:
        assert {row[0]: tuple(row[1:]) for row in connection.execute(query)} == expected
    assert {ended[0] for ended in expected.values()} >= {"CLOSED", "RECOVERED"}


def test_time_1_a_row_carries_the_moment_of_its_event(engine: Engine) -> None:
    """TIME-1: one AdvanceTime goes through many moments; two repeats of a call are two."""
    recorder = Recorder()
    for command in (
        c.DefineAsset(Asset(1, "USDT", 8)),
        c.ListInstrument(instrument_terms(1, "BTC"), tier_rows("0.4%:125")),
        c.OpenAccount(),
        c.OpenAccount(),
        c.Deposit(1_000_001, 1, amount("1500")),
        c.Deposit(1_000_003, 1, amount("1000000")),
        c.SetIndexPrices(((1, 1_000_000),)),
        c.SetLeverage(2, 1, 8),
        c.PlaceOrder(3, 1, Side.SELL, OrderType.LIMIT, 1_200, 1_000_000),
        c.PlaceOrder(2, 1, Side.BUY, OrderType.LIMIT, 1_200, 1_000_000),
        c.SetIndexPrices(((1, 879_000),)),
    ):
        recorder.submit(command)
    called_ns = recorder.state.time_ns
    recorder.submit(c.AdvanceTime(called_ns + 49 * NS_PER_HOUR))
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "Called", 1, "", 1)
    journal.append([recorder.seal()])
    journal.close()
    table = schema.margin_calls.c
    with reading(engine) as connection:
        row = connection.execute(select(table.issued_ns, table.repeats, table.repeated_ns)).one()
    assert tuple(row) == (called_ns, 2, called_ns + 48 * NS_PER_HOUR)


def test_fnd_2_rates_and_payments_and_liq_7_closings_are_rows(traded: Engine) -> None:
    events = [
        event
        for row in DatabaseJournal(traded).read(WORLD)
        for event in decode_entry(row.encoded).events
    ]
    rates = schema.funding_rates.c
    payments = schema.funding_payments.c
    closed = schema.deleveragings.c
    with reading(traded) as connection:
        settled = connection.execute(
            select(rates.instrument_id, rates.stamp_ns, rates.rate, rates.average_premium)
        ).all()
        paid = connection.execute(
            select(payments.account_id, payments.stamp_ns, payments.amount).order_by(
                payments.seq, payments.entry_index
            )
        ).all()
        taken = connection.execute(
            select(closed.account_id, closed.quantity, closed.notional, closed.score).order_by(
                closed.seq, closed.entry_index
            )
        ).all()
    assert sorted(map(tuple, settled)) == sorted(
        (each.instrument_id, each.stamp_ns, each.rate, each.average_premium)
        for each in events
        if isinstance(each, e.FundingSettled)
    )
    assert [tuple(row) for row in paid] == [
        (each.account_id, each.stamp_ns, each.amount)
        for each in events
        if isinstance(each, e.FundingPaid)
    ]
    assert [tuple(row) for row in taken] == [
        (each.account_id, each.quantity, each.notional, each.score)
        for each in events
        if isinstance(each, e.PositionDeleveraged)
    ]
    assert len(settled) > 3
    assert len(paid) > 3
