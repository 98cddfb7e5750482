"""MARG: the risk of a unit as one value, and what it may still do.

A unit is a wallet that can be liquidated: CROSS, or one ISOLATED wallet. Its three lines travel
together: initial >= call >= maintenance. Amounts are minor units of the valuation asset;
requirements are summed exactly (in 1e-12 of a minor unit) and rounded up once (UNIT-3).
"""

from simulator.core.model.enums import (
    CROSS_MARGIN,
    CROSS_WALLET,
    ISOLATED_WALLET,
    LONG,
    OPEN,
    SHORT,
    SPOT_WALLET,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.risk_tiers import initial_margin_at, maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules import valuation
from simulator.core.rules.valuation import Worth
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure, OrderTotals
from simulator.core.state.records import InstrumentRecord, Position, Wallet


class UnitRisk:
    """MARG-1 to MARG-3 of one unit.

    `exact_maintenance` is the maintenance margin times 1e12, before rounding.
    """

    __slots__ = (
        "call_margin",
        "equity",
        "exact_maintenance",
        "net_assets",
        "unrealized_pnl",
        "wallet_id",
        "worth",
    )

    def __init__(
        self,
        wallet_id: int,
        net_assets: int,
        unrealized_pnl: int,
        equity: int,
        exact_maintenance: int,
        call_margin: int,
        worth: Worth | None = None,
    ) -> None:
        self.wallet_id = wallet_id
        self.net_assets = net_assets
        self.unrealized_pnl = unrealized_pnl
        self.equity = equity
        self.exact_maintenance = exact_maintenance
        self.call_margin = call_margin
        self.worth = worth
        """Set if it holds more than the valuation asset, or borrowed anything."""

    @property
    def collateral(self) -> int:
        """MARG-1: equity less the haircuts on what is held."""
        if self.worth is None:
            return self.equity
        return self.equity - (self.worth.gross - self.worth.collateral)

    @property
    def debt_call(self) -> int:
        """The debts' part of the call margin, times 1e12."""
        return 0 if self.worth is None else self.worth.debt_call

    @property
    def position_maintenance(self) -> int:
        """The positions' part of the maintenance margin, times 1e12."""
        if self.worth is None:
            return self.exact_maintenance
        return self.exact_maintenance - self.worth.debt_maintenance

    @property
    def maintenance_margin(self) -> int:
        """MARG-2. Rounded when it is asked for: the call line, which is above it, is met first."""
        return divide_up(self.exact_maintenance, RATE_ONE)


def call_margin_of(exact_maintenance: int, call_ratio: int, debt_call: int = 0) -> int:
    """The positions' `maintenance / call_ratio` and the debts' part, rounded up once (MARG-3)."""
    if debt_call == 0:
        return divide_up(exact_maintenance, call_ratio)
    return divide_up(exact_maintenance * RATE_ONE + debt_call * call_ratio, call_ratio * RATE_ONE)


def unrealized_pnl(position: Position, record: InstrumentRecord) -> int:
    """`s * Q * (MP - EP)`, exact: signed notional at mark less signed entry notional."""
    terms = record.terms
    mark = mark_of(record)
    return position.quantity * mark * terms.notional_multiplier - position.entry_notional


def mark_of(record: InstrumentRecord) -> int:
    """The mark price; a position cannot exist without one."""
    if record.mark_price is None:
        raise AssertionError(f"{record.terms.symbol} has a position but no mark price")
    return record.mark_price


def notional_at_mark(position: Position, record: InstrumentRecord) -> int:
    """|Q| * MP in minor units."""
    return record.terms.notional(abs(position.quantity), mark_of(record))


def position_maintenance(position: Position, record: InstrumentRecord) -> int:
    """The position's own exact maintenance at mark."""
    return maintenance_at(record.tiers, notional_at_mark(position, record))


def net_assets(wallet: Wallet) -> int:
    """WAL-2: balance less settlement debt, of a wallet that holds the valuation asset alone."""
    holding = wallet.holdings.get(VALUATION_ASSET)
    return 0 if holding is None else holding.balance - holding.settlement_debt


def assess(state: ExchangeState, wallet_id: int) -> UnitRisk:
    """MARG-1 to MARG-3 for one unit, at the marks of now."""
    wallet = state.wallets[wallet_id]
    holding = wallet.holdings.get(VALUATION_ASSET)
    if wallet_id in state.debtors or len(wallet.holdings) > (0 if holding is None else 1):
        return _assess_assets(state, wallet, None)
    assets = 0 if holding is None else holding.balance
    positions = state.unit_positions.get(wallet_id)
    if positions is None:
        return UnitRisk(wallet_id, assets, 0, assets, 0, 0)
    pnl = 0
    exact = 0
    for position in positions.values():
        record = state.instruments[position.instrument_id]
        signed = position.quantity * mark_of(record) * record.terms.notional_multiplier
        pnl += signed - position.entry_notional
        exact += maintenance_at(record.tiers, abs(signed))
    call_margin = divide_up(exact, state.parameters.call_ratio)
    return UnitRisk(wallet_id, assets, pnl, assets + pnl, exact, call_margin)


def assess_with(state: ExchangeState, wallet: Wallet, held: valuation.Holdings) -> UnitRisk:
    """As `assess`, if the wallet held and owed this."""
    return _assess_assets(state, wallet, held)


def _assess_assets(
    state: ExchangeState, wallet: Wallet, held: valuation.Holdings | None
) -> UnitRisk:
    """A unit with other assets than the valuation asset, or with debts."""
    worth = valuation.worth_of(state, wallet, held)
    pnl, exact = 0, 0
    for position in state.unit_positions.get(wallet.wallet_id, {}).values():
        record = state.instruments[position.instrument_id]
        pnl += unrealized_pnl(position, record)
        exact += position_maintenance(position, record)
    call_margin = call_margin_of(exact, state.parameters.call_ratio, worth.debt_call)
    exact += worth.debt_maintenance
    equity = worth.net + pnl
    return UnitRisk(wallet.wallet_id, worth.net, pnl, equity, exact, call_margin, worth)


def exposure_requirement(exposure: Exposure, buys: OrderTotals, sells: OrderTotals) -> int:
    """MARG-4 of one exposure with its positions as they are, and with these open orders."""
    if exposure.hedged:
        return hedge_requirement(exposure, hedge_sizes(exposure), (buys, sells))
    return one_way_requirement(exposure, exposure.net_quantity(), buys, sells)


def hedge_sizes(exposure: Exposure) -> tuple[int, int]:
    """The quantities of the long and the short position, neither negative."""
    return exposure.leg_quantity(LONG), -exposure.leg_quantity(SHORT)


def hedge_requirement(
    exposure: Exposure, sizes: tuple[int, int], totals: tuple[OrderTotals, OrderTotals]
) -> int:
    """MARG-4 in hedge mode: each side alone, `(N + its opening orders) / L`, plus open losses.

    An order that closes is reduce-only there, so it is in no total.
    """
    required = totals[0].open_loss + totals[1].open_loss
    for notional in hedge_notionals(exposure, sizes, totals):
        if notional:
            leverage = exposure.settings.leverage
            required += initial_margin_at(exposure.record.tiers, notional, leverage)
    return required


def hedge_notionals(
    exposure: Exposure, sizes: tuple[int, int], totals: tuple[OrderTotals, OrderTotals]
) -> tuple[int, int]:
    """Of the long and the short side: the position at mark and what its orders would open."""
    value = mark_of(exposure.record) * exposure.multiplier if sizes[0] or sizes[1] else 0
    return sizes[0] * value + totals[0].notional, sizes[1] * value + totals[1].notional


def one_way_requirement(exposure: Exposure, net: int, buys: OrderTotals, sells: OrderTotals) -> int:
    """MARG-4 in one-way mode: the position-and-order part, and the open loss.

    `max(|p + B|, |p - S|) / L` with p, the signed position `net`, at mark, plus the open loss of
    what the orders would open. Position and orders are given, as they are or as they would be.
    """
    required = order_part(exposure, net, buys.notional, sells.notional)
    if buys.open_loss:
        required += _opening_part(buys, -net)
    if sells.open_loss:
        required += _opening_part(sells, net)
    return required


def order_part(exposure: Exposure, net: int, buys: int, sells: int) -> int:
    """`max(|p + B|, |p - S|) / L` (MARG-4)."""
    record = exposure.record
    signed = net * mark_of(record) * exposure.multiplier if net else 0
    # B and S are not negative: of the two ends p + B and p - S the further from zero counts.
    larger = signed + buys
    if sells - signed > larger:
        larger = sells - signed
    if larger == 0:
        return 0
    return initial_margin_at(record.tiers, larger, exposure.settings.leverage)


def opening_notionals(exposure: Exposure) -> tuple[int, ...]:
    """What bears initial margin there: of a hedge each side, else the larger end (MARG-4)."""
    totals = (exposure.buys, exposure.sells)
    if exposure.hedged:
        return hedge_notionals(exposure, hedge_sizes(exposure), totals)
    net = exposure.net_quantity()
    signed = net * mark_of(exposure.record) * exposure.multiplier if net else 0
    return (max(abs(signed + totals[0].notional), abs(signed - totals[1].notional)),)


def _opening_part(orders: OrderTotals, reducible: int) -> int:
    """The open loss of what is left after an opposite position is reduced to zero, pro rata."""
    if reducible <= 0:
        return orders.open_loss
    if orders.quantity <= reducible:
        return 0
    return divide_up(orders.open_loss * (orders.quantity - reducible), orders.quantity)


def initial_margin(state: ExchangeState, risk: UnitRisk, released: int = 0) -> int:
    """MARG-4 of a unit, never under its call margin.

    The orders of an isolated exposure are in its lock in CROSS; so an ISOLATED unit requires
    `N / L` of its position at mark alone, and CROSS adds all locks. `released` is how much of the
    lock would be free.
    """
    wallet = state.wallets[risk.wallet_id]
    debts = 0 if risk.worth is None else risk.worth.debt_initial
    if wallet.kind is ISOLATED_WALLET:
        return max(risk.call_margin, debts + _isolated_initial(state, wallet.wallet_id))
    return max(risk.call_margin, debts + cross_requirement(state, wallet) - released)


def cross_requirement(state: ExchangeState, wallet: Wallet, beside: Exposure | None = None) -> int:
    """The locks in a CROSS wallet and what its exposures require, `beside` one of them.

    Spot orders add nothing (MARG-4): what they pay with is there, or was borrowed.
    """
    required = 0
    by_instrument = state.exposures.get(wallet.account_id)
    if by_instrument is not None:
        for exposure in by_instrument.values():
            if exposure is beside or exposure.is_spot:
                continue
            required += exposure.locked
            if exposure.settings.margin_mode is CROSS_MARGIN:
                required += exposure_requirement(exposure, exposure.buys, exposure.sells)
    return required


def _isolated_initial(state: ExchangeState, wallet_id: int) -> int:
    required = 0
    for position in state.unit_positions.get(wallet_id, {}).values():
        record = state.instruments[position.instrument_id]
        leverage = state.settings(position.account_id, position.instrument_id).leverage
        required += initial_margin_at(record.tiers, notional_at_mark(position, record), leverage)
    return required


def free_collateral(state: ExchangeState, risk: UnitRisk) -> int:
    """MARG-5: collateral less initial margin."""
    return risk.collateral - initial_margin(state, risk)


def withdrawable(state: ExchangeState, wallet_id: int, asset_id: int = VALUATION_ASSET) -> int:
    """WAL-5: what may leave a wallet now.

    SPOT: the free balance. CROSS: at most the free balance, and free collateral with each
    position's positive UPNL left out. ISOLATED: its balance, and what its equity has above the
    larger of initial margin at mark and call margin. While a unit borrows, only down to the
    transfer level.
    """
    return max(0, withdrawal_room(state, wallet_id, 0, asset_id))


def withdrawal_room(
    state: ExchangeState, wallet_id: int, released: int, asset_id: int = VALUATION_ASSET
) -> int:
    """`withdrawable` if `released` of the wallet's lock were free; may be below zero."""
    wallet = state.wallets[wallet_id]
    holding = state.holding(wallet_id, asset_id)
    free_balance = holding.balance - holding.locked + released
    if wallet.kind is SPOT_WALLET:
        return free_balance
    settlement_debt = state.holding(wallet_id).settlement_debt
    if settlement_debt > 0:
        return -settlement_debt  # any inflow repays it first (BOR-6)
    if wallet.liquidation is not None:
        return 0
    if wallet_id not in state.unit_positions and wallet_id not in state.debtors:
        if not _has_cross_orders(state, wallet):
            return free_balance
    risk = assess(state, wallet_id)
    room = _spare_collateral(state, wallet, risk, released)
    if risk.worth is None:
        return min(free_balance, room)
    return min(free_balance, _amount_of(state, wallet, risk, asset_id, room))


def _spare_collateral(state: ExchangeState, wallet: Wallet, risk: UnitRisk, released: int) -> int:
    """Collateral above initial margin, each position's positive UPNL in CROSS left out."""
    profit = 0
    if wallet.kind is CROSS_WALLET:
        for position in state.unit_positions.get(wallet.wallet_id, {}).values():
            record = state.instruments[position.instrument_id]
            profit += max(0, unrealized_pnl(position, record))
    return risk.collateral - initial_margin(state, risk, released=released) - profit


def _amount_of(
    state: ExchangeState, wallet: Wallet, risk: UnitRisk, asset_id: int, room: int
) -> int:
    """How much of an asset so much collateral is, and how much the transfer level lets go."""
    worth = risk.worth
    if worth is None:
        raise AssertionError("a unit with the valuation asset alone needs no amounts of others")
    in_pair = wallet.kind is ISOLATED_WALLET
    haircut = 0 if in_pair else valuation.haircut_of(state, asset_id)
    amount = valuation.amount_within(state, asset_id, room, haircut)
    if worth.debts == 0:
        return amount
    kept = divide_up(worth.debts * state.parameters.transfer_level, RATE_ONE)
    return min(amount, valuation.amount_within(state, asset_id, worth.gross - kept, 0))


def _has_cross_orders(state: ExchangeState, wallet: Wallet) -> bool:
    for exposure in state.exposures.get(wallet.account_id, {}).values():
        if exposure.orders and exposure.settings.margin_mode is CROSS_MARGIN:
            if not exposure.is_spot:
                return True
    return False


def margin_ratio_rate(risk: UnitRisk) -> int | None:
    """MARG-6: maintenance / equity as a rate, rounded up; none when there is no equity."""
    if risk.equity <= 0:
        return None
    return divide_up(risk.exact_maintenance, risk.equity)


PositionRank = tuple[int, int, int, int]


def rank_by_maintenance(position: Position, record: InstrumentRecord) -> PositionRank:
    """LIQ-3: the largest maintenance first; ties: larger N, then instrument, long first."""
    return (
        -position_maintenance(position, record),
        -notional_at_mark(position, record),
        position.instrument_id,
        0 if position.side is LONG else 1,
    )


def largest_position(state: ExchangeState, wallet_id: int) -> Position | None:
    """The first of a unit's positions in the order of LIQ-3, none if it has none."""
    best: Position | None = None
    best_rank: PositionRank | None = None
    for position in state.unit_positions.get(wallet_id, {}).values():
        rank = rank_by_maintenance(position, state.instruments[position.instrument_id])
        if best_rank is None or rank < best_rank:
            best, best_rank = position, rank
    return best


def is_open(record: InstrumentRecord) -> bool:
    """Whether orders and liquidations may trade the instrument (MAT-2)."""
    return record.market_state is OPEN


def position_limit(record: InstrumentRecord, leverage: int) -> int | None:
    """ORD-2: the cap of the highest tier whose max leverage is at least L; none: unlimited.

    L counts as no more than what any tier allows: new tiers may have left it above all of them.
    """
    for tier in reversed(record.tiers):
        if tier.max_leverage >= leverage:
            return tier.cap
    return record.tiers[0].cap
