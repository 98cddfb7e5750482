"""Margin as the rule book says it, over everything, with no thought of speed.

Maintenance walks the tiers with their marginal rates, and knows nothing of deductions. Lines are
rounded up once, at the end (UNIT-3), because the exchange keeps them as integers.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from simulator.core.model.enums import MarginMode, PositionSide, Side, WalletKind
from simulator.core.model.units import RATE_ONE
from tests.twins.naive_world import NaiveInstrument, NaiveWorld, TierRow


def maintenance_of(notional: int, tiers: list[TierRow]) -> int:
    """Each slice of the notional at the rate of its own tier, times 1e12 (MARG-2)."""
    required = 0
    for floor, cap, rate, _ in tiers:
        top = notional if cap is None else min(notional, cap)
        if top > floor:
            required += (top - floor) * rate
    return required


def leverage_cap(notional: int, tiers: list[TierRow]) -> int:
    """The highest leverage that the tier of this notional allows."""
    for _, cap, _, highest in tiers:
        if cap is None or notional <= cap:
            return highest
    raise AssertionError("the last tier is open-ended")


def ceiling(numerator: int, denominator: int) -> int:
    return ceil(Fraction(numerator, denominator))


def value(instrument: NaiveInstrument, quantity: int, price: int) -> int:
    return quantity * price * instrument.terms.notional_multiplier


def mark_of(instrument: NaiveInstrument) -> int:
    assert instrument.mark is not None
    return instrument.mark


@dataclass(frozen=True)
class NaiveRisk:
    """MARG-1 to MARG-3 and MARG-6 of one unit; `maintenance` is exact, times 1e12."""

    wallet_id: int
    equity: int
    maintenance: int
    call_ratio: int

    @property
    def maintenance_margin(self) -> int:
        return ceiling(self.maintenance, RATE_ONE)

    @property
    def call_margin(self) -> int:
        return ceiling(self.maintenance, self.call_ratio)

    @property
    def margin_ratio(self) -> Fraction | None:
        return Fraction(self.maintenance, self.equity * RATE_ONE) if self.equity > 0 else None


def risk_of(world: NaiveWorld, wallet_id: int) -> NaiveRisk:
    equity = world.balance(wallet_id) - world.debts.get(wallet_id, 0)
    maintenance = 0
    for instrument_id, position in world.positions_in(wallet_id):
        instrument = world.instruments[instrument_id]
        signed = value(instrument, position.quantity, mark_of(instrument))
        equity += signed - position.entry
        maintenance += maintenance_of(abs(signed), instrument.tiers)
    return NaiveRisk(wallet_id, equity, maintenance, world.parameters.call_ratio)


def clear_line(world: NaiveWorld, risk: NaiveRisk) -> int:
    """Where a standing call is cleared: 1.05 times the call line (CALL-1)."""
    return ceiling(risk.call_margin * world.parameters.clear_ratio, RATE_ONE)


# -- MARG-4, MARG-5 ------------------------------------------------------------------------------


def initial_margin_of(world: NaiveWorld, risk: NaiveRisk) -> int:
    wallet = world.wallets[risk.wallet_id]
    if wallet.kind == WalletKind.ISOLATED:
        required = _isolated_initial(world, risk.wallet_id)
    else:
        required = _cross_initial(world, wallet.account_id)
    return max(risk.call_margin, required)


def free_collateral_of(world: NaiveWorld, risk: NaiveRisk) -> int:
    return risk.equity - initial_margin_of(world, risk)


def withdrawable_of(world: NaiveWorld, wallet_id: int) -> int:
    """WAL-5, for CROSS and ISOLATED."""
    risk = risk_of(world, wallet_id)
    wallet = world.wallets[wallet_id]
    if wallet.liquidation is not None or world.debts.get(wallet_id, 0) > 0:
        return 0
    free_balance, profit = world.balance(wallet_id), 0
    if wallet.kind == WalletKind.CROSS:
        free_balance -= locked_by(world, wallet.account_id)
        for instrument_id, position in world.positions_in(wallet_id):
            instrument = world.instruments[instrument_id]
            signed = value(instrument, position.quantity, mark_of(instrument))
            profit += max(0, signed - position.entry)
    return max(0, min(free_balance, free_collateral_of(world, risk) - profit))


def locked_by(world: NaiveWorld, account_id: int) -> int:
    return sum(
        lock
        for order_id, lock in world.locks.items()
        if world.terms[order_id].account_id == account_id
    )


def _isolated_initial(world: NaiveWorld, wallet_id: int) -> int:
    account_id = world.wallets[wallet_id].account_id
    required = 0
    for instrument_id, position in world.positions_in(wallet_id):
        instrument = world.instruments[instrument_id]
        notional = abs(value(instrument, position.quantity, mark_of(instrument)))
        leverage = world.leverage(account_id, instrument_id)
        required += _divided(notional, leverage, instrument.tiers)
    return required


def _divided(notional: int, leverage: int, tiers: list[TierRow]) -> int:
    return ceiling(notional, min(leverage, leverage_cap(notional, tiers)))


def _cross_initial(world: NaiveWorld, account_id: int) -> int:
    """Positions, orders and open loss of the cross instruments, and the locks of isolated ones."""
    required = locked_by(world, account_id)
    for instrument_id, instrument in world.instruments.items():
        if world.mode(account_id, instrument_id) == MarginMode.CROSS:
            required += _exposure_initial(world, account_id, instrument_id, instrument)
    return required


def order_totals(
    world: NaiveWorld, account_id: int, instrument_id: int, side: Side
) -> tuple[int, int, int]:
    """Quantity, assumed notional and open loss of the open orders that may open."""
    instrument = world.instruments[instrument_id]
    quantity, notional, loss = 0, 0, 0
    for order_id, terms in world.terms.items():
        if (terms.account_id, terms.instrument_id, terms.side) != (account_id, instrument_id, side):
            continue
        if not terms.reduce_only and not terms.waits:
            remaining = world.books.order(order_id).remaining
            quantity += remaining
            notional += value(instrument, remaining, terms.assumed_price)
            loss += remaining * terms.open_loss
    return quantity, notional, loss


def _exposure_initial(
    world: NaiveWorld, account_id: int, instrument_id: int, instrument: NaiveInstrument
) -> int:
    net = world.net(account_id, instrument_id)
    bought, buys, buy_loss = order_totals(world, account_id, instrument_id, Side.BUY)
    sold, sells, sell_loss = order_totals(world, account_id, instrument_id, Side.SELL)
    held = [key for key in world.positions if key[:2] == (account_id, instrument_id)]
    if not held and bought == 0 and sold == 0:
        return 0
    if account_id in world.hedged:
        required = buy_loss + sell_loss
        for side, opening in ((PositionSide.LONG, buys), (PositionSide.SHORT, sells)):
            leg = abs(world.leg(account_id, instrument_id, side))
            notional = value(instrument, leg, mark_of(instrument)) + opening
            leverage = world.leverage(account_id, instrument_id)
            required += _divided(notional, leverage, instrument.tiers) if notional else 0
        return required
    signed = value(instrument, net, mark_of(instrument))
    larger = max(abs(signed + buys), abs(signed - sells))
    required = _divided(larger, world.leverage(account_id, instrument_id), instrument.tiers)
    if bought > max(0, -net):
        required += ceiling(buy_loss * (bought - max(0, -net)), bought)
    if sold > max(0, net):
        required += ceiling(sell_loss * (sold - max(0, net)), sold)
    return required
