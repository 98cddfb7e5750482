"""Worked examples that venues print, against the core's own functions.

`vectors.json` holds facts with their sources; `perpetuals` and `spot_margin` have a function for
each kind. A vector whose venue has another rule than ours is in `not_ours.toml`, with ours and the
difference. A number that its own page gets wrong must not come out of our functions.
"""

import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.golden import perpetuals, spot_margin
from tests.golden.numbers import Answer, Inputs

FOLDER: Final = Path(__file__).parent
VECTORS: Final = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
RULE_BOOK: Final = FOLDER.parents[1] / "docs" / "rules.md"

NOT_OURS: Final = tomllib.loads((FOLDER / "not_ours.toml").read_text(encoding="utf-8"))["vectors"]
NOT_OUR_IDS: Final = frozenset(each["id"] for each in NOT_OURS)


PROVED: Final[dict[str, Callable[[Inputs], Answer]]] = {
    "interest_accrual": spot_margin.interest_accrual,
    "isolated_tier_leverage": spot_margin.isolated_tier_leverage,
    "collateral_haircut": spot_margin.collateral_haircut,
    "spot_margin_liq_price": spot_margin.spot_margin_liq_price,
    "margin_loan_mm": spot_margin.margin_loan_mm,
    "initial_margin_rate": spot_margin.initial_margin_rate,
    "borrow_amount": spot_margin.borrow_amount,
    "adl_score": perpetuals.adl_score,
    "funding_payment": perpetuals.funding_payment,
    "funding_rate": perpetuals.funding_rate,
    "mark_price1": perpetuals.mark_price1,
    "avg_entry": perpetuals.avg_entry,
    "bankruptcy_price": perpetuals.bankruptcy,
    "bracket_cum": perpetuals.bracket_cum,
    "bracket_cum_table": perpetuals.bracket_cum_table,
    "bracket_lookup": perpetuals.bracket_lookup,
    "closed_pnl_fees": perpetuals.closed_pnl_fees,
    "initial_margin": perpetuals.initial_margin,
    "insurance_flow": perpetuals.insurance_flow,
    "liq_price_bracket_crossing": perpetuals.liq_price_bracket_crossing,
    "liq_price_cross": perpetuals.liq_price,
    "liq_price_cross_hedge": perpetuals.liq_price_cross_hedge,
    "liq_price_isolated": perpetuals.liq_price,
    "maintenance_margin": perpetuals.maintenance_margin,
    "maintenance_margin_tiered": perpetuals.bracket_lookup,
    "margin_balance": perpetuals.margin_balance,
    "margin_ratio_cross": perpetuals.margin_ratio,
    "order_cost": perpetuals.order_cost,
    "order_margin_two_sided": perpetuals.order_margin_two_sided,
    "partial_liq_qty": perpetuals.partial_liq_qty,
    "pnl_linear": perpetuals.pnl,
    "pnl_roi": perpetuals.pnl_roi,
    "position_value": perpetuals.position_value,
    "stp": perpetuals.self_trade_prevention,
}


def test_every_vector_is_proved_or_not_ours() -> None:
    for vector in VECTORS:
        assert vector["kind"] in PROVED or vector["id"] in NOT_OUR_IDS, vector["id"]


def test_what_is_not_ours_names_our_rule() -> None:
    book = RULE_BOOK.read_text(encoding="utf-8")
    assert len(NOT_OUR_IDS) == len(NOT_OURS)
    assert {vector["id"] for vector in VECTORS} >= NOT_OUR_IDS
    for each in NOT_OURS:
        assert f"### {each['rule']} " in book, each
        assert each["reason"]


TARGETS = [
    vector for vector in VECTORS if vector["kind"] in PROVED and vector["id"] not in NOT_OUR_IDS
]
RIGHT = [vector for vector in TARGETS if vector["reproduced"]]
WRONG = [vector for vector in TARGETS if not vector["reproduced"]]


@pytest.mark.parametrize("vector", RIGHT, ids=[vector["id"] for vector in RIGHT])
def test_a_worked_example(vector: dict[str, Any]) -> None:
    assert _differences(vector) == []


@pytest.mark.parametrize("vector", WRONG, ids=[vector["id"] for vector in WRONG])
def test_what_a_page_gets_wrong_does_not_come_out(vector: dict[str, Any]) -> None:
    assert len(_differences(vector)) == len(vector["expected"])


def _differences(vector: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Name, our number and the page's, where they are further apart than the page is exact."""
    answer = PROVED[vector["kind"]](vector["inputs"])
    different = []
    for key, expected in vector["expected"].items():
        tolerance = vector["tolerance"]
        if isinstance(tolerance, dict):
            tolerance = tolerance[key]
        if not _agree(answer[key], expected, Decimal(tolerance)):
            different.append((key, answer[key], expected))
    return different


def _agree(found: Any, expected: Any, tolerance: Decimal) -> bool:
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=True)
        return all(_agree(each, wanted, tolerance) for each, wanted in pairs)
    try:
        return abs(Decimal(found) - Decimal(expected)) <= tolerance
    except ArithmeticError:
        return bool(found == expected)
