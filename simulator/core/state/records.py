"""The records that the state is made of, as they stand in snapshots.

They are msgspec structs, so a snapshot is their encoding and nothing else. Only `state.apply`
changes them. Fields are appended with defaults, never removed. Orders and positions live as
classes of their own (`state.order`, `state.position`) and become rows in a snapshot.
"""

import msgspec

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import (
    CancelReason,
    HaltReason,
    MarginMode,
    MarketState,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    WalletKind,
)
from simulator.core.model.instruments import Instrument, RiskTier
from simulator.core.model.rejects import RejectReason


class Record(msgspec.Struct, array_like=True, gc=False):
    """The base of all records. They hold no cycles, so the garbage collector may pass them by."""


class InstrumentRecord(Record):
    """An instrument's terms and prices. A price is none until there was one."""

    terms: Instrument
    tiers: tuple[RiskTier, ...]
    market_state: MarketState = MarketState.HALTED
    halt_reason: HaltReason = HaltReason.AWAITING_INDEX
    index_price: int | None = None
    index_time_ns: int = 0
    mark_price: int | None = None
    last_price: int | None = None


class AccountRecord(Record):
    account_id: int
    spot_wallet_id: int
    cross_wallet_id: int
    maker_fee_rate: int | None = None
    taker_fee_rate: int | None = None
    run: int = 1
    """WAL-7: counts how often the account began anew."""
    deposited: int = 0
    """WAL-6: what was paid in since the run began, its endowment included."""


class Holding(Record):
    """WAL-2: what a wallet holds of one asset."""

    balance: int = 0
    locked: int = 0
    settlement_debt: int = 0


class StandingCall(Record):
    margin_call_id: int
    issued_ns: int
    """When it was issued, or last repeated."""


class OngoingLiquidation(Record):
    liquidation_id: int
    fee: int = 0


class Wallet(Record):
    """WAL-1. Instrument and position side are set for ISOLATED wallets only."""

    wallet_id: int
    account_id: int
    kind: WalletKind
    instrument_id: int | None = None
    position_side: PositionSide | None = None
    holdings: dict[int, Holding] = {}
    margin_call: StandingCall | None = None
    liquidation: OngoingLiquidation | None = None


class Settings(Record):
    """WAL-3: what an account chose for one instrument."""

    account_id: int
    instrument_id: int
    margin_mode: MarginMode
    leverage: int


class PositionRow(Record):
    """A `Position` in a snapshot: the same fields."""

    account_id: int
    instrument_id: int
    side: PositionSide
    wallet_id: int
    quantity: int
    entry_notional: int
    opened_seq: int


class OrderRow(Record):
    """An `Order` in a snapshot: the same fields."""

    order_id: int
    account_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: int
    quantity: int
    remaining: int
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    margin_mode: MarginMode
    assumed_price: int
    open_loss: int
    client_order_id: str | None
    liquidation_id: int | None
    quote: bool
    created_ns: int
    updated_ns: int
    status: OrderStatus = OrderStatus.ACCEPTED
    cancel_reason: CancelReason | None = None
    priority: int = 0
    locked: int = 0
    filled_notional: int = 0


class ClientOrder(Record):
    """ORD-7: the first request under a client order id, and what became of it."""

    account_id: int
    request: PlaceOrder
    time_ns: int
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class Counters(Record):
    """The last id given of each kind."""

    account: int
    wallet: int
    order: int = 0
    trade: int = 0
    margin_call: int = 0
    liquidation: int = 0
    priority: int = 0
