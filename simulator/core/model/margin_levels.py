"""BOR-5: the levels of spot margin by product, and the leverage that a level stands for.

A level is assets divided by debts, a rate in 1e-12. A product has a leverage, a level at which it
is called and one at which it is liquidated. Leverages here are in hundredths, because a level
between two products stands for one with a fraction.
"""

from simulator.core.model.units import RATE_ONE, divide_down, divide_up

LevelRows = tuple[tuple[int, int, int], ...]
"""Rows `(leverage, call level, liquidation level)`, the lowest leverage first."""

TierRows = tuple[tuple[int | None, int | None, int], ...]
"""Rows `(base borrowed up to, quote borrowed up to, initial level)`, the last one open."""


def levels_of(rows: LevelRows, leverage: int) -> tuple[int, int]:
    """Call and liquidation level of the product with this leverage, or of the next lower one."""
    found = rows[0]
    for row in rows:
        if row[0] <= leverage:
            found = row
    return found[1], found[2]


def are_sound_levels(rows: LevelRows) -> bool:
    """Whether leverages rise and, by product, 1 < liquidation < call < initial level."""
    before = 1
    for leverage, call, liquidation in rows:
        if leverage <= before or not RATE_ONE < liquidation < call:
            return False
        if (call - RATE_ONE) * (leverage - 1) >= RATE_ONE:
            return False
        before = leverage
    return bool(rows)


def tier_leverage(initial_level: int) -> int:
    """`IR / (IR - 1)` in hundredths, rounded down: what an initial level allows."""
    return divide_down(100 * initial_level, initial_level - RATE_ONE)


def isolated_leverage(rows: TierRows, base_owed: int, quote_owed: int, product: int) -> int:
    """What a product allows at these debts, in hundredths; of two tiers the higher counts."""
    highest = 100 * product
    if not rows:
        return highest
    last = len(rows) - 1
    tier = 0
    for number, (base_cap, quote_cap, _) in enumerate(rows):
        if number < last and (_exceeds(base_owed, base_cap) or _exceeds(quote_owed, quote_cap)):
            tier = number + 1
    return min(highest, tier_leverage(rows[tier][2]))


def _exceeds(owed: int, cap: int | None) -> bool:
    return cap is not None and owed > cap


def initial_of_debts(debts: int, leverage: int) -> int:
    """`debts / (L - 1)`, the leverage in hundredths, rounded up (MARG-4)."""
    return divide_up(100 * debts, leverage - 100)


def are_sound_tiers(rows: TierRows) -> bool:
    """Whether caps and initial levels rise from tier to tier, and only the last one is open."""
    base, quote, level = 0, 0, RATE_ONE
    for number, (base_cap, quote_cap, initial) in enumerate(rows, start=1):
        if initial <= level or tier_leverage(initial) <= 100:
            return False
        level = initial
        if number == len(rows):
            return base_cap is None and quote_cap is None
        if base_cap is None or quote_cap is None or base_cap <= base or quote_cap <= quote:
            return False
        base, quote = base_cap, quote_cap
    return True
