"""What the exchange answers, as typed structs. Numbers are Decimal, exactly as they were sent.

Times are milliseconds since 1970 UTC: `time` and its like are world time, `server_time` is the
server's clock. `seq` is the place in the world's journal up to which an answer speaks. A field
that the exchange will send in the future and that this client does not know is left out.
"""

from decimal import Decimal
from typing import Generic, Literal, TypeVar

import msgspec

Side = Literal["BUY", "SELL"]
OrderType = Literal[
    "LIMIT",
    "MARKET",
    "STOP_MARKET",
    "STOP_LIMIT",
    "TAKE_PROFIT_MARKET",
    "TAKE_PROFIT_LIMIT",
    "TRAILING_STOP_MARKET",
]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTD"]
TriggerSource = Literal["MARK", "LAST", "INDEX"]
SelfTradePrevention = Literal["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
ListType = Literal["OCO", "OTO", "OTOCO"]
MarginMode = Literal["CROSS", "ISOLATED", "SPOT"]
PositionSide = Literal["LONG", "SHORT"]
PositionModeName = Literal["ONE_WAY", "HEDGE"]
WalletKind = Literal["SPOT", "CROSS", "ISOLATED"]
CandleSource = Literal["LAST", "MARK", "INDEX"]
ListOrder = Literal["NEWEST", "OLDEST"]

Item = TypeVar("Item")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the exchange answered."""


class Page(Answer, Generic[Item], frozen=True):
    """Part of a list; `next` is the cursor of what follows, None at the end."""

    items: list[Item]
    next: str | None = None
    seq: int = 0


# -- who calls -------------------------------------------------------------------------------------


class Guest(Answer, frozen=True):
    """A new user, its token and its account."""

    user_id: str
    token: str
    token_expires: int
    world: str
    account_id: int
    seq: int


class Login(Answer, frozen=True):
    user_id: str
    token: str
    token_expires: int


class Token(Answer, frozen=True):
    """`token_id` names a token and opens nothing. `current`: the one that the client uses."""

    token_id: str
    created: int
    expires: int
    current: bool


class Tokens(Answer, frozen=True):
    items: list[Token]


class Account(Answer, frozen=True):
    account_id: int
    world: str
    label: str


class OpenedAccount(Account, frozen=True):
    seq: int


class Accounts(Answer, frozen=True):
    items: list[Account]


class Me(Answer, frozen=True):
    """`kind` is GUEST or USER."""

    user_id: str
    kind: str
    name: str | None
    display_name: str | None
    is_admin: bool
    accounts: list[Account]


class ApiKey(Answer, frozen=True):
    """A key of one account; `scopes` are among READ, TRADE and TRANSFER."""

    api_key: str
    label: str
    scopes: list[str]
    created: int


class NewApiKey(ApiKey, frozen=True):
    """The secret is shown this once."""

    secret: str


class ApiKeys(Answer, frozen=True):
    items: list[ApiKey]


# -- an account ------------------------------------------------------------------------------------


class Settings(Answer, frozen=True):
    symbol: str
    margin_mode: MarginMode
    leverage: int


class SettingsChanged(Answer, frozen=True):
    settings: Settings
    seq: int


class AccountDetail(Answer, frozen=True):
    """Fee rates of None mean the instrument's own."""

    account_id: int
    world: str
    label: str
    maker_fee_rate: Decimal | None
    taker_fee_rate: Decimal | None
    open_orders: int
    position_mode: PositionModeName
    settings: list[Settings]
    seq: int
    time: int


class WalletAsset(Answer, frozen=True):
    """One asset in a wallet; `value` is net of what is owed, at index, in the valuation asset."""

    asset: str
    balance: Decimal
    locked: Decimal
    borrowed: Decimal
    interest: Decimal
    settlement_debt: Decimal
    value: Decimal
    withdrawable: Decimal
    liquidation_price: Decimal | None
    """The index at which the wallet would be liquidated if nothing else moved."""


class Wallet(Answer, frozen=True):
    """The margin lines are None where nothing can be liquidated; liquidation is at ratio 1.

    `margin_level` is what it holds over what it owes, None without a debt; with debts alone the
    margin call comes at `call_level`, and the liquidation at `liquidation_level`.
    """

    wallet_id: int
    kind: WalletKind
    symbol: str | None
    position_side: PositionSide | None
    asset: str
    balance: Decimal
    locked: Decimal
    settlement_debt: Decimal
    unrealized_pnl: Decimal
    equity: Decimal
    initial_margin: Decimal | None
    call_margin: Decimal | None
    maintenance_margin: Decimal | None
    available_balance: Decimal
    withdrawable: Decimal
    margin_ratio: Decimal | None
    margin_call_id: int | None
    clears_at_equity: Decimal | None
    liquidation_id: int | None
    collateral: Decimal
    """The equity with the haircuts on what is held."""
    debts: Decimal
    margin_level: Decimal | None
    call_level: Decimal | None
    liquidation_level: Decimal | None
    borrow_leverage: int | None
    assets: list[WalletAsset]


class Wallets(Answer, frozen=True):
    items: list[Wallet]
    seq: int
    time: int


class Position(Answer, frozen=True):
    """`liquidation_status` is OK, NEVER or ALREADY; the price is there when it is OK.

    `liquidation_price` is the nearer of those below and above the mark; only a cross hedge may
    have both.
    """

    symbol: str
    side: PositionSide
    margin_mode: MarginMode
    wallet_id: int
    leverage: int
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    notional: Decimal
    unrealized_pnl: Decimal
    roi: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    margin: Decimal
    margin_ratio: Decimal | None
    liquidation_price: Decimal | None
    liquidation_below: Decimal | None
    liquidation_above: Decimal | None
    liquidation_status: str
    bankruptcy_price: Decimal | None
    adl_rank: int | None = None
    """Its place in the queue of auto-deleveraging, 1 first; lists say it, pushes do not."""
    adl_lights: int | None = None
    """5 in the first fifth of the queue, 1 in the last."""


class Positions(Answer, frozen=True):
    items: list[Position]
    seq: int
    time: int


class Transfer(Answer, frozen=True):
    """A transfer that was made, and the account's wallets after it."""

    source: WalletKind
    target: WalletKind
    asset: str
    amount: Decimal
    seq: int
    time: int
    wallets: list[Wallet]


class Deposit(Answer, frozen=True):
    """Paper money that came in."""

    asset: str
    amount: Decimal
    seq: int


class Reset(Answer, frozen=True):
    """The account begins its next run."""

    seq: int
    run: int | None = None


class PositionMode(Answer, frozen=True):
    position_mode: PositionModeName


# -- orders ----------------------------------------------------------------------------------------


class Order(Answer, frozen=True):
    """Of a market order `price` is the band's edge.

    `status` is RESTING, FILLED or CANCELED; UNTRIGGERED while it waits for its trigger, PENDING
    while it waits for an entry. `list_id` is the id of the first order of its list.
    """

    order_id: int
    client_order_id: str | None
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    average_price: Decimal | None
    status: str
    cancel_reason: str | None
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    position_side: PositionSide | None
    margin_mode: MarginMode
    liquidation_id: int | None
    trigger_source: TriggerSource | None
    trigger_price: Decimal | None
    callback_rate: Decimal | None
    activation_price: Decimal | None
    close_position: bool
    expires: int | None
    self_trade_prevention: SelfTradePrevention
    list_id: int | None
    waits_for: int | None
    created: int
    updated: int


class Fill(Answer, frozen=True):
    """One account's half of a trade. A negative fee is a rebate; `liquidity` MAKER or TAKER."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    realized_pnl: Decimal
    liquidity: str
    time: int
    seq: int


class OrderResult(Answer, frozen=True):
    """An order as the command left it, and what it traded at once.

    `repeated`: the client order id was used before; this is that first order as it stands now.
    """

    order: Order
    fills: list[Fill]
    seq: int
    time: int
    repeated: bool = False


class OrderAnswer(Answer, frozen=True):
    order: Order
    seq: int


class CanceledOrders(Answer, frozen=True):
    order_ids: list[int]
    seq: int


class Refusal(Answer, frozen=True):
    """The first reason why an order would be refused."""

    code: str
    detail: str
    needed: Decimal | None
    available: Decimal | None


class Preview(Answer, frozen=True):
    """What an order would do now. Nothing is done."""

    accepted: bool
    refusal: Refusal | None
    filled_quantity: Decimal
    average_price: Decimal | None
    worst_price: Decimal | None
    fee: Decimal
    resting_quantity: Decimal
    rest_canceled: str | None
    needed: Decimal | None
    available: Decimal | None
    margin_locked: Decimal
    position_quantity: Decimal
    entry_price: Decimal | None
    liquidation_price: Decimal | None
    liquidation_status: str
    paid_asset: str | None
    """Of a spot order: what it pays with; `margin_locked` and `borrowed` are in it."""
    borrowed: Decimal
    margin_moved: Decimal
    call_distance: Decimal | None
    """How far the index may move against a spot order with a debt until the margin call."""
    seq: int
    time: int
