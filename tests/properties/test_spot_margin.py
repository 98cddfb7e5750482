"""Random histories of spot margin and perpetuals in the same wallets: see `lending_market`."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.codec import decode_snapshot, encode_snapshot, state_hash
from tests.properties.lending_market import Market, act

MUST_HAPPEN = (
    "InterestAccrued",
    "MarginCallIssued",
    "LiquidationEnded",
    "AssetTakenOver",
    "PositionTakenOver",
    "FundingPaid",
    "borrowed by an order",
    "repaid",
    "a position and a debt called together",
    "a position and a coin liquidated together",
    "a stop on a coin fired",
    "a stop borrowed when it fired",
    "a fired order failed its check",
    "an exit woke",
    "a coin's auction uncrossed",
)
SEEDS = (7, 8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_random_histories_of_spot_margin(seed: int) -> None:
    dice = Random(seed)
    market = Market()
    for _ in range(120):
        act(market, dice)
    market.check_everything()


def test_the_histories_reach_what_they_are_about() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        dice, market = Random(seed), Market()
        for _ in range(1_500):
            act(market, dice)
        market.check_everything()
        again = decode_snapshot(encode_snapshot(market.exchange.state))
        assert state_hash(again) == state_hash(market.exchange.state)
        counts += market.counts
    assert [name for name in MUST_HAPPEN if not counts[name]] == []
