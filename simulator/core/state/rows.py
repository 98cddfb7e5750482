"""What the state is made of, as it stands in snapshots.

Rows are msgspec structs, so a snapshot is their encoding and nothing else. Fields are appended with
defaults, never removed. What rules read and write lives as plain classes (`state.records`,
`state.order`, `state.position`) with the same fields, and becomes rows in a snapshot.
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
    PositionMode,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WalletKind,
)
from simulator.core.model.instruments import Asset, Instrument, RiskTier, WorldParameters
from simulator.core.model.rejects import RejectReason
from simulator.core.model.triggers import Trigger


class Row(msgspec.Struct, array_like=True, gc=False):
    """The base of all rows. They hold no cycles, so the garbage collector may pass them by."""


class InstrumentRow(Row):
    terms: Instrument
    tiers: tuple[RiskTier, ...]
    market_state: MarketState = MarketState.HALTED
    halt_reason: HaltReason = HaltReason.AWAITING_INDEX
    index_price: int | None = None
    index_time_ns: int = 0
    mark_price: int | None = None
    last_price: int | None = None
    mid_samples: tuple[tuple[int, int, int], ...] = ()
    """MARK-2: runs (last second, count, bid + ask - 2 * index), oldest first."""
    premium_count: int = 0
    premium_total: int = 0
    """FND-1: how many premiums were sampled since the last stamp, and their sum, each times its
    number."""
    next_funding_ns: int | None = None
    funding_rate: int | None = None
    """The last that was settled."""
    recorded_funding_rate: int | None = None


class FundingRun(Row):
    """FND-2: a stamp whose payments are being made."""

    instrument_id: int
    stamp_ns: int
    rate: int
    mark_price: int
    positions_done: int = 0
    paid: int = 0
    completed: bool = False


class AccountRow(Row):
    account_id: int
    spot_wallet_id: int
    cross_wallet_id: int
    maker_fee_rate: int | None = None
    taker_fee_rate: int | None = None
    run: int = 1
    deposited: int = 0
    position_mode: PositionMode = PositionMode.ONE_WAY
    cross_leverage: int = 3


class HoldingRow(Row):
    balance: int = 0
    locked: int = 0
    settlement_debt: int = 0
    borrowed: int = 0
    interest: int = 0


class StandingCall(Row):
    margin_call_id: int
    issued_ns: int
    """When it was issued, or last repeated."""


class OngoingLiquidation(Row):
    liquidation_id: int
    fee: int = 0
    insured: int = 0
    """What the insurance fund has paid of the unit's deficit."""
    cooldowns: tuple[tuple[int, PositionSide, int | None], ...] = ()
    """LIQ-10: positions (instrument, side) whose first step is done, and until when they wait;
    none: no longer."""


class WalletRow(Row):
    wallet_id: int
    account_id: int
    kind: WalletKind
    instrument_id: int | None = None
    position_side: PositionSide | None = None
    holdings: dict[int, HoldingRow] = {}
    margin_call: StandingCall | None = None
    liquidation: OngoingLiquidation | None = None


class SettingsRow(Row):
    account_id: int
    instrument_id: int
    margin_mode: MarginMode
    leverage: int


class PositionRow(Row):
    account_id: int
    instrument_id: int
    side: PositionSide
    wallet_id: int
    quantity: int
    entry_notional: int
    opened_seq: int


class OrderRow(Row):
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
    """Its place in the queue of its price: lower is earlier."""
    locked: int = 0
    """What it keeps locked in CROSS (isolated)."""
    filled_notional: int = 0
    position_side: PositionSide | None = None
    """In hedge mode the position that it opens or closes."""
    trigger: Trigger | None = None
    close_position: bool = False
    expires_ns: int | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    list_id: int | None = None
    waits_for: int | None = None
    watermark: int | None = None
    """Of an active trailing stop: the most favorable price so far."""
    auto_repay: bool = False
    loan: int = 0
    """What was borrowed when it was placed (BOR-1)."""
    moved: int = 0
    """What CROSS gave its isolated wallet for it, in the quote asset (spot, WAL-4)."""
    auto_borrow: bool = False


class ClientOrder(Row):
    """ORD-7: the first request under a client order id, and what became of it."""

    account_id: int
    request: PlaceOrder
    time_ns: int
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class CountersRow(Row):
    account: int
    wallet: int
    order: int = 0
    trade: int = 0
    margin_call: int = 0
    liquidation: int = 0
    priority: int = 0


class Snapshot(msgspec.Struct, array_like=True, kw_only=True):
    """Everything there is, in canonical order; its encoding is what the state hash is taken of."""

    seq: int
    time_ns: int
    parameters: WorldParameters
    counters: CountersRow
    assets: list[Asset]
    instruments: list[InstrumentRow]
    accounts: list[AccountRow]
    wallets: list[WalletRow]
    settings: list[SettingsRow]
    positions: list[PositionRow]
    orders: list[OrderRow]
    client_orders: list[ClientOrder]
    ledger: list[tuple[int, int, int]]
    """(ledger account, asset, balance) of every ledger account that is no wallet."""
    pending_sweep: list[int]
    fund_unload_at_ns: int | None
    funding_runs: list[FundingRun] = []
    pending_triggers: list[int] = []
    countdowns: list[tuple[int, int | None, int]] = []
    """(account, instrument or none for all, time) of every armed dead man's switch."""
    interest_due_ns: int | None = None
