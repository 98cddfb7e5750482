"""A seeded driver: a few thousand random commands against all twins, and proof that it was there.

The state machine of `test_exchange_machine` looks for counterexamples; this run shows that the
states worth looking at are reached, by counting them.
"""

from collections import Counter
from random import Random

from tests.properties.crowd import BUILDERS, Choices
from tests.properties.proof import Proof

COMMANDS = 1_500

MUST_HAPPEN = {
    "recovered by a tier step",
}


def drive(seed: int, commands: int) -> Counter[str]:
    """So many random commands, chosen by the weights of `crowd.BUILDERS`."""
    dice = Random(seed)
    proof = Proof()
    names = list(BUILDERS)
    weights = [BUILDERS[name][0] for name in names]
    for _ in range(commands):
        name = dice.choices(names, weights)[0]
        proof.do(BUILDERS[name][1](proof.state, Choices(dice.getrandbits(48))))
    proof.check_everything()
    return proof.counts


def test_everything_that_can_happen_does() -> None:
    counts = drive(7, COMMANDS)
    assert {name for name in MUST_HAPPEN if not counts[name]} == set()
