"""`simulator calc`: the newcomer's numbers without a server, and calls that cannot be."""

from typing import Any

import pytest

from tests.cli.fake_server import CommandLine


def worked_out(simulator: CommandLine, line: str) -> dict[str, Any]:
    said = simulator("calc", *line.split(), "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = said.json()
    return found


def test_the_example_of_the_guide(simulator: CommandLine) -> None:
    """Ten times at 20,000: a fall of 9.64 % ends it, 10 % are the whole margin."""
    assert worked_out(simulator, "liquidation --long --entry 20000 --leverage 10") == {
        "notional": "20000",
        "initial_margin": "2000",
        "fee": "10",
        "cost": "2010",
        "maintenance_margin": "80",
        "liquidation_price": "18072.29",
        "distance": "0.0963855",
        "bankruptcy_price": "18000",
    }


def test_a_person_reads_a_table(simulator: CommandLine) -> None:
    said = simulator(*["calc", "liquidation", "--short", "--entry", "20000", "--leverage", "10"])
    assert said.code == 0
    lines = {line[:20].strip(): line[20:].strip() for line in said.out.splitlines()}
    assert lines["liquidation price"] == "21,912.35"
    assert lines["distance"] == "9.56 %"
    assert lines["cost"] == "2,010.00"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "pnl --long --entry 20000 --exit 21000 --leverage 10 --fee 0",
            {"pnl_before_fees": "1000", "fees": "0", "pnl": "1000", "roi": "0.5"},
        ),
        (
            "pnl --short --entry 20000 --exit 21000 --leverage 10 --quantity 2",
            {"pnl_before_fees": "-2000", "fees": "41", "pnl": "-2041", "roi": "-0.51025"},
        ),
        ("target --long --entry 20000", {"price": "20020.1"}),
        (
            "pnl --instrument ETHUSDT --long --entry 2000 --exit 2100 --leverage 5 --fee 0",
            {"pnl_before_fees": "100", "fees": "0", "pnl": "100", "roi": "0.25"},
        ),
        (
            "cross --instrument ETHUSDT --long --entry 2000 --quantity 10 --balance 0 --debt 16000",
            {
                "equity": "4000",
                "maintenance_margin": "1600",
                "call_margin": "2560",
                "liquidation_price": "1760",
                "status": "OK",
                "bankruptcy_price": "1600",
                "margin_level": "1.25",
            },
        ),
        (
            "largest --instrument ETHUSDT --balance 2000 --entry 2000 --leverage 10 --fee 0",
            {"quantity": "10", "notional": "20000"},
        ),
        ("target --short --entry 20000 --profit 500 --fee 0", {"price": "19500"}),
        (
            "size --risk 100 --entry 20000 --stop 19500 --fee 0",
            {
                "quantity": "0.2",
                "notional": "4000",
                "loss_at_stop": "100",
                "highest_leverage": "34",
            },
        ),
        (
            "size --risk 0.01 --entry 20000 --stop 19500",
            {"quantity": "0", "notional": "0", "loss_at_stop": "0", "highest_leverage": None},
        ),
        (
            "largest --balance 1000 --entry 20000 --leverage 10 --fee 0",
            {"quantity": "0.5", "notional": "10000"},
        ),
        (
            "largest --balance 1000 --entry 2000 --leverage 10 --fee 0 --instrument ETHUSDT-PERP",
            {"quantity": "5", "notional": "10000"},
        ),
        (
            "margin --long --entry 20000 --leverage 10",
            {
                "notional": "20000",
                "initial_margin": "2000",
                "fee": "10",
                "cost": "2010",
                "call_margin": "100",
                "maintenance_margin": "80",
            },
        ),
        (
            "average 0.1@20000,0.3@18000,-0.2@19000 --long",
            {
                "quantity": "0.2",
                "entry_notional": "3700",
                "entry_price": "18500",
                "realized_pnl": "100",
            },
        ),
        (
            "interest --principal 16000 --daily-rate 0.0003 --hours 24 --assets 20000",
            {
                "charges": 25,
                "per_charge": "0.2",
                "interest": "5",
                "margin_level": "1.249609497032",
            },
        ),
        (
            "funding --short --entry 20000 --rate -0.0001 --hours 24",
            {"payments": 3, "per_payment": "2", "cost": "6"},
        ),
        (
            "cross --long --entry 20000 --balance 3000 --other ETHUSDT-PERP:SHORT:2:1500:1450 "
            "--debt 100",
            {
                "equity": "3000",
                "maintenance_margin": "101.6",
                "call_margin": "130.5",
                "liquidation_price": "17089.96",
                "status": "OK",
                "bankruptcy_price": "17000",
                "margin_level": "30",
            },
        ),
    ],
)
def test_a_calculation(simulator: CommandLine, line: str, expected: dict[str, Any]) -> None:
    assert worked_out(simulator, line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("liquidation --long --entry x --leverage 10", '--entry: "x" is no decimal'),
        ("liquidation --long --entry 0 --leverage 10", "--entry should be above zero, it is 0"),
        ("largest --balance -1 --entry 20000 --leverage 1", "--balance should not be negative"),
        ("liquidation --long --entry 20000 --leverage 1000", "should be between 1 and 125"),
        ("largest --balance 1000 --entry 20000 --leverage 0", "should be between 1 and 125"),
        ("size --risk 100 --entry 20000 --stop 20000", "the stop should be below the entry"),
        ("pnl --long --entry 20000.001 --exit 21000", "has more than 2 decimals"),
        ("target --long --entry 1 --instrument DUCK", "there is no instrument DUCK; there are"),
        ("target --long --entry 1 --fee 1", "the fee rate should be below 1"),
        ("target --long --entry 1 --fee 1%", '"1%" is no decimal'),
        ("average 1 --long", "a fill should be like 0.5@20000, not 1"),
        ("average 1@5,-2@5 --long", "should not reduce more than there is"),
        ("margin --long --entry 20000 --leverage 1000", "should be between 1 and 125"),
        ("interest --principal 1 --daily-rate x --hours 1", '--daily-rate: "x" is no decimal'),
        ("interest --principal 1 --daily-rate 1 --hours -1", "should not be negative"),
        ("funding --long --entry 1 --rate 1 --hours 1 --interval-hours 0", "an hour or more"),
        ("funding --instrument ETHUSDT --long --entry 1 --rate 1 --hours 8", "only perpetuals pay"),
        ("margin --instrument ETHUSDT --short --entry 1 --leverage 4", "should be one of 3, 5, 10"),
        ("cross --long --entry 1 --balance 1 --other ETH:LONG", "--other should be like"),
        ("cross --long --entry 1 --balance 1 --debt 1 --call-level 0.5", "should be 1 or more"),
        ("odds --long --entry 1 --leverage 1 --hours 1 --volatility -1", "the volatility should"),
    ],
)
def test_a_call_that_cannot_be(simulator: CommandLine, line: str, said: str) -> None:
    answer = simulator("calc", *line.split())
    assert answer.code == 2
    assert answer.out == ""
    assert said in " ".join(answer.err.split())


def test_odds_are_told_with_their_assumptions(simulator: CommandLine) -> None:
    line = "odds --long --entry 20000 --leverage 20 --hours 24 --volatility 0.8 --paths 2000"
    found = worked_out(simulator, line)
    assert found["liquidation_price"] == "19076.31"
    assert 0.2 < float(found["probability"]) < 0.3
    assert float(found["probability"]) * 2000 == found["crossed"]
    said = simulator("calc", *line.split()).out.splitlines()
    assumed = [each.removeprefix("- ") for each in said if each.startswith("- ")]
    assert assumed == found["assumptions"]
    assert worked_out(simulator, line + " --seed 2")["crossed"] != found["crossed"]
    crashes = worked_out(simulator, line + " --jumps 50 --jump-mean -0.1 --jump-deviation 0.02")
    assert crashes["crossed"] > found["crossed"]
