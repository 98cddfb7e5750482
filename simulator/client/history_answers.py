"""What the exchange answers about what happened to an account."""

from decimal import Decimal

from simulator.client.answers import Answer, PositionSide


class LedgerEntry(Answer, frozen=True):
    """One transfer of double entry, from `source` to `target`."""

    seq: int
    index: int
    time: int
    kind: str
    source: str
    target: str
    asset: str
    amount: Decimal
    order_id: int | None
    trade_id: int | None
    liquidation_id: int | None
    reason: str | None


class MarginCall(Answer, frozen=True):
    """Reducing by `quantity_to_reduce` at mark, adding `amount_to_add`, or repaying debts of the
    value `amount_to_repay` out of the wallet cures it."""

    margin_call_id: int
    wallet_id: int
    issued: int
    issued_seq: int
    equity: Decimal
    maintenance_margin: Decimal
    call_margin: Decimal
    symbol: str
    position_side: PositionSide
    mark_price: Decimal
    liquidation_price: Decimal | None
    quantity_to_reduce: Decimal
    amount_to_add: Decimal
    amount_to_repay: Decimal
    repeats: int
    repeated: int | None
    ended: int | None
    ended_seq: int | None
    ended_by: str | None
    ended_equity: Decimal | None


class Liquidation(Answer, frozen=True):
    """The numbers of the end are None while it goes on."""

    liquidation_id: int
    wallet_id: int
    started: int
    started_seq: int
    equity: Decimal
    maintenance_margin: Decimal
    call_margin: Decimal
    ended: int | None
    ended_seq: int | None
    outcome: str | None
    ended_equity: Decimal | None
    fee: Decimal | None
    deficit: Decimal | None
    shortfall: Decimal | None


class LiquidationStep(Answer, frozen=True):
    """What was offered on the book, and down to which price."""

    seq: int
    time: int
    symbol: str
    position_side: PositionSide
    tier: int
    mark_price: Decimal
    takeover_price: Decimal
    quantity: Decimal
    equity: Decimal
    order_id: int | None


class Takeover(Answer, frozen=True):
    """What the insurance fund took, and for how much."""

    seq: int
    time: int
    symbol: str
    position_side: PositionSide
    quantity: Decimal
    notional: Decimal


class Deleveraging(Answer, frozen=True):
    """Whose position, of the other side, was closed against it, and for how much."""

    seq: int
    time: int
    symbol: str
    position_side: PositionSide
    account_id: int
    quantity: Decimal
    notional: Decimal


class FundingPayment(Answer, frozen=True):
    """What a position paid at a stamp, or received if negative; `quantity` is signed."""

    seq: int
    stamp: int
    symbol: str
    position_side: PositionSide
    wallet_id: int
    quantity: Decimal
    amount: Decimal


class LiquidationDetail(Liquidation, frozen=True):
    steps: list[LiquidationStep]
    takeovers: list[Takeover]
    deleveragings: list[Deleveraging]
    seq: int


class InterestCharge(Answer, frozen=True):
    """An hour of interest on what a wallet owed of an asset."""

    seq: int
    time: int
    wallet_id: int
    asset: str
    principal: Decimal
    daily_borrow_rate: Decimal
    interest: Decimal
