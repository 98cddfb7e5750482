"""Shapes of what happened to an account: ledger, margin calls, liquidations."""

from simulator.api.shapes.base import PositionSideName, Shape


class LedgerEntry(Shape, frozen=True):
    """LED-2: one transfer of double entry, from `source` to `target`.

    Accounts of the ledger are named `wallet:<id>`, `fees`, `mint`, `clearing:<n>` and so on.
    """

    seq: int
    index: int
    time: int
    kind: str
    source: str
    target: str
    asset: str
    amount: str
    order_id: int | None
    trade_id: int | None
    liquidation_id: int | None
    reason: str | None


class MarginCall(Shape, frozen=True):
    """CALL-1, with the numbers of its first issue and its cure.

    Reducing the position by `quantity_to_reduce` at mark, adding `amount_to_add` to the wallet, or
    repaying debts of the value `amount_to_repay` out of what it holds reaches the clearing line.
    """

    margin_call_id: int
    wallet_id: int
    issued: int
    issued_seq: int
    equity: str
    maintenance_margin: str
    call_margin: str
    symbol: str
    position_side: PositionSideName
    mark_price: str
    liquidation_price: str | None
    quantity_to_reduce: str
    amount_to_add: str
    amount_to_repay: str
    repeats: int
    repeated: int | None
    ended: int | None
    ended_seq: int | None
    ended_by: str | None
    """CURED, LIQUIDATED or CLOSED; null while it stands."""
    ended_equity: str | None


class Liquidation(Shape, frozen=True):
    """LIQ-9. The numbers of the end are null while it goes on."""

    liquidation_id: int
    wallet_id: int
    started: int
    started_seq: int
    equity: str
    maintenance_margin: str
    call_margin: str
    ended: int | None
    ended_seq: int | None
    outcome: str | None
    ended_equity: str | None
    fee: str | None
    deficit: str | None
    shortfall: str | None


class LiquidationStep(Shape, frozen=True):
    """LIQ-3, LIQ-4: what was offered on the book, and down to which price.

    `order_id` is null when there was no equity left and the fund took all at mark.
    """

    seq: int
    time: int
    symbol: str
    position_side: PositionSideName
    tier: int
    mark_price: str
    takeover_price: str
    quantity: str
    equity: str
    order_id: int | None


class Takeover(Shape, frozen=True):
    """LIQ-6: what the insurance fund took, and for how much."""

    seq: int
    time: int
    symbol: str
    position_side: PositionSideName
    quantity: str
    notional: str


class Deleveraging(Shape, frozen=True):
    """LIQ-7: whose position, of the other side, was closed against it, and for how much."""

    seq: int
    time: int
    symbol: str
    position_side: PositionSideName
    account_id: int
    quantity: str
    notional: str


class FundingPayment(Shape, frozen=True):
    """FND-2: what a position paid at a stamp, or received if negative; `quantity` is signed."""

    seq: int
    stamp: int
    symbol: str
    position_side: PositionSideName
    wallet_id: int
    quantity: str
    amount: str


class LiquidationDetail(Liquidation, frozen=True):
    steps: list[LiquidationStep]
    takeovers: list[Takeover]
    deleveragings: list[Deleveraging]
    seq: int
