"""Commands, in the imperative: everything that can be asked of the exchange.

They are journaled as arrays with an integer tag. A tag is never reused; a field is only ever
appended, with a default. Commands carry ids and numbers, never names of people.
"""

import msgspec

from simulator.core.model.enums import (
    ListType,
    MarginMode,
    MarketState,
    OrderType,
    PositionMode,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WalletKind,
)
from simulator.core.model.instruments import Asset, Instrument, WorldParameters
from simulator.core.model.triggers import Trigger


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The base of all commands."""


class DefineAsset(Command, frozen=True, tag=1):
    asset: Asset


class ListInstrument(Command, frozen=True, tag=2):
    instrument: Instrument
    tiers: tuple[tuple[int, int | None, int, int], ...]
    """Rows `(floor, cap, maintenance_margin_rate, max_leverage)`."""


class SetRiskTiers(Command, frozen=True, tag=3):
    instrument_id: int
    tiers: tuple[tuple[int, int | None, int, int], ...]


class ConfigureWorld(Command, frozen=True, tag=4):
    parameters: WorldParameters


class SetMarketState(Command, frozen=True, tag=5):
    """An operator halts, auctions, opens or closes an instrument (MAT-2).

    `settlement_price` is for CLOSED: what positions are settled at; none: the last mark.
    """

    instrument_id: int
    state: MarketState
    settlement_price: int | None = None


class OpenAccount(Command, frozen=True, tag=10):
    """WAL-1. Fee rates of none mean the instrument's own (MAT-3)."""

    maker_fee_rate: int | None = None
    taker_fee_rate: int | None = None


class Deposit(Command, frozen=True, tag=11):
    """Paper money from the mint into a SPOT or CROSS wallet, or into the insurance fund."""

    wallet_id: int
    asset_id: int
    amount: int


class TransferFunds(Command, frozen=True, tag=12):
    """WAL-5: between wallets of one account.

    For an ISOLATED wallet `instrument_id` and `position_side` say which one.
    """

    account_id: int
    source: WalletKind
    target: WalletKind
    asset_id: int
    amount: int
    instrument_id: int | None = None
    position_side: PositionSide | None = None


class AdjustBalance(Command, frozen=True, tag=13):
    """LED-4: an operator's compensating entry against the mint, with a reason."""

    wallet_id: int
    asset_id: int
    amount: int
    """Positive adds, negative takes."""
    reason: str


class SetLeverage(Command, frozen=True, tag=14):
    account_id: int
    instrument_id: int
    leverage: int


class SetMarginMode(Command, frozen=True, tag=15):
    account_id: int
    instrument_id: int
    margin_mode: MarginMode


class SetPositionMode(Command, frozen=True, tag=16):
    account_id: int
    position_mode: PositionMode


class DepositFunds(Command, frozen=True, tag=17):
    """WAL-6: paper money that an account's owner asks for, to SPOT or CROSS, within the limit."""

    account_id: int
    target: WalletKind
    asset_id: int
    amount: int


class ResetAccount(Command, frozen=True, tag=18):
    """WAL-7: the account begins its next run, with nothing but `endowment` in CROSS."""

    account_id: int
    endowment: int


class PlaceOrder(Command, frozen=True, tag=20):
    """ORD-1. `price` is none for market orders; `keep_margin` is for reduce-only ones (WAL-4).

    In hedge mode `position_side` says whose position it opens or closes; one-way names none.
    `trigger` is of the types that wait for one; with `close_position` such an order closes all that
    there is when it fires, and its quantity is 0. `expires_ns` is of GTD orders.
    """

    account_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    quantity: int
    price: int | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    keep_margin: bool = False
    client_order_id: str | None = None
    position_side: PositionSide | None = None
    trigger: Trigger | None = None
    close_position: bool = False
    expires_ns: int | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    auto_borrow: bool = True
    """Spot margin (BOR-1): what the wallet lacks is borrowed when the order is placed."""
    auto_repay: bool = True
    """Spot margin (BOR-1): what the fills bring repays a debt in that asset."""


class AmendOrder(Command, frozen=True, tag=21):
    """ORD-8. `quantity` is the new total, filled part included; none leaves as it is."""

    account_id: int
    order_id: int
    price: int | None = None
    quantity: int | None = None
    trigger_price: int | None = None


class CancelOrder(Command, frozen=True, tag=22):
    account_id: int
    order_id: int


class CancelAllOrders(Command, frozen=True, tag=23):
    """All open orders of an account, or those on one instrument.

    `disconnected` when a connection that asked for it was lost: the orders end for that reason.
    """

    account_id: int
    instrument_id: int | None = None
    disconnected: bool = False


class ReplaceQuotes(Command, frozen=True, tag=24):
    """A market maker's whole set of levels `(price, quantity)`: the old set is canceled first.

    Levels that cross the book trade up to their price and rest with what remains.
    """

    account_id: int
    instrument_id: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class PlaceOrderList(Command, frozen=True, tag=60):
    """Orders that belong together, accepted or refused as a whole (ORD-1).

    OCO: a limit order and a trigger order, or two trigger orders, of one side and quantity. OTO and
    OTOCO: an entry, and one or two trigger orders that protect what it fills; their quantity is 0.
    """

    account_id: int
    list_type: ListType
    orders: tuple[PlaceOrder, ...]


class CancelOrderList(Command, frozen=True, tag=61):
    """All open orders of a list, whose id is that of its first order."""

    account_id: int
    list_id: int


class CountdownCancelAll(Command, frozen=True, tag=62):
    """ORD-8, the dead man's switch: cancels all orders unless it is sent again in time.

    `countdown_ns` of none disarms it. One switch per account, and one per instrument of it.
    """

    account_id: int
    countdown_ns: int | None
    instrument_id: int | None = None


class SetIndexPrices(Command, frozen=True, tag=30):
    """MARK-1: all index prices `(instrument_id, price)` of one moment."""

    prices: tuple[tuple[int, int], ...]


class AdvanceTime(Command, frozen=True, tag=31):
    """TIME-1: lets everything happen that is due up to `time_ns`."""

    time_ns: int


class FundLendingPool(Command, frozen=True, tag=80):
    """BOR-2: what may be lent, from the mint; a negative amount goes back to it."""

    asset_id: int
    amount: int


class BorrowFunds(Command, frozen=True, tag=81):
    """BOR-1: a loan into CROSS, or into the isolated wallet of a spot instrument."""

    account_id: int
    target: WalletKind
    asset_id: int
    amount: int
    instrument_id: int | None = None


class RepayFunds(Command, frozen=True, tag=82):
    """BOR-1: out of the free balance, interest first; an amount of none is all that can be."""

    account_id: int
    source: WalletKind
    asset_id: int
    amount: int | None = None
    instrument_id: int | None = None


class SetCrossLeverage(Command, frozen=True, tag=83):
    """BOR-5: which product of spot margin the CROSS wallet is (3x or 5x)."""

    account_id: int
    leverage: int


class SetHaircuts(Command, frozen=True, tag=84):
    """MARG-1: `(asset_id, haircut_rate)` of the assets named, from now on."""

    haircuts: tuple[tuple[int, int], ...]


class ContinueSweep(Command, frozen=True, tag=32):
    """TIME-2: the next page of a sweep, at the same time and marks."""


class SetFundingRates(Command, frozen=True, tag=33):
    """FND-1: recorded rates `(instrument_id, rate)` for the coming stamps, instead of samples."""

    rates: tuple[tuple[int, int], ...]


AnyCommand = (
    DefineAsset
    | ListInstrument
    | SetRiskTiers
    | ConfigureWorld
    | SetMarketState
    | OpenAccount
    | Deposit
    | TransferFunds
    | AdjustBalance
    | SetLeverage
    | SetMarginMode
    | SetPositionMode
    | DepositFunds
    | ResetAccount
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAllOrders
    | ReplaceQuotes
    | PlaceOrderList
    | CancelOrderList
    | CountdownCancelAll
    | SetIndexPrices
    | AdvanceTime
    | FundLendingPool
    | BorrowFunds
    | RepayFunds
    | SetCrossLeverage
    | SetHaircuts
    | ContinueSweep
    | SetFundingRates
)
