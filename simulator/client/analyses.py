"""What the exchange answers about what became of an account, and why: attribution, explanations.

Amounts are of the valuation asset. Gains are positive.
"""

from decimal import Decimal

from simulator.client.answers import Answer, MarginMode, PositionSide, WalletKind


class Attribution(Answer, frozen=True):
    """Where the change of equity came from: all parts together are `change`, exactly.

    `slippage` is of the account's own orders, `forced_fills` of the exchange's in a liquidation;
    `takeovers` is what the insurance fund took over against the mark; `adl` what was closed for
    others; `relief` a deficit that others paid.
    """

    account_id: int
    begin: int
    end: int
    begin_seq: int
    end_seq: int
    begin_equity: Decimal
    end_equity: Decimal
    change: Decimal
    price: Decimal
    slippage: Decimal
    fees: Decimal
    funding: Decimal
    interest: Decimal
    forced_fills: Decimal
    liquidation_fees: Decimal
    takeovers: Decimal
    adl: Decimal
    relief: Decimal
    transfers: Decimal


class CardSection(Answer, frozen=True):
    """A titled part of the card in words."""

    title: str
    lines: list[str]


class CardPosition(Answer, frozen=True):
    """Maintenance is notional * rate - deduction, rounded up."""

    symbol: str
    side: PositionSide
    leverage: int
    quantity: Decimal
    entry_price: Decimal
    entry_notional: Decimal
    mark_price: Decimal
    notional: Decimal
    unrealized_pnl: Decimal
    tier: int
    maintenance_margin_rate: Decimal
    deduction: Decimal
    maintenance_margin: Decimal
    liquidation_price: Decimal | None


class CardAsset(Answer, frozen=True):
    """An asset other than the valuation asset that the wallet held or owed, at its index."""

    asset: str
    symbol: str
    side: PositionSide
    held: Decimal
    owed: Decimal
    index_price: Decimal
    held_value: Decimal
    owed_value: Decimal
    liquidation_price: Decimal | None


class CardLoans(Answer, frozen=True):
    """What is owed in all, and the margin levels at which the wallet is called or goes."""

    debts: Decimal
    margin_level: Decimal
    call_level: Decimal
    liquidation_level: Decimal


class CardUnit(Answer, frozen=True):
    """Equity is balance - debt + unrealized PnL; the call margin is that of the positions / call
    ratio, and that of the loans."""

    balance: Decimal
    debt: Decimal
    debt_maintenance: Decimal
    unrealized_pnl: Decimal
    equity: Decimal
    maintenance_margin: Decimal
    call_margin: Decimal
    call_ratio: Decimal
    positions: list[CardPosition]
    assets: list[CardAsset]
    loans: CardLoans | None


class CardPoint(Answer, frozen=True):
    """The wallet at one mark of its main instrument."""

    seq: int
    time: int
    mark_price: Decimal
    equity: Decimal
    maintenance_margin: Decimal
    call_margin: Decimal


class CardCounterparty(Answer, frozen=True):
    """Who took a part of a step; without a trade it was the insurance fund, or by ADL.

    `amount` is set for an asset that the fund took or gave at index, as it may be under a lot.
    """

    account_id: int
    quantity: Decimal
    notional: Decimal
    price: Decimal | None
    trade_id: int | None
    amount: Decimal | None


class CardStep(Answer, frozen=True):
    seq: int
    time: int
    symbol: str
    side: PositionSide
    tier: int
    mark_price: Decimal
    takeover_price: Decimal
    quantity: Decimal
    equity: Decimal
    order_id: int | None
    counterparties: list[CardCounterparty]


class CardLine(Answer, frozen=True):
    """A transfer of double entry, as the ledger has it."""

    seq: int
    time: int
    kind: str
    source: str
    target: str
    asset: str
    amount: Decimal


class CardFund(Answer, frozen=True):
    """What the insurance fund got and gave; a shortfall is what it could not give."""

    liquidation_fee: Decimal
    taken_notional: Decimal
    deficit_paid: Decimal
    shortfall: Decimal


class CardCure(Answer, frozen=True):
    """Each of them ends a margin call; the last is 0 where nothing is owed."""

    quantity_to_reduce: Decimal
    amount_to_add: Decimal
    amount_to_repay: Decimal


class CardRemedy(Answer, frozen=True):
    """What would have avoided it, as a replay of the journal with this one change showed.

    `kind` is MARGIN, STOP, LEVERAGE, SIZE or MARGIN_MODE, and says which numbers there are.
    `equity` is the account's at the end of the replay, money added not counted.
    """

    kind: str
    time: int
    equity: Decimal
    recorded_equity: Decimal
    amount: Decimal | None
    own_funds: Decimal | None
    price: Decimal | None
    leverage: int | None
    quantity: Decimal | None
    margin_mode: MarginMode | None
    still_liquidated: bool


class Explanation(Answer, frozen=True):
    """The card of a margin call or a liquidation: words, and the numbers beside them.

    It is made of the journal's events up to `checked_until_seq`; `all_tried` is false where a
    replay from the beginning would have taken too long.
    """

    kind: str
    id: int
    title: str
    sections: list[CardSection]
    wallet: WalletKind
    symbol: str
    side: PositionSide
    opened: int
    called: int | None
    time: int
    seq: int
    ended: int | None
    outcome: str | None
    unit: CardUnit
    path: list[CardPoint]
    steps: list[CardStep]
    ledger: list[CardLine]
    fund: CardFund | None
    cure: CardCure | None
    remedies: list[CardRemedy]
    all_tried: bool
    checked_until: int
    checked_until_seq: int
