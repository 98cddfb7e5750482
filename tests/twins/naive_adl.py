"""What becomes of a step of a liquidation: policies, the fund's room, and the queue of the others.

`Deleveraging` follows the events of `Watcher` and demands that the insurance fund took what it
could, that the rest fell to the other side in the order of LIQ-7, and that nobody gave more than he
had. It shares no function with the exchange.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT, INSURANCE_FUND
from simulator.core.model.enums import LiquidationPolicy, PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import RATE_ONE
from tests.twins.naive_margin import NaiveRisk, maintenance_of, mark_of, risk_of, value
from tests.twins.naive_world import NaivePosition, NaiveWorld, PositionKey


def side_of(position: NaivePosition) -> PositionSide:
    return PositionSide.LONG if position.quantity > 0 else PositionSide.SHORT


def workable(world: NaiveWorld, risk: NaiveRisk) -> list[tuple[int, NaivePosition]]:
    """A unit's positions that may be worked on now: open, and not cooling (MAT-2, LIQ-10)."""
    cooldowns = world.wallets[risk.wallet_id].cooldowns
    return [
        (instrument_id, position)
        for instrument_id, position in world.positions_in(risk.wallet_id)
        if world.instruments[instrument_id].is_open
        and (risk.equity <= 0 or cooldowns.get((instrument_id, side_of(position))) is None)
    ]


def first_in_line(world: NaiveWorld, risk: NaiveRisk) -> tuple[int, NaivePosition]:
    """LIQ-3: the largest maintenance; ties: larger notional, then instrument, long first."""

    def key(pair: tuple[int, NaivePosition]) -> tuple[int, int, int, int]:
        instrument = world.instruments[pair[0]]
        notional = abs(value(instrument, pair[1].quantity, mark_of(instrument)))
        maintenance = maintenance_of(notional, instrument.tiers)
        return -maintenance, -notional, pair[0], -side_of(pair[1])

    return min(workable(world, risk), key=key)


def planned(world: NaiveWorld, risk: NaiveRisk, instrument_id: int, side: PositionSide) -> int:
    """LIQ-3, LIQ-10: what a step takes."""
    owner = world.wallets[risk.wallet_id].account_id
    held = abs(world.positions[(owner, instrument_id, side)].quantity)
    instrument = world.instruments[instrument_id]
    terms = instrument.terms
    if risk.equity <= 0:
        return held
    part = held
    if terms.liquidation_policy == LiquidationPolicy.LADDER:
        notional = value(instrument, held, mark_of(instrument))
        floors = [lowest for lowest, _, _, _ in instrument.tiers if lowest < notional]
        if floors[-1] > 0:
            part = ceil(Fraction(notional - floors[-1], value(instrument, 1, mark_of(instrument))))
    elif terms.liquidation_policy == LiquidationPolicy.PERCENT_STEPS:
        if (instrument_id, side) not in world.wallets[risk.wallet_id].cooldowns:
            part = ceil(held * Fraction(terms.liquidation_step_rate, RATE_ONE))
    lots = ceil(Fraction(part, terms.lot_size)) * terms.lot_size
    return held if held - lots < terms.min_quantity else lots


@dataclass
class Step:
    """The step at work, and what of it is not dealt with yet."""

    wallet_id: int
    instrument_id: int
    side: PositionSide
    left: int
    order_id: int | None
    equity: int
    total: int


@dataclass
class Deleveraging:
    """See the module."""

    world: NaiveWorld
    step: Step | None = None
    excess: dict[int, Step] = field(default_factory=dict)
    at_work: Step | None = None
    """The excess that is being deleveraged."""
    queue: list[PositionKey] = field(default_factory=list)
    started_with: int = 0
    closed_for: int = 0
    exhausted: dict[int, None] = field(default_factory=dict)
    """Liquidations of which the other side could not take all."""

    def follow(self, event: e.AnyEvent) -> None:
        """Before the world does."""
        match event:
            case e.LiquidationStepTaken():
                self.close_step()
                self._begin(event)
            case e.TradeExecuted():
                if self.step is not None and event.taker_order_id == self.step.order_id:
                    self.step.left -= event.quantity
            case e.PositionTakenOver():
                self._take_over(event)
            case e.DeleveragingStarted():
                self.close_step()
                self._start(event)
            case e.PositionDeleveraged():
                self._deleverage(event)
            case e.LiquidationStarted() | e.MarginCallIssued() | e.SweepPaged():
                self.close_step()
            case e.LiquidationPaused():
                self.close_step()
                self._check_pause(event)
            case e.LiquidationResumed():
                cooldowns = self.world.wallets[event.wallet_id].cooldowns
                resume = cooldowns[(event.instrument_id, event.position_side)]
                assert resume is not None
                assert resume <= self.world.time_ns
            case e.LiquidationEnded():
                self.close_step()
                if event.shortfall:
                    assert event.liquidation_id in self.exhausted, "shortfall before ADL (LIQ-8)"
            case _:
                pass

    def finish(self) -> None:
        """After a command."""
        self.close_step()
        assert not self.excess, "an excess was left (LIQ-7)"

    # -- steps -----------------------------------------------------------------------------------

    def _total(self, wallet_id: int) -> int:
        return sum(
            abs(self._at_mark(instrument_id, position.quantity))
            for instrument_id, position in self.world.positions_in(wallet_id)
        )

    def _at_mark(self, instrument_id: int, quantity: int) -> int:
        instrument = self.world.instruments[instrument_id]
        return value(instrument, quantity, mark_of(instrument))

    def _unit_of(self, liquidation_id: int) -> int:
        return next(
            each.wallet_id
            for each in self.world.wallets.values()
            if each.liquidation == liquidation_id
        )

    def _begin(self, event: e.LiquidationStepTaken) -> None:
        risk = risk_of(self.world, self._unit_of(event.liquidation_id))
        instrument_id, position = first_in_line(self.world, risk)
        side = side_of(position)
        assert (event.instrument_id, event.position_side) == (instrument_id, side), "LIQ-3"
        assert event.quantity == planned(self.world, risk, instrument_id, side), "LIQ-10"
        policy = self.world.instruments[instrument_id].terms.liquidation_policy
        on_book = risk.equity > 0 and policy != LiquidationPolicy.TAKEOVER_ONLY
        assert (event.order_id is not None) == on_book
        assert event.maintenance_margin == risk.maintenance_margin
        assert event.call_margin == risk.call_margin
        self.at_work = None
        self.step = Step(
            risk.wallet_id,
            instrument_id,
            side,
            event.quantity,
            event.order_id,
            risk.equity,
            self._total(risk.wallet_id),
        )

    def close_step(self) -> None:
        """Something else begins: what is left of the step is more than the fund can take."""
        step, self.step = self.step, None
        if step is None or step.left == 0:
            return
        if step.equity <= 0:
            step.equity = risk_of(self.world, step.wallet_id).equity
            step.total = self._total(step.wallet_id)
        self._check_fund_is_full(step)
        self.excess[step.wallet_id] = step

    def _check_fund_is_full(self, step: Step) -> None:
        """One lot more would go beyond its cap, or its share of the deficit beyond what it has."""
        lot = self.world.instruments[step.instrument_id].terms.lot_size
        cap = self.world.parameters.fund_notional_cap
        after, able = 0, self.world.balance(INSURANCE_FUND)
        for (owner, instrument_id, _), position in self.world.positions.items():
            if owner == FUND_ACCOUNT:
                quantity = position.quantity
                able += min(0, self._at_mark(instrument_id, quantity) - position.entry)
                if instrument_id != step.instrument_id:
                    after += abs(self._at_mark(instrument_id, quantity))
        held = self.world.net(FUND_ACCOUNT, step.instrument_id) + step.side * lot
        after += abs(self._at_mark(step.instrument_id, held))
        share = Fraction(-step.equity * self._at_mark(step.instrument_id, lot), step.total)
        is_full = cap is not None and after > cap
        assert is_full or share > max(0, able), "the fund had room (LIQ-7)"

    def _take_over(self, event: e.PositionTakenOver) -> None:
        if self.at_work is not None:
            assert event.quantity == self.at_work.left, "LIQ-7"
            self.exhausted[event.liquidation_id] = None
            self._check_exhausted()
            self.at_work = None
            return
        assert self.step is not None
        self.step.left -= event.quantity
        assert self.step.left >= 0

    def _check_pause(self, event: e.LiquidationPaused) -> None:
        terms = self.world.instruments[event.instrument_id].terms
        assert terms.liquidation_policy == LiquidationPolicy.PERCENT_STEPS
        wallet = self.world.wallets[event.wallet_id]
        assert (event.instrument_id, event.position_side) not in wallet.cooldowns
        risk = risk_of(self.world, event.wallet_id)
        assert risk.equity <= risk.call_margin
        assert event.resume_ns == self.world.time_ns + terms.liquidation_cooldown_ns

    # -- the queue -------------------------------------------------------------------------------

    def _start(self, event: e.DeleveragingStarted) -> None:
        wallet_id = self._unit_of(event.liquidation_id)
        step = self.excess.pop(wallet_id)
        assert (event.instrument_id, event.position_side) == (step.instrument_id, step.side)
        assert (event.quantity, event.equity) == (step.left, step.equity)
        assert event.total_notional == step.total
        self.at_work, self.started_with, self.closed_for = step, step.left, 0
        ranked = []
        for key, position in self.world.positions.items():
            wallet = self.world.wallets[position.wallet_id]
            opposite = key[1:] == (event.instrument_id, PositionSide(-event.position_side))
            if opposite and key[0] != FUND_ACCOUNT and wallet.liquidation is None:
                ranked.append((self._place(key), key))
        self.queue = [key for _, key in sorted(ranked)]

    def _place(self, key: PositionKey) -> tuple[bool, int, int, int]:
        position = self.world.positions[key]
        gain = self._at_mark(key[1], position.quantity) - position.entry
        return gain < 0, -self.score(key), position.opened, position.wallet_id

    def score(self, key: PositionKey) -> int:
        """(max(0, UPNL) / max(1, W)) * (MM / (W + UPNL)), as a rate rounded down (LIQ-7)."""
        position = self.world.positions[key]
        gain = self._at_mark(key[1], position.quantity) - position.entry
        risk = risk_of(self.world, position.wallet_id)
        if gain <= 0 or risk.equity <= 0:
            return 0
        debts = self.world.debts.get(position.wallet_id, 0)
        one = 10 ** self.world.decimals[VALUATION_ASSET]
        assets = max(one, self.world.balance(position.wallet_id) - debts)
        return floor(Fraction(gain, assets) * Fraction(risk.maintenance, risk.equity))

    def _bearable(self, key: PositionKey, step: Step) -> int:
        held = abs(self.world.positions[key].quantity)
        if step.equity >= 0:
            return held
        lot = self.world.instruments[step.instrument_id].terms.lot_size
        share = Fraction(-step.equity * self._at_mark(step.instrument_id, 1), step.total)
        equity = risk_of(self.world, self.world.positions[key].wallet_id).equity
        most = floor(max(0, equity - 1) / share)
        return held if most >= held else most // lot * lot

    def _deleverage(self, event: e.PositionDeleveraged) -> None:
        step = self.at_work
        assert step is not None
        key = (event.account_id, event.instrument_id, event.position_side)
        while self.queue[0] != key:
            passed = self.queue.pop(0)
            assert self._bearable(passed, step) == 0, f"{passed} comes before {key} (LIQ-7)"
        self.queue.pop(0)
        assert event.wallet_id == self.world.positions[key].wallet_id
        assert event.score == self.score(key)
        assert event.quantity == min(step.left, self._bearable(key, step))
        own_orders = [
            each
            for each in self.world.terms.values()
            if (each.account_id, each.instrument_id) == key[:2]
        ]
        assert not own_orders, "a counterparty's orders are canceled (LIQ-7)"
        step.left -= event.quantity
        self.closed_for += event.notional
        if step.left == 0:
            self._check_price(step, event)

    def _check_price(self, step: Step, event: e.PositionDeleveraged) -> None:
        """All of it at the takeover price, rounded in the unit's favor."""
        self.at_work = None
        notional = self._at_mark(step.instrument_id, self.started_with)
        share = floor(Fraction(step.equity * notional, step.total))
        assert self.closed_for == notional - step.side * share, event

    def _check_exhausted(self) -> None:
        step = self.at_work
        assert step is not None
        for key in self.queue:
            assert self._bearable(key, step) == 0, f"{key} was passed over (LIQ-7)"
