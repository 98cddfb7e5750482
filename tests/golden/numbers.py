"""How the numbers of a worked example become minor units, and back."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulator.core.model.instruments import RiskTier
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.model.units import RATE_ONE
from tests.scenario import amount, plain

Inputs = dict[str, Any]
Answer = dict[str, Any]

SCALE = 18
"""Decimals of prices here; quantities have 6, amounts the sum."""


def price(text: str) -> int:
    return int(Decimal(text).scaleb(SCALE))


def quantity(text: str) -> int:
    return int(Decimal(text).scaleb(6))


def minor(text: str) -> int:
    return int(Decimal(text).scaleb(SCALE + 6))


def shown(value: int, decimals: int = SCALE) -> str:
    return plain(value, decimals)


def table(brackets: list[dict[str, str]]) -> tuple[RiskTier, ...]:
    """A venue's floors and rates, in minor units of 1e-8, as risk tiers."""
    floors = [amount(bracket["floor"]) for bracket in brackets]
    rates = [int((Fraction(bracket["mmr"]) * RATE_ONE).__floor__()) for bracket in brackets]
    caps = [*floors[1:], None]
    rows = [(floor, cap, each, 1) for floor, cap, each in zip(floors, caps, rates, strict=True)]
    return derive_deductions(rows)
