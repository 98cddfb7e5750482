"""What a spot order pays with, what it would borrow, and why it must not (BOR-1, BOR-2, WAL-4).

SPOT: all of it out of the free balance. CROSS: what the free balance lacks is borrowed. ISOLATED:
what the pair's wallet lacks is borrowed, but for what CROSS gives as margin. Everything is found in
numbers, on a copy of the wallet that runs ahead of the state, before the first deed.
"""

from simulator.core.model.enums import (
    AUCTION,
    BUY,
    CROSS_MARGIN,
    ISOLATED_MARGIN,
    ISOLATED_WALLET,
    SPOT_MARGIN,
    TransferKind,
)
from simulator.core.model.events import FundsLocked
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.margin_levels import initial_of_debts
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import RATE_ONE, divide_down, divide_up
from simulator.core.rules import borrowing, fills, margin, money, spot_fills, valuation
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.margin import UnitRisk
from simulator.core.rules.spot_fills import base_asset, fee_after
from simulator.core.rules.taking import Intent, Taken
from simulator.core.rules.valuation import Holdings
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order, Wallet


class Funding:
    """What an order locks, and where it comes from."""

    __slots__ = ("asset_id", "call_distance", "loan", "lock", "moved", "needed", "returned", "room")

    def __init__(self, asset_id: int, lock: int) -> None:
        self.asset_id = asset_id
        self.lock = lock
        self.loan = 0
        """What of it is borrowed."""
        self.moved = 0
        """What CROSS gives to an isolated wallet, in the quote asset,"""
        self.returned = 0
        """and what it first gets back of the order that is amended."""
        self.needed = lock
        """As it is told (ORD-10): what is taken of the balance or the margin,"""
        self.room = 0
        """and what there is for it."""
        self.call_distance: int | None = None
        """How far the index may move, as a rate, until the unit is called: after its fills (BOR-5);
        none where it would owe nothing, or nothing would fill."""


def fund_order(
    state: ExchangeState, intent: Intent, taken: Taken, resting: int
) -> tuple[Funding, Refusal | None]:
    """How the order would be paid for, and the first reason why it cannot be."""
    terms, asset_id = intent.exposure.record.terms, paid_asset(intent)
    funding = Funding(asset_id, lock_of(state, intent, taken, resting))
    wallet, held = _wallet_of(state, intent)
    if intent.replaces is not None:
        funding.returned = _take_back(state, wallet, held, intent.replaces)
    free = max(0, held.free(asset_id))
    shortfall = max(0, funding.lock - free)
    funding.room = free
    if shortfall and (intent.margin_mode is SPOT_MARGIN or not intent.auto_borrow):
        return funding, refuse(RejectReason.INSUFFICIENT_BALANCE, funding.lock, free)
    if intent.margin_mode is SPOT_MARGIN:
        return funding, None
    if intent.margin_mode is CROSS_MARGIN:
        funding.loan = shortfall
    elif shortfall:
        fee = funding.lock - taken.notional - terms.notional(resting, intent.limit)
        _split_isolated(state, intent, funding, shortfall, fee if intent.side is BUY else taken.fee)
    released = 0
    if intent.replaces is not None:
        released = spot_fills.shares_of(intent.replaces, intent.replaces.locked)[0]
    refusal = borrowing.pool_refusal(
        state, intent.account_id, asset_id, funding.loan, released if funding.loan else 0
    )
    if refusal is None:
        refusal = _margin_refusal(state, intent, taken, funding, (wallet, held))
    return funding, refusal


def fund_nothing(state: ExchangeState, intent: Intent) -> Funding:
    """Of an order that waits: until it fires it locks and borrows nothing (MARG-4)."""
    funding = Funding(paid_asset(intent), 0)
    _, held = _wallet_of(state, intent)
    funding.room = max(0, held.free(funding.asset_id))
    return funding


def paid_asset(intent: Intent) -> int:
    """What a buy pays with, or what a sell sells."""
    terms = intent.exposure.record.terms
    return terms.quote_asset_id if intent.side is BUY else base_asset(terms)


def lock_of(state: ExchangeState, intent: Intent, taken: Taken, resting: int) -> int:
    """What the fills and the rest at its limit would pay, fees included."""
    terms = intent.exposure.record.terms
    if intent.side is not BUY:
        return (taken.quantity + resting) * terms.base_multiplier
    paid = taken.notional + max(0, taken.fee)
    if resting:
        before = 0 if intent.replaces is None else intent.replaces.filled_notional
        rate = fills.fee_rate(intent.account, terms, maker=True)
        if intent.exposure.record.market_state is AUCTION:  # it may be the taker of the uncross
            rate = max(rate, fills.fee_rate(intent.account, terms, maker=False))
        rest = terms.notional(resting, intent.limit)
        paid += rest + max(0, fee_after(before + taken.notional, rest, rate))
    return paid


def _wallet_of(state: ExchangeState, intent: Intent) -> tuple[Wallet, Holdings]:
    """The wallet that trades; of an isolated pair that has none yet, one that is empty."""
    wallet_id = state.spot_wallet(intent.account_id, intent.instrument_id, intent.margin_mode)
    if wallet_id is None:
        wallet = Wallet(0, intent.account_id, ISOLATED_WALLET, intent.instrument_id)
        return wallet, Holdings(None)
    wallet = state.wallets[wallet_id]
    return wallet, Holdings(wallet)


def _take_back(state: ExchangeState, wallet: Wallet, held: Holdings, order: Order) -> int:
    """The wallet without the order that is amended, as `spot_fills.unlock` leaves it.

    Returns:
        What of its margin goes back to CROSS.
    """
    _, asset_id = state.payer_of(order)
    repaid, returned = spot_fills.shares_of(order, order.locked)
    held.lock(asset_id, -order.locked)
    held.repay(asset_id, repaid)
    returned = min(returned, spot_fills.returnable(state, wallet, held)) if returned else 0
    held.add(VALUATION_ASSET, -returned)
    return returned


def _split_isolated(
    state: ExchangeState, intent: Intent, funding: Funding, shortfall: int, fees: int
) -> None:
    """WAL-4: CROSS gives N/L and all costs, the pool lends the rest.

    A short borrows the whole of the base asset, so its N is what the wallet is worth afterwards:
    the proceeds and the margin, N/L = proceeds / (L - 1). Costs are fees, and the first hour of
    interest with what it requires.
    """
    leverage = intent.leverage
    costs = max(0, fees)
    if intent.side is BUY:
        costs = min(costs, shortfall)
        own = divide_up(shortfall - costs, leverage)
        funding.loan = shortfall - costs - own
        owed = funding.loan + borrowing.first_hour(state, funding.asset_id, funding.loan)
        costs += owed - funding.loan
        required = initial_of_debts(owed, 100 * leverage) - own
    else:
        funding.loan = shortfall
        owed = shortfall + borrowing.first_hour(state, funding.asset_id, shortfall)
        loan = valuation.value_down(state, funding.asset_id, shortfall)
        own = initial_of_debts(loan, 100 * leverage)
        costs += valuation.value_up(state, funding.asset_id, owed) - loan
        required = initial_of_debts(
            valuation.value_up(state, funding.asset_id, owed), 100 * leverage
        )
        required -= own
    funding.moved = own + costs + max(0, required)


def _margin_refusal(
    state: ExchangeState,
    intent: Intent,
    taken: Taken,
    funding: Funding,
    place: tuple[Wallet, Holdings],
) -> Refusal | None:
    """BOR-2, MARG-5: free collateral is not negative afterwards, or at least not less."""
    wallet, held = place
    isolated = intent.margin_mode is ISOLATED_MARGIN
    before = _free(state, wallet, margin.assess_with(state, wallet, held))
    terms = intent.exposure.record.terms
    if funding.moved:
        cross = intent.account.cross_wallet_id
        room = margin.withdrawable(state, cross)
        room += funding.returned
        funding.needed, funding.room = funding.moved, room
        if funding.moved > room:
            return refuse(RejectReason.INSUFFICIENT_MARGIN, funding.moved, room)
        held.add(terms.quote_asset_id, funding.moved)
    if funding.loan:
        hour = borrowing.first_hour(state, funding.asset_id, funding.loan)
        held.add(funding.asset_id, funding.loan)
        held.owe(funding.asset_id, funding.loan + hour)
    lent = margin.assess_with(state, wallet, held)
    if isolated and funding.loan and _free(state, wallet, lent) < 0:
        return _told(funding, before, _free(state, wallet, lent))
    _fill(held, intent, taken)
    after = margin.assess_with(state, wallet, held)
    if taken.quantity:
        funding.call_distance = _call_distance(state, wallet, held, after, base_asset(terms))
    free = _free(state, wallet, after)
    if isolated:
        debts = 0 if after.worth is None else after.worth.debts
        if funding.loan and debts and after.equity <= after.call_margin:
            return refuse(
                RejectReason.WOULD_CAUSE_MARGIN_CALL, after.call_margin, max(0, after.equity)
            )
        return None
    if free < 0 and (funding.loan or free < before):
        return _told(funding, before, free)
    if funding.loan:
        funding.needed, funding.room = max(0, before) - free, max(0, before)
    return None


def _call_distance(
    state: ExchangeState, wallet: Wallet, held: Holdings, risk: UnitRisk, base: int
) -> int | None:
    """(E - call margin) / value of the base asset; of a short also its call level rises with it."""
    if risk.worth is None or risk.worth.debts == 0:
        return None
    room, net = risk.equity - risk.call_margin, held.balance(base) - held.debt(base)
    if net > 0:
        moved = valuation.value_up(state, base, net)
    else:
        call, _ = valuation.product_levels(state, wallet)
        moved = divide_up(valuation.value_up(state, base, -net) * call, RATE_ONE)
    return divide_down(max(0, room) * RATE_ONE, moved) if moved else None


def _told(funding: Funding, before: int, free: int) -> Refusal:
    """What the order takes of the free collateral, and what there is."""
    funding.room = max(0, before)
    funding.needed = funding.room - free
    return refuse(RejectReason.INSUFFICIENT_MARGIN, funding.needed, funding.room)


def _free(state: ExchangeState, wallet: Wallet, risk: UnitRisk) -> int:
    """Free collateral; of a wallet that is not open yet by its debts alone."""
    if wallet.kind is ISOLATED_WALLET:
        debts = 0 if risk.worth is None else risk.worth.debt_initial
        return risk.collateral - max(risk.call_margin, debts)
    return risk.collateral - margin.initial_margin(state, risk)


def _fill(held: Holdings, intent: Intent, taken: Taken) -> None:
    """The wallet after what trades at once."""
    terms = intent.exposure.record.terms
    base, quote = base_asset(terms), terms.quote_asset_id
    moved = taken.quantity * terms.base_multiplier
    if intent.side is BUY:
        held.add(quote, -taken.notional - taken.fee)
        held.add(base, moved)
        got = (base, moved)
    else:
        held.add(base, -moved)
        held.add(quote, taken.notional - taken.fee)
        got = (quote, taken.notional - taken.fee)
    if intent.auto_repay:
        held.repay(*got)


# -- the deeds -------------------------------------------------------------------------------------


def fund(run: Execution, order: Order, funding: Funding) -> None:
    """Moves margin into an isolated wallet, borrows, and locks; then the order may trade."""
    state = run.state
    cause = money.Cause(order.order_id)
    if order.margin_mode is ISOLATED_MARGIN:
        wallet_id = fills.isolated_wallet(run, order.account_id, order.instrument_id, None)
        cross = state.accounts[order.account_id].cross_wallet_id
        money.receive(run, cross, wallet_id, TransferKind.TRANSFER, funding.moved, cause)
    wallet_id, asset_id = state.payer_of(order)
    borrowing.lend(run, wallet_id, asset_id, funding.loan, cause)
    if funding.lock:
        run.emit(
            FundsLocked(
                order.order_id, wallet_id, asset_id, funding.lock, funding.loan, funding.moved
            )
        )
