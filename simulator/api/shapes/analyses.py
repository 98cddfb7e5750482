"""Shapes of what became of an account, and why: attribution and explanations.

Amounts are of the valuation asset. Gains are positive.
"""

from simulator.api.shapes.base import MarginModeName, PositionSideName, Shape, WalletKindName


class Attribution(Shape, frozen=True):
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
    begin_equity: str
    end_equity: str
    change: str
    price: str
    slippage: str
    fees: str
    funding: str
    interest: str
    forced_fills: str
    liquidation_fees: str
    takeovers: str
    adl: str
    relief: str
    transfers: str


class CardSection(Shape, frozen=True):
    """A titled part of the card in words."""

    title: str
    lines: list[str]


class CardPosition(Shape, frozen=True):
    """Maintenance is notional * rate - deduction, rounded up."""

    symbol: str
    side: PositionSideName
    leverage: int
    quantity: str
    entry_price: str
    entry_notional: str
    mark_price: str
    notional: str
    unrealized_pnl: str
    tier: int
    maintenance_margin_rate: str
    deduction: str
    maintenance_margin: str
    liquidation_price: str | None


class CardAsset(Shape, frozen=True):
    """An asset other than the valuation asset that the wallet held or owed, at its index."""

    asset: str
    symbol: str
    side: PositionSideName
    held: str
    owed: str
    index_price: str
    held_value: str
    owed_value: str
    liquidation_price: str | None


class CardLoans(Shape, frozen=True):
    """MARG-6: what is owed in all, and the margin levels at which the wallet is called or goes."""

    debts: str
    margin_level: str
    call_level: str
    liquidation_level: str


class CardUnit(Shape, frozen=True):
    """Equity is balance - debt + unrealized PnL; the call margin is that of the positions / call
    ratio, and that of the loans."""

    balance: str
    debt: str
    debt_maintenance: str
    unrealized_pnl: str
    equity: str
    maintenance_margin: str
    call_margin: str
    call_ratio: str
    positions: list[CardPosition]
    assets: list[CardAsset]
    loans: CardLoans | None


class CardPoint(Shape, frozen=True):
    """The wallet at one mark of its main instrument."""

    seq: int
    time: int
    mark_price: str
    equity: str
    maintenance_margin: str
    call_margin: str


class CardCounterparty(Shape, frozen=True):
    """Who took a part of a step; without a trade it was the insurance fund, or by ADL.

    `amount` is set for an asset that the fund took or gave at index, as it may be under a lot.
    """

    account_id: int
    quantity: str
    notional: str
    price: str | None
    trade_id: int | None
    amount: str | None


class CardStep(Shape, frozen=True):
    seq: int
    time: int
    symbol: str
    side: PositionSideName
    tier: int
    mark_price: str
    takeover_price: str
    quantity: str
    equity: str
    order_id: int | None
    counterparties: list[CardCounterparty]


class CardLine(Shape, frozen=True):
    """A transfer of double entry, as the ledger has it."""

    seq: int
    time: int
    kind: str
    source: str
    target: str
    asset: str
    amount: str


class CardFund(Shape, frozen=True):
    """What the insurance fund got and gave; a shortfall is what it could not give."""

    liquidation_fee: str
    taken_notional: str
    deficit_paid: str
    shortfall: str


class CardCure(Shape, frozen=True):
    """Each of them ends a margin call; the last is 0 where nothing is owed."""

    quantity_to_reduce: str
    amount_to_add: str
    amount_to_repay: str


class CardRemedy(Shape, frozen=True):
    """What would have avoided it, as a replay of the journal with this one change showed.

    `kind` is MARGIN, STOP, LEVERAGE, SIZE or MARGIN_MODE, and says which numbers there are.
    `equity` is the account's at the end of the replay, money added not counted.
    """

    kind: str
    time: int
    equity: str
    recorded_equity: str
    amount: str | None
    own_funds: str | None
    price: str | None
    leverage: int | None
    quantity: str | None
    margin_mode: MarginModeName | None
    still_liquidated: bool


class Explanation(Shape, frozen=True):
    """The card of a margin call or a liquidation: words, and the numbers beside them.

    It is made of the journal's events up to `checked_until_seq`; `all_tried` is false where a
    replay from the beginning would have taken too long.
    """

    kind: str
    id: int
    title: str
    sections: list[CardSection]
    wallet: WalletKindName
    symbol: str
    side: PositionSideName
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
