"""MARG-9: what always holds of liquidation and bankruptcy prices, whatever the position."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.core.model.instruments import RiskTier
from simulator.core.model.risk_tiers import derive_deductions, tier_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules.liquidation_price import UnitLine, bankruptcy_price, liquidation_price
from tests.twins.naive_margin import maintenance_of

BP = RATE_ONE // 10_000


@st.composite
def tier_tables(draw: st.DrawFn) -> tuple[RiskTier, ...]:
    count = draw(st.integers(1, 5))
    steps = draw(st.lists(st.integers(1, 10**6), min_size=count - 1, max_size=count - 1))
    rises = draw(st.lists(st.integers(1, 600), min_size=count, max_size=count))
    rows: list[tuple[int, int | None, int, int]] = []
    floor, rate = 0, 0
    for number in range(count):
        rate += rises[number] * BP
        cap = None if number == count - 1 else floor + steps[number] * 10_000
        rows.append((floor, cap, rate, 1))
        floor = cap or 0
    return derive_deductions(rows)


PRICES = st.integers(1, 10**6)
QUANTITIES = st.one_of(st.integers(1, 10**4), st.integers(-(10**4), -1))


@st.composite
def units(draw: st.DrawFn) -> tuple[UnitLine, int]:
    """A position of a unit, with others beside it or not, and the mark of now."""
    quantity, entry = draw(QUANTITIES), draw(PRICES)
    notional = abs(quantity) * entry
    wallet = notional * draw(st.integers(0, 1_500)) // 1_000
    beside = draw(st.booleans())
    pnl = draw(st.integers(-notional // 4, notional // 4)) if beside else 0
    other = draw(st.integers(0, notional // 10)) * RATE_ONE if beside else 0
    line = UnitLine(quantity, quantity * entry, 1, wallet, pnl, other)
    return line, max(1, entry * draw(st.integers(500, 2_000)) // 1_000)


def excess(line: UnitLine, tiers: tuple[RiskTier, ...], mark: int | Fraction) -> Fraction:
    """Equity less maintenance, from the marginal rates of the tiers."""
    signed = line.quantity * Fraction(mark)
    equity = line.wallet + line.other_pnl + signed - line.entry_notional
    return equity - _own(tiers, abs(signed)) - Fraction(line.other_maintenance, RATE_ONE)


def _own(tiers: tuple[RiskTier, ...], notional: Fraction) -> Fraction:
    required = Fraction(0)
    for tier in tiers:
        top = notional if tier.cap is None else min(notional, Fraction(tier.cap))
        if top > tier.floor:
            required += (top - tier.floor) * Fraction(tier.maintenance_margin_rate, RATE_ONE)
    return required


@given(unit=units(), tiers=tier_tables())
def test_marg_9_at_the_liquidation_price_equity_is_maintenance(
    unit: tuple[UnitLine, int], tiers: tuple[RiskTier, ...]
) -> None:
    """Rounded to the price unit away from safety: there it is alive, one unit on it is not."""
    line, mark = unit
    found = liquidation_price(line, tiers, mark)
    if found.status == "already":
        assert excess(line, tiers, mark) <= 0
        return
    assert excess(line, tiers, mark) > 0
    if found.below is not None:
        assert line.quantity > 0
        assert found.above is None
        assert excess(line, tiers, found.below) >= 0
        assert excess(line, tiers, found.below - 1) < 0
        assert found.below <= mark
    elif found.above is not None:
        assert line.quantity < 0
        assert excess(line, tiers, found.above) >= 0
        assert excess(line, tiers, found.above + 1) < 0
        assert found.above >= mark
    else:
        assert found.status == "never"
        for far in (1, 10**9, 10**15):
            toward_loss = far < mark if line.quantity > 0 else far > mark
            if toward_loss:
                assert excess(line, tiers, far) > -abs(line.quantity)


@given(unit=units())
def test_marg_9_at_the_bankruptcy_price_equity_is_zero(unit: tuple[UnitLine, int]) -> None:
    line, _ = unit
    price = bankruptcy_price(line)

    def equity(mark: int) -> int:
        return line.wallet + line.other_pnl + line.quantity * mark - line.entry_notional

    if price is None:
        assert line.quantity * equity(0) >= 0, "no positive mark does it"
        return
    step = 1 if line.quantity > 0 else -1
    assert equity(price) >= 0
    assert equity(price - step) < 0


@given(unit=units(), tiers=tier_tables())
def test_marg_9_liquidation_comes_before_bankruptcy(
    unit: tuple[UnitLine, int], tiers: tuple[RiskTier, ...]
) -> None:
    line, mark = unit
    found, bankruptcy = liquidation_price(line, tiers, mark), bankruptcy_price(line)
    if found.below is not None and bankruptcy is not None:
        assert found.below >= bankruptcy
    if found.above is not None and bankruptcy is not None:
        assert found.above <= bankruptcy


@given(
    quantity=QUANTITIES,
    entry=st.integers(1_000, 10**6),
    tiers=tier_tables(),
    leverages=st.tuples(st.integers(1, 60), st.integers(1, 60)),
)
def test_marg_9_isolated_leverage_brings_liquidation_nearer_to_the_entry(
    quantity: int, entry: int, tiers: tuple[RiskTier, ...], leverages: tuple[int, int]
) -> None:
    assume(leverages[0] < leverages[1])
    notional = abs(quantity) * entry
    found = [
        liquidation_price(
            UnitLine(quantity, quantity * entry, 1, divide_up(notional, leverage), 0, 0),
            tiers,
            entry,
        )
        for leverage in leverages
    ]
    low, high = found
    if high.status == "never":
        assert low.status == "never"
    if low.status == "already":
        assert high.status == "already"
    if low.below is not None and high.below is not None:
        assert low.below <= high.below <= entry
    if low.above is not None and high.above is not None:
        assert low.above >= high.above >= entry


@given(tiers=tier_tables(), notionals=st.lists(st.integers(0, 10**11), min_size=1, max_size=20))
def test_marg_9_maintenance_is_continuous_and_rises(
    tiers: tuple[RiskTier, ...], notionals: list[int]
) -> None:
    """N x MMR - cum is the sum of the slices of the tiers; so it has no jump where tiers meet."""
    rows = [(t.floor, t.cap, t.maintenance_margin_rate, t.max_leverage) for t in tiers]
    edges = [tier.cap for tier in tiers if tier.cap is not None]
    before = -1
    for notional in sorted({*notionals, *edges, *(edge + 1 for edge in edges)}):
        tier = tier_at(tiers, notional)
        exact = notional * tier.maintenance_margin_rate - tier.deduction * RATE_ONE
        assert exact == maintenance_of(notional, rows)
        assert exact > before
        before = exact


@given(
    wallet=st.integers(0, 10**9),
    step=st.integers(1, 10**6),
    tiers=tier_tables(),
    quantity=QUANTITIES,
    entry=PRICES,
)
def test_marg_9_the_liquidation_price_is_continuous_across_tiers(
    wallet: int, step: int, tiers: tuple[RiskTier, ...], quantity: int, entry: int
) -> None:
    """More money moves it away, and by no more than the money is worth at the gentlest slope."""
    found = [
        liquidation_price(UnitLine(quantity, quantity * entry, 1, each, 0, 0), tiers, entry)
        for each in (wallet, wallet + step)
    ]
    less, more = found
    slope = Fraction(RATE_ONE - tiers[-1].maintenance_margin_rate, RATE_ONE)
    farthest = Fraction(step, abs(quantity)) / slope + 1
    if less.below is not None and more.below is not None:
        assert 0 <= less.below - more.below <= farthest
    if less.above is not None and more.above is not None:
        assert 0 <= more.above - less.above <= farthest
