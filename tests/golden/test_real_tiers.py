"""MARG-2, MARG-9: the risk tiers of 907 real contracts.

Every table is read as ours are; the deductions that follow from its rates must be those that the
venue prints, and a liquidation price must not jump where a position crosses from tier to tier.
"""

import gzip
import itertools
import json
from decimal import Decimal
from typing import Any, Final

import pytest

from simulator.core.model.instruments import RiskTier
from simulator.core.model.risk_tiers import derive_deductions, maintenance_at, tier_at
from simulator.core.model.units import RATE_ONE
from simulator.core.rules.liquidation_price import UnitLine, liquidation_price
from tests.e2e.replays import DATA

pytestmark = pytest.mark.data

CONTRACTS: Final = 907
MINOR: Final = 10**8
Brackets = list[dict[str, Any]]


@pytest.fixture(scope="module")
def contracts() -> dict[str, Brackets]:
    path = DATA / "binance-leverage-tiers" / "binance_leverage_tiers.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found: dict[str, Brackets] = json.load(file, parse_float=Decimal)
    assert len(found) == CONTRACTS
    return found


def tiers_of(brackets: Brackets) -> tuple[RiskTier, ...]:
    """The last bracket is open-ended here."""
    caps = [int(each["maxNotional"] * MINOR) for each in brackets[:-1]]
    rows = [
        (
            int(each["minNotional"] * MINOR),
            cap,
            int(each["maintenanceMarginRate"] * RATE_ONE),
            int(each["maxLeverage"]),
        )
        for each, cap in zip(brackets, [*caps, None], strict=True)
    ]
    return derive_deductions(rows)


def test_the_deductions_are_what_the_venue_prints(contracts: dict[str, Brackets]) -> None:
    for symbol, brackets in contracts.items():
        derived = [tier.deduction for tier in tiers_of(brackets)]
        printed = [int(Decimal(str(each["info"]["cum"])) * MINOR) for each in brackets]
        assert derived == printed, symbol


def test_maintenance_does_not_jump_between_tiers(contracts: dict[str, Brackets]) -> None:
    boundaries = 0
    for symbol, brackets in contracts.items():
        tiers = tiers_of(brackets)
        for lower, upper in itertools.pairwise(tiers):
            boundaries += 1
            cap = upper.floor
            assert lower.cap == cap
            assert tier_at(tiers, cap) is lower, symbol
            assert tier_at(tiers, cap + 1) is upper, symbol
            step = maintenance_at(tiers, cap + 1) - maintenance_at(tiers, cap)
            assert step == upper.maintenance_margin_rate, symbol
    assert boundaries > 5 * CONTRACTS


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_the_liquidation_price_does_not_jump_between_tiers(
    contracts: dict[str, Brackets], sign: int
) -> None:
    """Around the wallet whose line lies where the notional is the cap of a tier.

    One minor unit more or less moves a line by `1 / (1 - s * MMR)` price units, of whichever of the
    two tiers it lies in, and by the rounding. A jump could be any number.
    """
    for symbol, brackets in contracts.items():
        tiers = tiers_of(brackets)
        for lower, upper in itertools.pairwise(tiers):
            nearest, at, farthest = (line_at(tiers, sign, upper.floor, more) for more in (-1, 0, 1))
            rates = (lower.maintenance_margin_rate, upper.maintenance_margin_rate)
            most = max(RATE_ONE / (RATE_ONE - sign * rate) for rate in rates) + 1
            assert at == upper.floor, symbol
            assert 0 < (nearest - at) * sign <= most, symbol
            assert 0 <= (at - farthest) * sign <= most, symbol


def line_at(tiers: tuple[RiskTier, ...], sign: int, notional: int, more: int) -> int:
    """The liquidation price of one unit of quantity, whose price is its notional.

    The wallet is such that the line is at `notional`, and holds `more` minor units than that.
    """
    maintenance, rest = divmod(maintenance_at(tiers, notional), RATE_ONE)
    assert rest == 0
    line = UnitLine(sign, 0, 1, maintenance - sign * notional + more, 0, 0)
    safe = 2 * notional if sign > 0 else 1
    found = liquidation_price(line, tiers, safe)
    price = found.below if sign > 0 else found.above
    assert found.status == "ok"
    assert price is not None
    return price
