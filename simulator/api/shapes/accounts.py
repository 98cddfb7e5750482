"""Shapes of an account: joining, wallets, settings, positions, transfers."""

from typing import Annotated, Literal

import msgspec

from simulator.api.shapes.base import (
    PRINTABLE,
    DecimalText,
    MarginModeName,
    PositionModeName,
    PositionSideName,
    RecordId,
    RequestShape,
    Shape,
    Symbol,
    WalletKindName,
)

DisplayName = Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE, examples=["Ann"])]


class GuestRequest(RequestShape):
    """A guest may choose a name to be shown by."""

    display_name: DisplayName | None = None


class Guest(Shape, frozen=True):
    """The token is shown this once: send it as `Authorization: Bearer <token>`."""

    user_id: str
    token: str
    token_expires: int
    world: str
    account_id: int
    seq: int


class Account(Shape, frozen=True):
    account_id: int
    world: str
    label: str


class Accounts(Shape, frozen=True):
    items: list[Account]


class Settings(Shape, frozen=True):
    symbol: str
    margin_mode: MarginModeName
    leverage: int


class AccountDetail(Shape, frozen=True):
    """Fee rates of null mean the instrument's own."""

    account_id: int
    world: str
    label: str
    maker_fee_rate: str | None
    taker_fee_rate: str | None
    open_orders: int
    run: int
    """WAL-7: how often the account began anew, the first time included."""
    position_mode: PositionModeName
    settings: list[Settings]
    seq: int
    time: int


class WalletAsset(Shape, frozen=True):
    """WAL-2: one asset in a wallet, in its own unit; `value` in the valuation asset, at index."""

    asset: str
    balance: str
    locked: str
    borrowed: str
    interest: str
    settlement_debt: str
    value: str
    """Net of what is owed, without a haircut."""
    withdrawable: str
    """WAL-5: what may leave the wallet."""
    liquidation_price: str | None
    """The index at which the wallet would be liquidated if nothing else moved."""


class Wallet(Shape, frozen=True):
    """A wallet in the valuation asset. The margin lines are null where nothing can be liquidated.

    `margin_ratio` is maintenance over equity: liquidation at 1. It is null without a position, and
    when there is no equity left. `margin_level` is what the wallet holds over what it owes, at
    index; it is null without a debt. With debts alone `call_level` is where the margin call comes,
    and `liquidation_level` where the liquidation does.
    """

    wallet_id: int
    kind: WalletKindName
    symbol: str | None
    position_side: PositionSideName | None
    asset: str
    balance: str
    locked: str
    settlement_debt: str
    unrealized_pnl: str
    equity: str
    initial_margin: str | None
    call_margin: str | None
    maintenance_margin: str | None
    available_balance: str
    withdrawable: str
    margin_ratio: str | None
    margin_call_id: int | None
    clears_at_equity: str | None
    """While a margin call stands: the equity at which it is cleared."""
    liquidation_id: int | None
    collateral: str
    """MARG-1: the equity with the haircuts on what is held."""
    debts: str
    """Borrowed, and its interest, at index."""
    margin_level: str | None
    call_level: str | None
    liquidation_level: str | None
    borrow_leverage: int | None
    """BOR-5: the product of spot margin, of CROSS and of a pair's isolated wallet."""
    assets: list[WalletAsset]


class Wallets(Shape, frozen=True):
    items: list[Wallet]
    seq: int
    time: int


class Position(Shape, frozen=True):
    """`quantity` is zero for a position that was just closed; then there is nothing to divide."""

    symbol: str
    side: PositionSideName
    margin_mode: MarginModeName
    wallet_id: int
    leverage: int
    quantity: str
    entry_price: str
    mark_price: str
    notional: str
    unrealized_pnl: str
    roi: str
    initial_margin: str
    maintenance_margin: str
    margin: str
    margin_ratio: str | None
    liquidation_price: str | None
    """The nearer of the next two; only a cross hedge may have both."""
    liquidation_below: str | None
    liquidation_above: str | None
    liquidation_status: str
    """OK (the price is given), NEVER (no price liquidates), ALREADY (at or past the line)."""
    bankruptcy_price: str | None
    adl_rank: int | None = None
    """LIQ-7: its place in the queue of auto-deleveraging, 1 first; lists say it, pushes do not."""
    adl_lights: int | None = None
    """5 in the first fifth of the queue, 1 in the last."""


class ClosedPosition(Shape, frozen=True):
    """What a private channel says of a position that is no more."""

    symbol: str
    side: PositionSideName
    quantity: str = "0"


class Positions(Shape, frozen=True):
    items: list[Position]
    seq: int
    time: int


class TransferRequest(RequestShape):
    """WAL-5. For an ISOLATED wallet `symbol` and `position_side` say which one."""

    source: WalletKindName
    target: WalletKindName
    amount: DecimalText
    asset: str | None = None
    """The code of the asset; null for the valuation asset."""
    symbol: Symbol | None = None
    position_side: PositionSideName | None = None


class Transfer(Shape, frozen=True):
    """A transfer that was made, and the account's wallets after it."""

    source: WalletKindName
    target: WalletKindName
    asset: str
    amount: str
    seq: int
    time: int
    wallets: list[Wallet]


class DepositRequest(RequestShape):
    """WAL-6. `asset` null means the valuation asset."""

    wallet: Literal["CROSS", "SPOT"]
    amount: DecimalText
    asset: str | None = None


class Deposited(Shape, frozen=True):
    """A deposit that was made, and the account's wallets after it."""

    wallet: Literal["CROSS", "SPOT"]
    asset: str
    amount: str
    seq: int
    time: int
    wallets: list[Wallet]


class Reset(Shape, frozen=True):
    """The account at the beginning of its run number `run`."""

    account_id: int
    run: int
    seq: int
    time: int
    wallets: list[Wallet]


class PositionModeRequest(RequestShape):
    position_mode: PositionModeName


class PositionModeSet(Shape, frozen=True):
    position_mode: PositionModeName
    seq: int


class LeverageRequest(RequestShape):
    symbol: Symbol
    leverage: RecordId


class MarginModeRequest(RequestShape):
    symbol: Symbol
    margin_mode: MarginModeName


class SettingsChanged(Shape, frozen=True):
    settings: Settings
    seq: int
