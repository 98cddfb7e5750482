"""The state machine: hypothesis drives five instruments and twenty accounts against all twins.

Each rule is one kind of command of `crowd`; `Proof.do` compares and checks after every one. The
same machine runs for hours under the profile "soak".
"""

import os
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.properties import crowd, crowd_orders
from tests.properties.crowd import Choices
from tests.properties.proof import Proof

NUMBERS = st.integers(0, 2**24 - 1)


class ExchangeMachine(RuleBasedStateMachine):
    """What must hold is asserted by `Proof`: see its module."""

    def __init__(self) -> None:
        super().__init__()
        self.proof = Proof()

    @initialize(seed=st.integers(0, 40))
    def trade_for_a_while(self, seed: int) -> None:
        """Quotes on every instrument, and positions on some."""
        dice = Random(seed)
        for instrument in range(5):
            self._do(crowd.quote, instrument)
        for _ in range(12):
            self._do(crowd.open_position, dice.getrandbits(24))

    def _do(self, builder: crowd.Builder, number: int) -> None:
        self.proof.do(builder(self.proof.state, Choices(number)))

    @rule(number=NUMBERS)
    def place(self, number: int) -> None:
        self._do(crowd.place, number)

    @rule(number=NUMBERS)
    def open_position(self, number: int) -> None:
        self._do(crowd.open_position, number)

    @rule(number=NUMBERS)
    def open_another_position(self, number: int) -> None:
        self._do(crowd.open_position, number)

    @rule(number=NUMBERS)
    def rest_near_mark(self, number: int) -> None:
        self._do(crowd.rest_near_mark, number)

    @rule(number=NUMBERS)
    def reduce(self, number: int) -> None:
        self._do(crowd.reduce, number)

    @rule(number=NUMBERS)
    def repeat(self, number: int) -> None:
        self._do(crowd.repeat, number)

    @rule(number=NUMBERS)
    def quote(self, number: int) -> None:
        self._do(crowd.quote, number)

    @rule(number=NUMBERS)
    def amend(self, number: int) -> None:
        self._do(crowd.amend, number)

    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        self._do(crowd.cancel, number)

    @rule(number=NUMBERS)
    def choose_settings(self, number: int) -> None:
        self._do(crowd.settings, number)

    @rule(number=NUMBERS)
    def move_money(self, number: int) -> None:
        self._do(crowd.move_money, number)

    @rule(number=NUMBERS)
    def ask_for_funds(self, number: int) -> None:
        self._do(crowd.ask_for_funds, number)

    @rule(number=NUMBERS)
    def reset_account(self, number: int) -> None:
        self._do(crowd.reset_account, number)

    @rule(number=NUMBERS)
    def move_marks(self, number: int) -> None:
        self._do(crowd.move_marks, number)

    @rule(number=NUMBERS)
    def hunt(self, number: int) -> None:
        self._do(crowd.hunt, number)

    @rule(number=NUMBERS)
    def halt(self, number: int) -> None:
        self._do(crowd.halt, number)

    @rule(number=NUMBERS)
    def strand(self, number: int) -> None:
        self._do(crowd.strand, number)

    @rule(number=NUMBERS)
    def pass_time(self, number: int) -> None:
        self._do(crowd.pass_time, number)

    @rule(number=NUMBERS)
    def set_tiers(self, number: int) -> None:
        self._do(crowd.set_tiers, number)

    @rule(number=NUMBERS)
    def record_funding(self, number: int) -> None:
        self._do(crowd.record_funding, number)

    @rule(number=NUMBERS)
    def place_with_options(self, number: int) -> None:
        self._do(crowd_orders.place_with_options, number)

    @rule(number=NUMBERS)
    def meet_oneself(self, number: int) -> None:
        self._do(crowd_orders.meet_oneself, number)

    @rule(number=NUMBERS)
    def wait_for_price(self, number: int) -> None:
        self._do(crowd_orders.wait_for_price, number)

    @rule(number=NUMBERS)
    def protect(self, number: int) -> None:
        self._do(crowd_orders.protect, number)

    @rule(number=NUMBERS)
    def place_list(self, number: int) -> None:
        self._do(crowd_orders.place_list, number)

    @rule(number=NUMBERS)
    def place_exits(self, number: int) -> None:
        self._do(crowd_orders.place_exits, number)

    @rule(number=NUMBERS)
    def cancel_list(self, number: int) -> None:
        self._do(crowd_orders.cancel_list, number)

    @rule(number=NUMBERS)
    def amend_waiting(self, number: int) -> None:
        self._do(crowd_orders.amend_waiting, number)

    @rule(number=NUMBERS)
    def arm_switch(self, number: int) -> None:
        self._do(crowd_orders.arm_switch, number)

    @rule(number=NUMBERS)
    def call_auction(self, number: int) -> None:
        self._do(crowd_orders.call_auction, number)

    @rule(number=NUMBERS)
    def let_an_hour_pass(self, number: int) -> None:
        self._do(crowd_orders.let_an_hour_pass, number)

    def teardown(self) -> None:
        self.proof.check_everything()


TestExchangeMachine = ExchangeMachine.TestCase
if os.environ.get("SIMULATOR_TEST_PROFILE", "default") == "default":
    TestExchangeMachine.settings = settings(max_examples=150, stateful_step_count=40)
