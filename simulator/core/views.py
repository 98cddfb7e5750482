"""Read-only summaries of the state, as clients ask for them: integers in, integers out.

Every number follows the rule named beside it; formulas live in `rules`. A value that does not
exist is none, never zero.
"""

import msgspec

from simulator.core.model.accounts import (
    FEES,
    INSURANCE_FUND,
    INTEREST_INCOME,
    LENDING_POOL,
    MINT,
    SHORTFALL,
)
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import CancelReason, MarginMode, PositionSide, Side, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal
from simulator.core.model.risk_tiers import initial_margin_at
from simulator.core.model.units import RATE_ONE, divide_down, divide_half_even, divide_up
from simulator.core.rules import margin, valuation
from simulator.core.rules.asset_views import AssetView, asset_views
from simulator.core.rules.deleveraging import ranked
from simulator.core.rules.fills import split_fill
from simulator.core.rules.liquidation_price import (
    Leg,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from simulator.core.rules.margin_calls import clear_line, unit_line
from simulator.core.rules.order_checks import check_order
from simulator.core.rules.order_plan import Plan, need_of
from simulator.core.rules.spot_plan import Funding
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position, Wallet


class WalletView(msgspec.Struct, frozen=True, kw_only=True):
    """One wallet in the valuation asset. The lines are none where nothing can be liquidated."""

    wallet_id: int
    account_id: int
    kind: WalletKind
    instrument_id: int | None
    position_side: PositionSide | None
    balance: int
    locked: int
    settlement_debt: int
    unrealized_pnl: int
    equity: int
    initial_margin: int | None
    call_margin: int | None
    maintenance_margin: int | None
    available_balance: int
    """MARG-5 (units), free balance (SPOT)."""
    withdrawable: int
    """WAL-5."""
    margin_ratio: int | None
    """MARG-6 as a rate; none without a position, or when there is no equity."""
    margin_call_id: int | None
    clears_at_equity: int | None
    liquidation_id: int | None
    collateral: int
    """MARG-1: with haircuts."""
    debts: int
    """Borrowed and interest, at index."""
    margin_level: int | None
    """MARG-6 as a rate; none without a debt."""
    call_level: int | None
    """BOR-5: the margin level of a margin call, where there are debts alone."""
    liquidation_level: int | None
    borrow_leverage: int | None
    """BOR-5: the product of spot margin, of CROSS and of a pair's isolated wallet."""
    assets: tuple[AssetView, ...]


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """One position. Prices in price units, amounts in minor units, ratios as rates."""

    account_id: int
    instrument_id: int
    side: PositionSide
    margin_mode: MarginMode
    wallet_id: int
    leverage: int
    quantity: int
    entry_price: int
    """Half-even from the exact entry notional (UNIT-2)."""
    mark_price: int
    notional: int
    unrealized_pnl: int
    roi: int
    """UPNL over the initial margin at mark."""
    initial_margin: int
    maintenance_margin: int
    margin: int
    """Isolated: the wallet's net assets. Cross: the initial margin at mark."""
    margin_ratio: int | None
    liquidation_price: int | None
    """Of the two below the one that the mark would reach first; a cross hedge may have both."""
    liquidation_below: int | None
    liquidation_above: int | None
    liquidation_status: str
    bankruptcy_price: int | None


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would do now (`rules.order_plan`), and the position it would leave."""

    accepted: bool
    refusal: Refusal | None
    filled_quantity: int
    average_price: int | None
    worst_price: int | None
    fee: int
    resting_quantity: int
    rest_canceled: CancelReason | None
    needed: int
    available: int
    margin_locked: int
    position_quantity: int
    entry_price: int | None
    liquidation_price: int | None
    liquidation_status: str
    borrowed: int = 0
    """BOR-1: what a spot order would borrow, in minor units of the asset that it pays with."""
    margin_moved: int = 0
    """WAL-4: what CROSS would give an isolated spot order, in the quote asset."""
    paid_asset_id: int | None = None
    """Of a spot order: what it pays with; `margin_locked` is in it."""
    call_distance: int | None = None
    """Of a spot order that leaves a debt: the move of the index to the margin call, as a rate."""


def wallet_view(state: ExchangeState, wallet_id: int) -> WalletView:
    wallet = state.wallets[wallet_id]
    holding = state.holding(wallet_id)
    at_risk = state.is_unit(wallet_id)
    risk = margin.assess(state, wallet_id)
    has_position = wallet_id in state.unit_positions
    initial = margin.initial_margin(state, risk) if at_risk else None
    if initial is None:
        available = max(0, holding.balance - holding.locked)
    else:
        available = max(0, risk.collateral - initial)
    call = wallet.margin_call
    owes = risk.worth is not None and risk.worth.debts > 0
    levels = valuation.product_levels(state, wallet) if owes else None
    return WalletView(
        wallet_id=wallet_id,
        account_id=wallet.account_id,
        kind=wallet.kind,
        instrument_id=wallet.instrument_id,
        position_side=wallet.position_side,
        balance=holding.balance,
        locked=holding.locked,
        settlement_debt=holding.settlement_debt,
        unrealized_pnl=risk.unrealized_pnl,
        equity=risk.equity,
        initial_margin=initial,
        call_margin=risk.call_margin if at_risk else None,
        maintenance_margin=risk.maintenance_margin if at_risk else None,
        available_balance=available,
        withdrawable=margin.withdrawable(state, wallet_id) if at_risk else available,
        margin_ratio=margin.margin_ratio_rate(risk) if at_risk and has_position else None,
        margin_call_id=None if call is None else call.margin_call_id,
        clears_at_equity=None if call is None else clear_line(state, risk),
        liquidation_id=None if wallet.liquidation is None else wallet.liquidation.liquidation_id,
        collateral=risk.collateral,
        debts=0 if risk.worth is None else risk.worth.debts,
        margin_level=None if risk.worth is None else valuation.margin_level(risk.worth),
        call_level=None if levels is None else levels[0],
        liquidation_level=None if levels is None else levels[1],
        borrow_leverage=_borrow_leverage(state, wallet),
        assets=asset_views(state, wallet, risk),
    )


def _borrow_leverage(state: ExchangeState, wallet: Wallet) -> int | None:
    if wallet.kind == WalletKind.CROSS:
        return state.accounts[wallet.account_id].cross_leverage
    if wallet.kind == WalletKind.ISOLATED and wallet.position_side is None:
        if wallet.instrument_id is not None:
            return state.settings(wallet.account_id, wallet.instrument_id).leverage
    return None


def account_wallets(state: ExchangeState, account_id: int) -> list[WalletView]:
    """SPOT, CROSS, then the isolated wallets in use, in order of instrument."""
    account = state.accounts[account_id]
    views = [
        wallet_view(state, account.spot_wallet_id),
        wallet_view(state, account.cross_wallet_id),
    ]
    for instrument_id in sorted(state.exposures.get(account_id, {})):
        for side in (PositionSide.LONG, PositionSide.SHORT, None):
            wallet = state.isolated_wallets.get((account_id, instrument_id, side))
            if wallet is not None and _is_in_use(state, wallet):
                views.append(wallet_view(state, wallet.wallet_id))
    return views


def _is_in_use(state: ExchangeState, wallet: Wallet) -> bool:
    """A position, a debt, or (for spot orders) something that is held."""
    if wallet.wallet_id in state.unit_positions or wallet.wallet_id in state.debtors:
        return True
    return any(holding.balance for holding in wallet.holdings.values())


def positions_of(state: ExchangeState, account_id: int) -> list[PositionView]:
    """The account's open positions, in order of instrument, long first."""
    views: list[PositionView] = []
    for instrument_id in sorted(state.exposures.get(account_id, {})):
        exposure = state.exposures[account_id][instrument_id]
        for position in (exposure.long, exposure.short):
            if position is not None:
                views.append(position_view(state, position))
    return views


def position_view(state: ExchangeState, position: Position) -> PositionView:
    record = state.instruments[position.instrument_id]
    risk = margin.assess(state, position.wallet_id)
    settings = state.settings(position.account_id, position.instrument_id)
    notional = margin.notional_at_mark(position, record)
    pnl = margin.unrealized_pnl(position, record)
    initial = initial_margin_at(record.tiers, notional, settings.leverage)
    mark = margin.mark_of(record)
    line = unit_line(state, risk, position)
    price = liquidation_price(line, record.tiers, mark)
    isolated = settings.margin_mode == MarginMode.ISOLATED
    return PositionView(
        account_id=position.account_id,
        instrument_id=position.instrument_id,
        side=position.side,
        margin_mode=settings.margin_mode,
        wallet_id=position.wallet_id,
        leverage=settings.leverage,
        quantity=abs(position.quantity),
        entry_price=_entry_price(record, position.quantity, position.entry_notional),
        mark_price=mark,
        notional=notional,
        unrealized_pnl=pnl,
        roi=divide_down(pnl * RATE_ONE, initial),
        initial_margin=initial,
        maintenance_margin=divide_up(margin.position_maintenance(position, record), RATE_ONE),
        margin=risk.net_assets if isolated else initial,
        margin_ratio=margin.margin_ratio_rate(risk),
        liquidation_price=price.nearest(mark),
        liquidation_below=price.below,
        liquidation_above=price.above,
        liquidation_status=price.status,
        bankruptcy_price=bankruptcy_price(line),
    )


class AdlPlace(msgspec.Struct, frozen=True, kw_only=True):
    """LIQ-7: where a position stands in the queue of its side."""

    rank: int
    """1 is the first to be auto-deleveraged."""
    positions: int
    """How many stand in the queue."""
    lights: int
    """5 for the first fifth of the queue, down to 1 for the last."""


def adl_place(state: ExchangeState, position: Position) -> AdlPlace | None:
    """The position's place; none while its unit is in liquidation, and of the fund's."""
    queue = ranked(state, position.instrument_id, position.side)
    for rank, candidate in enumerate(queue, start=1):
        if candidate.position is position:
            lights = 5 - 5 * (rank - 1) // len(queue)
            return AdlPlace(rank=rank, positions=len(queue), lights=lights)
    return None


def _entry_price(record: InstrumentRecord, quantity: int, entry_notional: int) -> int:
    multiplier = record.terms.notional_multiplier
    return divide_half_even(abs(entry_notional), abs(quantity) * multiplier)


def depth(
    state: ExchangeState, instrument_id: int, most_levels: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Bids and asks as (price, quantity), best first."""
    book = state.books[instrument_id]
    sides: list[list[tuple[int, int]]] = []
    for side in (book.bids, book.asks):
        levels: list[tuple[int, int]] = []
        for level in side.levels_from_best():
            if len(levels) == most_levels:
                break
            levels.append((level.price, level.quantity))
        sides.append(levels)
    return sides[0], sides[1]


def level_quantity(state: ExchangeState, instrument_id: int, side: Side, price: int) -> int:
    """The quantity resting at a price; 0 if none."""
    level = state.books[instrument_id].own_side(side).levels.get(price)
    return 0 if level is None else level.quantity


def preview(state: ExchangeState, command: PlaceOrder) -> PreviewView:
    """What `PlaceOrder` would do now: the same check, and no deed."""
    plan = check_order(state, command)
    if isinstance(plan, Refusal):
        return PreviewView(
            accepted=False,
            refusal=plan,
            filled_quantity=0,
            average_price=None,
            worst_price=None,
            fee=0,
            resting_quantity=0,
            rest_canceled=None,
            needed=plan.needed or 0,
            available=plan.available or 0,
            margin_locked=0,
            position_quantity=0,
            entry_price=None,
            liquidation_price=None,
            liquidation_status="never",
        )
    if plan.funding is not None:
        return _spot_preview(state, plan, plan.funding)
    return _accepted_preview(state, plan)


def _spot_preview(state: ExchangeState, plan: Plan, funding: Funding) -> PreviewView:
    """Of a spot order: no position is made; what it locks, borrows and moves."""
    return PreviewView(
        accepted=True,
        refusal=None,
        filled_quantity=plan.filled_quantity,
        average_price=_average_price(state, plan),
        worst_price=plan.fills[-1][1] if plan.fills else None,
        fee=plan.fee,
        resting_quantity=plan.resting_quantity,
        rest_canceled=plan.rest_canceled,
        needed=plan.required,
        available=plan.cover,
        margin_locked=funding.lock,
        position_quantity=0,
        entry_price=None,
        liquidation_price=None,
        liquidation_status="never",
        borrowed=funding.loan,
        margin_moved=funding.moved,
        paid_asset_id=funding.asset_id,
        call_distance=funding.call_distance,
    )


def _average_price(state: ExchangeState, plan: Plan) -> int | None:
    if not plan.filled_quantity:
        return None
    terms = state.instruments[plan.intent.instrument_id].terms
    return divide_half_even(plan.filled_notional, plan.filled_quantity * terms.notional_multiplier)


def _accepted_preview(state: ExchangeState, plan: Plan) -> PreviewView:
    """The position afterwards counts the fills, and what rests as if it filled at its price."""
    intent = plan.intent
    record = state.instruments[intent.instrument_id]
    quantity, entry, realized = _position_after(state, plan)
    after = _line_after(state, plan, (quantity, entry, realized))
    needed, available = need_of(state, plan)
    price = None
    status = "never"
    if quantity:
        found = liquidation_price(after, record.tiers, margin.mark_of(record))
        price = found.nearest(margin.mark_of(record))
        status = found.status
    return PreviewView(
        accepted=True,
        refusal=None,
        filled_quantity=plan.filled_quantity,
        average_price=_average_price(state, plan),
        worst_price=plan.fills[-1][1] if plan.fills else None,
        fee=plan.fee,
        resting_quantity=plan.resting_quantity,
        rest_canceled=plan.rest_canceled,
        needed=needed,
        available=available,
        margin_locked=plan.lock,
        position_quantity=quantity,
        entry_price=_entry_price(record, quantity, entry) if quantity else None,
        liquidation_price=price,
        liquidation_status=status,
    )


def _position_after(state: ExchangeState, plan: Plan) -> tuple[int, int, int]:
    """Signed quantity, signed entry notional and realized PnL after all of the order filled."""
    intent = plan.intent
    terms = intent.exposure.record.terms
    position = intent.exposure.leg(intent.position_side)
    quantity, entry = (0, 0) if position is None else (position.quantity, position.entry_notional)
    realized = 0
    trades = [(price, each) for _, price, each in plan.fills]
    if plan.resting_quantity:
        trades.append((intent.limit, plan.resting_quantity))
    for price, each in trades:
        parts = split_fill(quantity, entry, intent.side, each, price, terms)
        quantity += intent.side * each
        entry += intent.side * parts.opened_notional - parts.closed_entry
        realized += parts.realized_pnl
    return quantity, entry, realized


def _line_after(state: ExchangeState, plan: Plan, position_after: tuple[int, int, int]) -> UnitLine:
    """The unit as it would be: isolated with its margin moved in, cross with PnL and fee."""
    intent = plan.intent
    exposure = intent.exposure
    quantity, entry, realized = position_after
    if intent.margin_mode == MarginMode.ISOLATED:
        held = _isolated_margin_after(state, plan, quantity, entry)
        return UnitLine(quantity, entry, exposure.multiplier, held, 0, 0)
    risk = margin.assess(state, intent.account.cross_wallet_id)
    position = exposure.leg(intent.position_side)
    if position is not None:
        line = unit_line(state, risk, position)
    else:
        line = UnitLine(0, 0, 0, 0, risk.unrealized_pnl, risk.exact_maintenance)
        beside = exposure.long or exposure.short
        if beside is not None:
            line = unit_line(state, risk, beside)
            line = line._replace(opposite=Leg(beside.quantity, beside.entry_notional))
    return line._replace(
        quantity=quantity,
        entry_notional=entry,
        multiplier=exposure.multiplier,
        wallet=risk.net_assets + realized - plan.fee,
    )


def _isolated_margin_after(state: ExchangeState, plan: Plan, quantity: int, entry: int) -> int:
    """WAL-4: what the position keeps of its margin, and `N / L` of what the order opens."""
    intent = plan.intent
    position = intent.exposure.leg(intent.position_side)
    if position is None or position.quantity * quantity < 0:
        return divide_up(abs(entry), intent.leverage)
    held = margin.net_assets(state.wallets[position.wallet_id])
    if abs(quantity) <= abs(position.quantity):
        return held * abs(quantity) // abs(position.quantity)
    opened = abs(entry) - abs(position.entry_notional)
    return held + divide_up(opened, intent.leverage)


class WorldTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The live books check: who holds what of the valuation asset; it all sums to zero."""

    wallets: int
    insurance_fund: int
    fees: int
    clearing: int
    lending_pool: int
    interest_income: int
    shortfall: int
    mint: int


def world_totals(state: ExchangeState) -> WorldTotals:
    ledger = state.ledger
    total = dict.fromkeys(("fees", "clearing", "lending_pool", "interest_income"), 0)
    names = {
        FEES: "fees",
        LENDING_POOL: "lending_pool",
        INTEREST_INCOME: "interest_income",
    }
    for (account, asset_id), balance in ledger.balances.items():
        if asset_id == VALUATION_ASSET and account not in (MINT, SHORTFALL):
            total[names.get(account, "clearing")] += balance
    fund = state.holding(INSURANCE_FUND).balance
    return WorldTotals(
        wallets=ledger.wallet_total.get(VALUATION_ASSET, 0) - fund,
        insurance_fund=fund,
        fees=total["fees"],
        clearing=total["clearing"],
        lending_pool=total["lending_pool"],
        interest_income=total["interest_income"],
        shortfall=ledger.balance(SHORTFALL, VALUATION_ASSET),
        mint=ledger.balance(MINT, VALUATION_ASSET),
    )
