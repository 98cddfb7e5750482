"""A seeded driver: a few thousand random commands against all twins, and proof that it was there.

The state machine of `test_exchange_machine` looks for counterexamples; this run shows that the
states worth looking at are reached, by counting them.
"""

import os
from collections import Counter
from random import Random

import pytest

from tests.properties.crowd import BUILDERS, Choices
from tests.properties.crowd_orders import ORDER_BUILDERS
from tests.properties.proof import Proof

pytestmark = pytest.mark.slow

COMMANDS = 3_500
SEEDS = (6, 8, 15)
SOAKING = os.environ.get("SIMULATOR_TEST_PROFILE", "default") == "soak"

MUST_HAPPEN = (
    # liquidations, by how they went
    "liquidation of CROSS",
    "liquidation of ISOLATED",
    "recovered by a tier step",
    "recovered by added margin",
    "closed on the book",
    "taken over at the takeover price",
    "taken over without equity",
    "several positions liquidated",
    "deficit",
    "shortfall",
    "liquidation fee",
    "settlement debt",
    "settlement repaid",
    "isolated margin returned",
    "fund unloads",
    "liquidation paused",
    "liquidation resumed",
    "excess beyond the fund's cap",
    "excess of a deficit",
    "deleveraged: CROSS",
    "deleveraged: ISOLATED",
    "deleveraged in profit",
    "deleveraged without profit",
    # warnings, pages, halts
    "call issued",
    "call repeated",
    "call ended: CURED",
    "call ended: CLOSED",
    "call ended: LIQUIDATED",
    "sweep paged",
    "sweep ended",
    "refused during a sweep",
    "halted as stale",
    # marks and funding
    "median mark",
    "median at index",
    "funding",
    "funding at a recorded rate",
    "funding at a premium",
    "funding skipped",
    "funding paid by a trader",
    "funding received by a trader",
    "funding paid by the fund",
    "funding received by the fund",
    "funding leaves a remainder",
    # an account as a whole
    "DepositFunds",
    "reset",
    "reset of a position",
    "reset of an order",
    "reset under a margin call",
    "refused: DEPOSIT_LIMIT",
    # hedges
    "opening of a hedge",
    "closing of a hedge",
    "both legs at once",
    "liquidation in hedge mode",
    "position mode HEDGE",
    "position mode ONE_WAY",
    # orders
    "canceled: SELF_TRADE",
    "canceled: PRICE_BAND",
    "canceled: IMMEDIATE_OR_CANCEL",
    "canceled: REDUCE_ONLY",
    "canceled: LIQUIDATION",
    "canceled: TAKEN_OVER",
    "canceled: WOULD_CAUSE_MARGIN_CALL",
    "canceled: INSUFFICIENT_MARGIN",
    "reduce-only shrunk",
    "crossing quote",
    "client order id repeated",
    # orders that wait, lists, times
    "fired: STOP_MARKET",
    "fired: STOP_LIMIT",
    "fired: TAKE_PROFIT_MARKET",
    "fired: TAKE_PROFIT_LIMIT",
    "fired: TRAILING_STOP_MARKET",
    "fired on MARK",
    "fired on LAST",
    "fired on INDEX",
    "fired: close_position",
    "fired after another",
    "triggers paged",
    "list accepted: OCO",
    "list accepted: OTO",
    "list accepted: OTOCO",
    "woken",
    "other order of a list reduced",
    "canceled: ORDER_LIST",
    "canceled: EXPIRED",
    "canceled: COUNTDOWN",
    "canceled: MARKET_CLOSED",
    "canceled: POSITION_LIMIT",
    "uncrossed",
    "instrument settled",
    "refused: TRIGGER_ALREADY_MET",
    "refused: TOO_MANY_TRIGGER_ORDERS",
    "refused: AUCTION_IN_PROGRESS",
    "refused: MARKET_CLOSED",
    # refusals
    "refused: POST_ONLY_WOULD_TAKE",
    "refused: FILL_OR_KILL_NOT_FILLABLE",
    "refused: REDUCE_ONLY_WITHOUT_POSITION",
    "refused: POSITION_LIMIT",
    "refused: LEVERAGE_NOT_ALLOWED",
    "refused: INSUFFICIENT_MARGIN",
    "refused: INSUFFICIENT_BALANCE",
    "refused: MARKET_HALTED",
    "refused: LIQUIDATION_IN_PROGRESS",
    "refused: DUPLICATE_CLIENT_ORDER_ID",
    "refused: OPEN_POSITION_OR_ORDER",
    "refused: QUANTITY_ALREADY_FILLED",
    "refused: UNKNOWN_ORDER",
)
"""Names of `census`; each at least once in the runs."""


def drive(seed: int, commands: int) -> Counter[str]:
    """So many random commands, chosen by the weights of `crowd.BUILDERS`."""
    dice = Random(seed)
    proof = Proof()
    builders = BUILDERS | ORDER_BUILDERS
    names = list(builders)
    weights = [builders[name][0] for name in names]
    for _ in range(commands):
        name = dice.choices(names, weights)[0]
        proof.do(builders[name][1](proof.state, Choices(dice.getrandbits(48))))
    proof.check_everything()
    return proof.counts + proof.watcher.world.waiting.fired


def test_everything_that_can_happen_does() -> None:
    counts: Counter[str] = Counter()
    for seed in (*SEEDS, *range(100, 200)) if SOAKING else SEEDS:
        counts += drive(seed, COMMANDS)
    assert [name for name in MUST_HAPPEN if not counts[name]] == []
