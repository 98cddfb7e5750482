"""The sweep that looks at every unit, always: who is to be liquidated, called, repeated, cleared.

`Watcher` follows an exchange's events one by one and demands, at each of them, that the naive
sweep would have done the same, in the same order (TIME-1). After a command nothing may be left
that the naive sweep would still do, except what the exchange itself put on its list of pages.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from simulator.core.model import events as e
from simulator.core.model.enums import CallEnd, WalletKind
from simulator.core.model.units import RATE_ONE
from tests.twins.naive_adl import Deleveraging, workable
from tests.twins.naive_margin import NaiveRisk, clear_line, risk_of
from tests.twins.naive_prices import NaivePrices
from tests.twins.naive_world import NaiveWorld


def is_liquidated(world: NaiveWorld, risk: NaiveRisk) -> bool:
    """LIQ-1: at its line, or still in liquidation; and something there may be worked on."""
    wallet = world.wallets[risk.wallet_id]
    held = world.positions_in(risk.wallet_id)
    if held and not workable(world, risk):
        return False
    if wallet.liquidation is not None:
        return True
    if not held and not world.debts.get(risk.wallet_id, 0):
        return False
    return risk.equity <= risk.maintenance_margin


def liquidations(world: NaiveWorld) -> list[int]:
    """Everyone to be liquidated now, in the order of TIME-1 (6)."""
    ranked = []
    for wallet_id in world.units():
        risk = risk_of(world, wallet_id)
        if is_liquidated(world, risk):
            ranked.append((_rank(world, risk), wallet_id))
    return [wallet_id for _, wallet_id in sorted(ranked)]


def _rank(world: NaiveWorld, risk: NaiveRisk) -> tuple[int, int, int, int]:
    """Margin ratios are rates, in 1e-12, a requirement's rounded up (UNIT-3)."""
    isolated_first = 0 if world.wallets[risk.wallet_id].kind == WalletKind.ISOLATED else 1
    if risk.margin_ratio is None:
        return (0, risk.equity, isolated_first, risk.wallet_id)
    ratio = ceil(risk.margin_ratio * RATE_ONE)
    return (1, -ratio, isolated_first, risk.wallet_id)


def call_due(world: NaiveWorld, risk: NaiveRisk) -> str | None:
    """What CALL-1 demands of a unit now: issue, repeat, clear, end, or nothing."""
    wallet = world.wallets[risk.wallet_id]
    if wallet.liquidation is not None:
        return None
    if not world.positions_in(risk.wallet_id):
        return "end" if wallet.margin_call is not None else None
    if wallet.margin_call is None:
        return "issue" if risk.equity <= risk.call_margin else None
    if risk.equity >= clear_line(world, risk):
        return "clear"
    _, issued_ns = wallet.margin_call
    repeat = world.time_ns >= issued_ns + world.parameters.call_repeat_ns
    return "repeat" if repeat else None


@dataclass
class Watcher:
    """Compares what happens to units with what the naive sweep would do."""

    world: NaiveWorld = field(default_factory=NaiveWorld)
    wave: list[int] = field(default_factory=list)
    active: int | None = None
    reviewed: list[int] = field(default_factory=list)
    waiting: tuple[int, ...] = ()
    prices: NaivePrices = field(init=False)
    deleveraging: Deleveraging = field(init=False)
    early: bool = False
    """Whether somebody was deleveraged while others were still to be liquidated."""

    def __post_init__(self) -> None:
        self.prices = NaivePrices(self.world)
        self.deleveraging = Deleveraging(self.world)

    def begin(self, time_ns: int | None) -> None:
        """A new command; it has a time unless it moves time by itself."""
        self.world.commands += 1
        self.early = False
        if time_ns is not None:
            self.prices.let_time_pass(time_ns)
            self.world.time_ns = max(self.world.time_ns, time_ns)
        self.wave, self.reviewed, self.active = [], [], None

    def follow(self, event: e.AnyEvent) -> None:
        self.prices.follow(event)
        self.deleveraging.follow(event)
        match event:
            case e.LiquidationStarted():
                self._turn_of(event.wallet_id)
                self._check_start(event)
            case e.LiquidationStepTaken():
                self._turn_of(self._unit_of(event.liquidation_id))
                self._check_step(event)
            case e.LiquidationEnded():
                self._turn_of(event.wallet_id)
                self._check_end(event)
                self.active = None
            case e.DeleveragingStarted():
                self.active = self._unit_of(event.liquidation_id)
                self.early |= any(self._is_due(each) for each in self.world.units())
            case e.MarginCallIssued():
                self._check_call(event)
            case e.MarginCallEnded():
                self._check_call_end(event)
            case e.TimeAdvanced():
                self.wave, self.reviewed = [], []
            case e.SweepPaged():
                self.waiting = event.wallet_ids
            case _:
                pass
        self.world.follow(event)

    def finish(self) -> None:
        """After a command: nothing is left to do, except on the list of pages."""
        self.world.waiting.finish()
        self.prices.finish()
        self.deleveraging.finish()
        assert not self.early or self.waiting, "(7) comes after (6) (TIME-1)"
        if self.prices.paying:
            return  # units are assessed when all payments are made (FND-2)
        for wallet_id in self.world.units():
            if wallet_id in self.waiting:
                continue
            risk = risk_of(self.world, wallet_id)
            assert not is_liquidated(self.world, risk), f"{wallet_id} was not liquidated (LIQ-1)"
            due = call_due(self.world, risk)
            assert due is None, f"{wallet_id}: {due} its margin call (CALL-1)"

    # -- liquidations --------------------------------------------------------------------------

    def _unit_of(self, liquidation_id: int) -> int:
        return next(
            each.wallet_id
            for each in self.world.wallets.values()
            if each.liquidation == liquidation_id
        )

    def _turn_of(self, wallet_id: int) -> None:
        """The order of a wave is fixed when it starts; who was cured since is left out."""
        if wallet_id == self.active:
            return
        self.active = wallet_id
        while wallet_id not in self.wave:
            assert all(not self._is_due(each) for each in self.wave), "a unit was passed over"
            excess = self.deleveraging.excess
            self.wave = [each for each in liquidations(self.world) if each not in excess]
            assert wallet_id in self.wave, f"{wallet_id} was liquidated above its line (LIQ-1)"
        while self.wave[0] != wallet_id:
            passed = self.wave.pop(0)
            assert not self._is_due(passed), f"{passed} comes before {wallet_id} (TIME-1)"
        self.wave.pop(0)

    def _is_due(self, wallet_id: int) -> bool:
        if wallet_id in self.deleveraging.excess or wallet_id == self.active:
            return False
        return is_liquidated(self.world, risk_of(self.world, wallet_id))

    def _check_start(self, event: e.LiquidationStarted) -> None:
        risk = risk_of(self.world, event.wallet_id)
        assert is_liquidated(self.world, risk)
        assert event.equity == risk.equity
        assert event.maintenance_margin == risk.maintenance_margin
        assert event.call_margin == risk.call_margin
        held = self.world.positions_in(event.wallet_id)
        if held:
            called = self.world.wallets[event.wallet_id].margin_call
            assert called is not None, "the call comes before the liquidation (CALL-1)"

    def _check_step(self, event: e.LiquidationStepTaken) -> None:
        """LIQ-3, LIQ-4: the largest maintenance, down to the next tier, at the takeover price."""
        risk = risk_of(self.world, self._unit_of(event.liquidation_id))
        assert event.equity == risk.equity
        assert risk.equity <= risk.call_margin, "it should have ended (LIQ-9)"
        instrument = self.world.instruments[event.instrument_id]
        assert instrument.is_open
        assert event.mark_price == instrument.mark
        equity, total = max(0, risk.equity), self._total_notional(risk.wallet_id)
        share = Fraction(equity, total) * event.position_side
        exact = event.mark_price * (1 - share)
        tick = instrument.terms.tick_size
        distance = (event.takeover_price - exact) * event.position_side
        assert 0 <= distance < tick or event.takeover_price == tick, "worse than TP (LIQ-4)"

    def _total_notional(self, wallet_id: int) -> int:
        total = 0
        for instrument_id, position in self.world.positions_in(wallet_id):
            instrument = self.world.instruments[instrument_id]
            assert instrument.mark is not None
            multiplier = instrument.terms.notional_multiplier
            total += abs(position.quantity) * instrument.mark * multiplier
        return total

    def _check_end(self, event: e.LiquidationEnded) -> None:
        risk = risk_of(self.world, event.wallet_id)
        assert event.equity == risk.equity
        assert event.equity >= 0
        if self.world.positions_in(event.wallet_id):
            assert risk.equity > risk.call_margin, "it ended under its call line (LIQ-9)"

    # -- margin calls ----------------------------------------------------------------------------

    def _check_call(self, event: e.MarginCallIssued) -> None:
        risk = risk_of(self.world, event.wallet_id)
        assert event.equity == risk.equity
        assert event.maintenance_margin == risk.maintenance_margin
        assert event.call_margin == risk.call_margin
        assert event.amount_to_add == max(0, clear_line(self.world, risk) - risk.equity)
        due = call_due(self.world, risk)
        assert due == ("repeat" if event.repeated else "issue")
        if not is_liquidated(self.world, risk):
            self._review(event.wallet_id)

    def _check_call_end(self, event: e.MarginCallEnded) -> None:
        risk = risk_of(self.world, event.wallet_id)
        assert event.equity == risk.equity
        if event.end == CallEnd.CURED:
            assert call_due(self.world, risk) == "clear"
            self._review(event.wallet_id)
        elif event.end == CallEnd.CLOSED:
            assert not self.world.positions_in(event.wallet_id)

    def _review(self, wallet_id: int) -> None:
        """Warnings come last, in order of id (TIME-1 (8))."""
        assert not self.reviewed or self.reviewed[-1] < wallet_id
        self.reviewed.append(wallet_id)
