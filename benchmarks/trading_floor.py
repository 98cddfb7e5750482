"""The exchange that is measured: one perpetual with realistic terms, and funded accounts.

Everything goes through commands, and all numbers are drawn from a seeded generator, so each run
does the same work.
"""

from collections.abc import Sequence

from simulator.core.exchange import Exchange
from simulator.core.model.accounts import FIRST_TRADER_ACCOUNT
from simulator.core.model.commands import (
    AnyCommand,
    DefineAsset,
    Deposit,
    ListInstrument,
    OpenAccount,
    SetIndexPrices,
    SetMarginMode,
)
from simulator.core.model.enums import InstrumentKind, MarginMode, MarkMethod
from simulator.core.model.events import AnyEvent
from simulator.core.model.instruments import VALUATION_ASSET, Asset, Instrument
from simulator.core.model.units import RATE_ONE

USDT = 10**8
BASIS_POINT = RATE_ONE // 10_000
INSTRUMENT = 1
TICK = 10
MARK = 1_000_000
"""10,000.00 at the start."""

TIERS = (
    (0, 50_000 * USDT, 40 * BASIS_POINT, 125),
    (50_000 * USDT, 250_000 * USDT, 50 * BASIS_POINT, 100),
    (250_000 * USDT, None, 100 * BASIS_POINT, 50),
)

NS_BETWEEN_COMMANDS = 10_000
"""World time that passes from one command to the next."""


def perpetual() -> Instrument:
    return Instrument(
        instrument_id=INSTRUMENT,
        symbol="BTCUSDT-PERP",
        kind=InstrumentKind.PERPETUAL,
        base="BTC",
        quote_asset_id=VALUATION_ASSET,
        price_decimals=2,
        quantity_decimals=3,
        notional_multiplier=1000,
        tick_size=TICK,
        lot_size=1,
        min_quantity=1,
        max_quantity=10**9,
        max_market_quantity=10**9,
        min_notional=5 * USDT,
        price_band_rate=500 * BASIS_POINT,
        max_open_orders=10_000,
        maker_fee_rate=2 * BASIS_POINT,
        taker_fee_rate=5 * BASIS_POINT,
        liquidation_fee_rate=125 * BASIS_POINT,
        sell_assumption_rate=15 * BASIS_POINT,
        mark_method=MarkMethod.INDEX,
        index_staleness_ns=None,
        default_leverage=3,
    )


class Floor:
    """An exchange and its clock. `accounts` are the ids of those that were opened."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.time_ns = 0
        self.accounts: list[int] = []
        self.do(DefineAsset(Asset(VALUATION_ASSET, "USDT", 8)))
        self.do(ListInstrument(perpetual(), TIERS))

    def do(self, command: AnyCommand) -> Sequence[AnyEvent]:
        self.time_ns += NS_BETWEEN_COMMANDS
        return self.exchange.execute(self.time_ns, command)

    def open_account(self, deposit: int, mode: MarginMode) -> int:
        """A new account with its deposit in CROSS, in this margin mode."""
        account_id = FIRST_TRADER_ACCOUNT + len(self.accounts)
        self.accounts.append(account_id)
        self.do(OpenAccount())
        cross = self.exchange.state.accounts[account_id].cross_wallet_id
        self.do(Deposit(cross, VALUATION_ASSET, deposit))
        if mode != MarginMode.ISOLATED:
            self.do(SetMarginMode(account_id, INSTRUMENT, mode))
        return account_id

    def set_mark(self, price: int) -> None:
        self.do(SetIndexPrices(((INSTRUMENT, price),)))
