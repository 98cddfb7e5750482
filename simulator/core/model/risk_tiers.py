"""Margin by tier: what a notional requires under an instrument's table (MARG-2, MARG-4)."""

from simulator.core.model.instruments import RiskTier
from simulator.core.model.units import RATE_ONE, divide_up


def derive_deductions(rows: list[tuple[int, int | None, int, int]]) -> tuple[RiskTier, ...]:
    """Risk tiers from rows `(floor, cap, maintenance_margin_rate, max_leverage)` (MARG-2).

    `cum_1 = 0; cum_k = cum_{k-1} + floor_k * (MMR_k - MMR_{k-1})`, in whole minor units.

    Raises:
        ValueError: the rows leave a hole, overlap, fall in rate or rise in leverage.
    """
    if not rows:
        raise ValueError("a risk table needs at least one tier")
    tiers: list[RiskTier] = []
    deduction = 0
    floor_expected = 0
    rate_before = 0
    leverage_before = None
    for number, (floor, cap, rate, max_leverage) in enumerate(rows, start=1):
        last = number == len(rows)
        if floor != floor_expected:
            raise ValueError(f"tier {number}: floor {floor} should be {floor_expected}")
        if last != (cap is None):
            raise ValueError(f"tier {number}: the last tier, and only it, has no cap")
        if cap is not None and cap <= floor:
            raise ValueError(f"tier {number}: cap {cap} should be above its floor {floor}")
        if not rate_before < rate < RATE_ONE:
            raise ValueError(
                f"tier {number}: maintenance_margin_rate should rise from tier to tier, below 1"
            )
        if max_leverage < 1 or (leverage_before is not None and max_leverage > leverage_before):
            raise ValueError(f"tier {number}: max_leverage should fall from tier to tier, to 1")
        if rate * max_leverage > RATE_ONE:
            raise ValueError(
                f"tier {number}: maintenance_margin_rate should be below 1/{max_leverage}, "
                "the initial margin rate at its max_leverage"
            )
        if number > 1:
            step, remainder = divmod(floor * (rate - rate_before), RATE_ONE)
            if remainder:
                raise ValueError(
                    f"tier {number}: floor times the step of the rate should be a whole number of "
                    "minor units; use fewer decimals in maintenance_margin_rate"
                )
            deduction += step
        tiers.append(RiskTier(floor, cap, rate, max_leverage, deduction))
        floor_expected = cap if cap is not None else 0
        rate_before = rate
        leverage_before = max_leverage
    return tuple(tiers)


def tier_at(tiers: tuple[RiskTier, ...], notional: int) -> RiskTier:
    """The tier with `floor < notional <= cap`; a notional of zero is in the first."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            return tier
    raise AssertionError("the last tier is open-ended")


def maintenance_at(tiers: tuple[RiskTier, ...], notional: int) -> int:
    """`N * MMR_k - cum_k` times 1e12, exact, k the tier of the notional (MARG-2)."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            return notional * tier.maintenance_margin_rate - tier.deduction * RATE_ONE
    raise AssertionError("the last tier is open-ended")


def initial_margin_at(tiers: tuple[RiskTier, ...], notional: int, leverage: int) -> int:
    """`notional / L`, L never above the cap of the notional's tier, rounded up (MARG-4)."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            highest = tier.max_leverage
            return divide_up(notional, leverage if leverage < highest else highest)
    raise AssertionError("the last tier is open-ended")
