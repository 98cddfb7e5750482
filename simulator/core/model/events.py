"""Events, in the past tense: everything that can happen, and all that the state is made of.

An event carries what was decided, so that applying it decides nothing. They are journaled as
arrays with an integer tag. A tag is never reused; a field is only ever appended, with a default.
"""

import msgspec

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import (
    CallEnd,
    CancelReason,
    HaltReason,
    LiquidationOutcome,
    MarginMode,
    MarketState,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TransferKind,
    WalletKind,
)
from simulator.core.model.instruments import Asset, Instrument, RiskTier, WorldParameters
from simulator.core.model.rejects import RejectReason


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The base of all events."""


# -- the world ---------------------------------------------------------------------------------


class AssetDefined(Event, frozen=True, tag=1):
    asset: Asset


class InstrumentListed(Event, frozen=True, tag=2):
    instrument: Instrument
    tiers: tuple[RiskTier, ...]


class RiskTiersSet(Event, frozen=True, tag=3):
    instrument_id: int
    tiers: tuple[RiskTier, ...]


class WorldConfigured(Event, frozen=True, tag=4):
    parameters: WorldParameters


class MarketStateChanged(Event, frozen=True, tag=5):
    instrument_id: int
    state: MarketState
    reason: HaltReason


class TimeAdvanced(Event, frozen=True, tag=6):
    time_ns: int


class CommandRejected(Event, frozen=True, tag=7):
    """The refusal of a command other than an order."""

    reason: RejectReason
    needed: int | None
    available: int | None


# -- accounts and money ------------------------------------------------------------------------


class AccountOpened(Event, frozen=True, tag=10):
    account_id: int
    spot_wallet_id: int
    cross_wallet_id: int
    maker_fee_rate: int | None
    taker_fee_rate: int | None


class WalletOpened(Event, frozen=True, tag=11):
    """An ISOLATED wallet, opened at its first use."""

    wallet_id: int
    account_id: int
    kind: WalletKind
    instrument_id: int
    position_side: PositionSide


class Transferred(Event, frozen=True, tag=12):
    """One double entry (LED-2): `amount` of an asset from one ledger account to another.

    A SETTLEMENT from the lending pool is new settlement debt of the target, one to the pool
    repays it (BOR-6).
    """

    kind: TransferKind
    source: int
    target: int
    asset_id: int
    amount: int
    order_id: int | None = None
    trade_id: int | None = None
    liquidation_id: int | None = None
    reason: str | None = None


class MarginLocked(Event, frozen=True, tag=13):
    """WAL-4: what an isolated order now keeps locked in the CROSS wallet, in all."""

    order_id: int
    wallet_id: int
    amount: int


class LeverageSet(Event, frozen=True, tag=14):
    account_id: int
    instrument_id: int
    leverage: int


class MarginModeSet(Event, frozen=True, tag=15):
    account_id: int
    instrument_id: int
    margin_mode: MarginMode


class AccountReset(Event, frozen=True, tag=16):
    """WAL-7: all that the run before left is gone from the account; `run` begins."""

    account_id: int
    run: int
    endowment: int


# -- orders and trades -------------------------------------------------------------------------


class OrderAccepted(Event, frozen=True, tag=20):
    """`assumed_price` and `open_loss` (per quantity unit) are the order's margin terms (MARG-4)."""

    order_id: int
    account_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: int
    """The limit; of a market order the edge of the price band (ORD-3)."""
    quantity: int
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    margin_mode: MarginMode
    assumed_price: int
    open_loss: int
    client_order_id: str | None
    liquidation_id: int | None = None
    quote: bool = False


class OrderRejected(Event, frozen=True, tag=21):
    account_id: int
    instrument_id: int
    reason: RejectReason
    needed: int | None
    available: int | None
    client_order_id: str | None


class OrderRepeated(Event, frozen=True, tag=22):
    """ORD-7: the same request again; its first result stands."""

    account_id: int
    client_order_id: str
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class ClientOrderRecorded(Event, frozen=True, tag=29):
    """ORD-7: what a request with a client order id came to, kept for its repetition."""

    account_id: int
    request: PlaceOrder
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class OrderRested(Event, frozen=True, tag=23):
    order_id: int


class OrderCanceled(Event, frozen=True, tag=24):
    """What remained of an order is gone."""

    order_id: int
    account_id: int
    instrument_id: int
    quantity: int
    reason: CancelReason


class OrderAmended(Event, frozen=True, tag=25):
    """New terms of an open order; without `keeps_priority` it leaves the book for a new place."""

    order_id: int
    account_id: int
    price: int
    quantity: int
    keeps_priority: bool
    assumed_price: int
    open_loss: int


class TradeExecuted(Event, frozen=True, tag=26):
    """MAT-1: at the maker's price. A negative fee is a rebate."""

    trade_id: int
    instrument_id: int
    price: int
    quantity: int
    taker_side: Side
    taker_order_id: int
    maker_order_id: int
    taker_account_id: int
    maker_account_id: int
    taker_fee: int
    maker_fee: int
    taker_realized_pnl: int
    maker_realized_pnl: int


class QuotesReplaced(Event, frozen=True, tag=27):
    """A maker's old quotes left the book; these rest, numbered from `first_order_id` on."""

    account_id: int
    instrument_id: int
    first_order_id: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class PositionChanged(Event, frozen=True, tag=28):
    """UNIT-2: what is added to a position's signed quantity and signed entry notional.

    `realized_pnl` was settled by the transfer that follows.
    """

    account_id: int
    instrument_id: int
    position_side: PositionSide
    wallet_id: int
    quantity: int
    entry_notional: int
    realized_pnl: int
    trade_id: int | None = None
    liquidation_id: int | None = None


# -- prices ------------------------------------------------------------------------------------


class IndexPriceUpdated(Event, frozen=True, tag=30):
    instrument_id: int
    price: int


class MarkPriceUpdated(Event, frozen=True, tag=31):
    instrument_id: int
    price: int


# -- margin calls and liquidations ---------------------------------------------------------------


class MarginCallIssued(Event, frozen=True, tag=40):
    """CALL-1, with its cure. `repeated` when it stood already."""

    margin_call_id: int
    account_id: int
    wallet_id: int
    equity: int
    maintenance_margin: int
    call_margin: int
    instrument_id: int
    """The position with the largest maintenance margin; the next four fields are about it."""
    position_side: PositionSide
    mark_price: int
    liquidation_price: int | None
    quantity_to_reduce: int
    """Reducing the position by this at mark reaches the clearing line."""
    amount_to_add: int
    """Adding this to the wallet reaches the clearing line."""
    repeated: bool


class MarginCallEnded(Event, frozen=True, tag=41):
    margin_call_id: int
    wallet_id: int
    end: CallEnd
    equity: int


class LiquidationStarted(Event, frozen=True, tag=42):
    """LIQ-1: the unit's lines and the marks `(instrument_id, mark)` of its positions."""

    liquidation_id: int
    account_id: int
    wallet_id: int
    equity: int
    maintenance_margin: int
    call_margin: int
    marks: tuple[tuple[int, int], ...]


class LiquidationStepTaken(Event, frozen=True, tag=43):
    """LIQ-3, LIQ-4: what is about to be offered on the book, and down to which price.

    `order_id` is none when the unit has no equity left and the fund takes it all at mark.
    """

    liquidation_id: int
    instrument_id: int
    position_side: PositionSide
    tier: int
    mark_price: int
    takeover_price: int
    quantity: int
    equity: int
    order_id: int | None


class PositionTakenOver(Event, frozen=True, tag=44):
    """LIQ-6: the insurance fund took this much at this notional."""

    liquidation_id: int
    instrument_id: int
    position_side: PositionSide
    quantity: int
    notional: int


class LiquidationEnded(Event, frozen=True, tag=45):
    liquidation_id: int
    wallet_id: int
    outcome: LiquidationOutcome
    equity: int
    fee: int
    """The liquidation fees of all steps."""
    deficit: int
    """What the unit could not pay; the insurance fund did, as far as it could."""
    shortfall: int
    """The part of the deficit that the fund could not pay."""


class SweepPaged(Event, frozen=True, tag=46):
    """TIME-2: these units wait for `ContinueSweep`, in this order; an empty list ends the sweep."""

    wallet_ids: tuple[int, ...]


class FundUnloadScheduled(Event, frozen=True, tag=47):
    """LIQ-6: when the insurance fund next offers what it took over; none: it holds nothing."""

    time_ns: int | None


AnyEvent = (
    AssetDefined
    | InstrumentListed
    | RiskTiersSet
    | WorldConfigured
    | MarketStateChanged
    | TimeAdvanced
    | CommandRejected
    | AccountOpened
    | WalletOpened
    | Transferred
    | MarginLocked
    | LeverageSet
    | MarginModeSet
    | AccountReset
    | OrderAccepted
    | OrderRejected
    | OrderRepeated
    | ClientOrderRecorded
    | OrderRested
    | OrderCanceled
    | OrderAmended
    | TradeExecuted
    | QuotesReplaced
    | PositionChanged
    | IndexPriceUpdated
    | MarkPriceUpdated
    | MarginCallIssued
    | MarginCallEnded
    | LiquidationStarted
    | LiquidationStepTaken
    | PositionTakenOver
    | LiquidationEnded
    | SweepPaged
    | FundUnloadScheduled
)
