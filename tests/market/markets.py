"""Small markets for these tests: files of bars written on the spot, and an exchange with accounts.

The exchange is the real one, so that a bot's commands meet the real rules.
"""

from collections.abc import Sequence
from pathlib import Path

from simulator.core.exchange import Exchange
from simulator.core.model.accounts import FIRST_TRADER_ACCOUNT, FIRST_WALLET
from simulator.core.model.commands import (
    AnyCommand,
    DefineAsset,
    Deposit,
    ListInstrument,
    OpenAccount,
    SetIndexPrices,
    SetLeverage,
    SetMarginMode,
)
from simulator.core.model.enums import InstrumentKind, MarginMode, MarketState, MarkMethod, Side
from simulator.core.model.events import CommandRejected, Event, OrderRejected, TradeExecuted
from simulator.core.model.instruments import Asset, Instrument
from simulator.core.model.units import NS_PER_MINUTE, NS_PER_SECOND, RATE_ONE
from simulator.market.feeds.klines import Bar, KlineFile, read_klines

START_NS = 1_700_000_040 * NS_PER_SECOND
"""A full minute."""

USDT = 10**8
BASIS_POINT = RATE_ONE // 10_000

PERPETUAL = Instrument(
    instrument_id=1,
    symbol="BTCUSDT-PERP",
    kind=InstrumentKind.PERPETUAL,
    base="BTC",
    quote_asset_id=1,
    price_decimals=2,
    quantity_decimals=3,
    notional_multiplier=1_000,
    tick_size=10,
    lot_size=5,
    min_quantity=10,
    max_quantity=1_000_000,
    max_market_quantity=100_000,
    min_notional=5 * USDT,
    price_band_rate=RATE_ONE // 20,
    max_open_orders=200,
    maker_fee_rate=2 * BASIS_POINT,
    taker_fee_rate=5 * BASIS_POINT,
    liquidation_fee_rate=125 * BASIS_POINT,
    sell_assumption_rate=15 * BASIS_POINT,
    mark_method=MarkMethod.INDEX,
    index_staleness_ns=60 * NS_PER_SECOND,
    default_leverage=3,
)

TIERS: tuple[tuple[int, int | None, int, int], ...] = (
    (0, 10_000_000 * USDT, 4 * RATE_ONE // 1_000, 125),
    (10_000_000 * USDT, None, RATE_ONE // 100, 50),
)

PRICE = 6_000_000
"""60,000.00 USDT."""


class Market:
    """An exchange with one instrument and some rich accounts in CROSS; ids count from 2."""

    def __init__(self, accounts: int, price: int | None = PRICE) -> None:
        self.exchange = Exchange()
        self.state = self.exchange.state
        self.time_ns = START_NS
        self.trades: list[TradeExecuted] = []
        self.do(DefineAsset(Asset(1, "USDT", 8)), ListInstrument(PERPETUAL, TIERS))
        for number in range(accounts):
            account_id = FIRST_TRADER_ACCOUNT + number
            self.do(
                OpenAccount(),
                Deposit(FIRST_WALLET + 2 * number + 1, 1, 100_000_000 * USDT),
                SetMarginMode(account_id, 1, MarginMode.CROSS),
                SetLeverage(account_id, 1, 10),
            )
        if price is not None:
            self.do(SetIndexPrices(((1, price),)))

    def try_to(self, command: AnyCommand) -> Sequence[Event]:
        """Executes a command at the time of now, whatever comes of it."""
        events = self.exchange.execute(self.time_ns, command)
        self.trades += [event for event in events if isinstance(event, TradeExecuted)]
        return events

    def do(self, *commands: AnyCommand) -> list[Event]:
        """Executes commands none of which may be refused."""
        events = [event for command in commands for event in self.try_to(command)]
        refused = [each for each in events if isinstance(each, CommandRejected | OrderRejected)]
        assert refused == []
        return events

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """The book's levels `(price, quantity)`, best first."""
        book_side = self.state.books[1].own_side(side)
        return [(level.price, level.quantity) for level in book_side.levels_from_best()]

    def is_open(self) -> bool:
        return self.state.instruments[1].market_state == MarketState.OPEN

    def inventory(self, account_id: int) -> int:
        exposure = self.state.find_exposure(account_id, 1)
        return 0 if exposure is None else exposure.net_quantity()


def write_klines(path: Path, rows: Sequence[str]) -> Path:
    path.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def row(open_time: object, prices: str = "100.0,101.0,99.0,100.5") -> str:
    """A line of six columns."""
    return f"{open_time},{prices},7.5"


def kline_file(
    folder: Path, name: str, bars: Sequence[Bar], step_ns: int = NS_PER_MINUTE
) -> KlineFile:
    """Writes bars of whole prices as a file in ms and reads it back."""
    rows = [
        row(bar.open_time_ns // 10**6, f"{bar.open},{bar.high},{bar.low},{bar.close}")
        for bar in bars
    ]
    file = read_klines(write_klines(folder / name, rows), 0)
    assert file.step_ns == step_ns
    assert file.bars == tuple(bars)
    return file
