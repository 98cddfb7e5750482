"""Gathering an episode: one pass over the journal, event by event (see `episode`).

The pass begins where the unit's position or loan does (`beginnings`), stops at the event in
question to write its formula down, and goes on for a while, to know what the marks did next.
"""

from enum import Enum
from typing import Final, NamedTuple

import msgspec

from simulator.analytics.attribution import account_equity
from simulator.analytics.beginnings import AnyDistress, Beginning, beginning_of, enter
from simulator.analytics.episode import (
    Counterparty,
    Cure,
    Distress,
    Ending,
    Episode,
    FundFlow,
    Gathered,
    LedgerLine,
    PathPoint,
    StepTaken,
    UnitFormula,
)
from simulator.analytics.formulas import unit_formula
from simulator.analytics.held import Held, Main, hold, main_of, opened_in
from simulator.analytics.journals import Past
from simulator.analytics.what_if import unit_key
from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT, INSURANCE_FUND, SHORTFALL
from simulator.core.model.enums import TransferKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.rules import margin
from simulator.core.state.apply import HANDLERS
from simulator.core.state.exchange_state import ExchangeState

MOST_POINTS: Final = 200
"""Of a path that is handed on; the turning points are always among them."""


class Kind(Enum):
    MARGIN_CALL = "MARGIN_CALL"
    LIQUIDATION = "LIQUIDATION"


class Subject(NamedTuple):
    """Which event is to be explained: its number, and the entry that has it."""

    kind: Kind
    number: int
    seq: int


class Limits(NamedTuple):
    """How far one looks: back over entries, and on for a while of world time."""

    entries_before: int = 60_000
    entries_after: int = 20_000
    time_after_ns: int = 3600 * 10**9


class UnknownSubjectError(LookupError):
    """The entry has no such margin call or liquidation."""


class NotExplainedError(ValueError):
    """The wallet held and owed nothing but the valuation asset: there was no price to follow."""


def gather(past: Past, subject: Subject, last_seq: int, limits: Limits = Limits()) -> Gathered:
    """The episode, with what the marks did after it up to `last_seq` at most.

    Raises:
        UnknownSubjectError: the entry does not have it.
        NotExplainedError: no price concerned the wallet.
    """
    state, event = _stop_at(past, subject)
    begin = beginning_of(past, state, event, subject.seq, limits.entries_before)
    until = min(
        last_seq,
        subject.seq + limits.entries_after,
        max(subject.seq, past.seq_at(state.time_ns + limits.time_after_ns)),
    )
    main = main_of(state, event.wallet_id)
    if main is None:
        code = state.assets[VALUATION_ASSET].code
        raise NotExplainedError(
            f"wallet {event.wallet_id} held and owed nothing but {code}, so no price brought it "
            "there; its numbers are in the lists of margin calls, liquidations and ledger entries"
        )
    reader = _Reader(past.state_at(begin.seq), subject, event, main)
    for entry in past.entries(begin.seq, until):
        reader.read(entry)
    return Gathered(episode=reader.episode(begin), path=tuple(reader.path))


def _is_it(subject: Subject, event: e.AnyEvent) -> bool:
    if isinstance(event, e.MarginCallIssued):
        wanted = subject.kind is Kind.MARGIN_CALL
        return wanted and event.margin_call_id == subject.number
    if isinstance(event, e.LiquidationStarted):
        wanted = subject.kind is Kind.LIQUIDATION
        return wanted and event.liquidation_id == subject.number
    return False


def _stop_at(past: Past, subject: Subject) -> tuple[ExchangeState, AnyDistress]:
    """The state in which it happened, within its entry."""
    state = past.state_at(subject.seq - 1)
    for entry in past.entries(subject.seq - 1, subject.seq):
        enter(state, entry)
        for event in entry.events:
            if _is_it(subject, event):
                if isinstance(event, e.MarginCallIssued | e.LiquidationStarted):
                    return state, event
            HANDLERS[type(event)](state, event)
    raise UnknownSubjectError(f"entry {subject.seq} has no {subject.kind.value} {subject.number}")


class _Reader:
    """Collects what belongs to one unit's call or liquidation."""

    def __init__(
        self,
        state: ExchangeState,
        subject: Subject,
        event: AnyDistress,
        main: Main,
    ) -> None:
        state.notes = None
        self.state = state
        self.subject = subject
        self.event = event
        self.wallet_id = event.wallet_id
        self.began_ns = state.time_ns
        self.equity_before = 0
        if event.account_id in state.accounts:
            self.equity_before = account_equity(state, event.account_id)
        self.path: list[PathPoint] = []
        self.called: tuple[int, int] | None = None
        self.held: Held | None = None
        self.unit: UnitFormula | None = None
        self.at: tuple[int, int] = (0, 0)
        self.main = main
        self.steps: list[StepTaken] = []
        self.lines: list[LedgerLine] = []
        self.ending: Ending | None = None
        self.opened = 0
        self.distress: list[Distress] = []

    def read(self, entry: Entry) -> None:
        state = self.state
        enter(state, entry)
        moved = False
        for event in entry.events:
            self._look_at(event)
            HANDLERS[type(event)](state, event)
            if isinstance(event, e.MarkPriceUpdated):
                moved = moved or self._concerns(event.instrument_id)
        state.touched_units.clear()
        if moved:
            self._move()

    def _concerns(self, instrument_id: int) -> bool:
        if self.held is not None:
            return instrument_id in self.held.instruments
        if self.main.is_spot:
            asset_id = self.state.instruments[instrument_id].terms.base_asset_id
            return asset_id in self.state.wallets[self.wallet_id].holdings
        positions = self.state.unit_positions.get(self.wallet_id, {})
        return any(each == instrument_id for each, _ in positions)

    def _is_exposed(self) -> bool:
        state = self.state
        return self.wallet_id in (state.debtors if self.main.is_spot else state.unit_positions)

    def _move(self) -> None:
        if self.held is not None:
            self.held.look()
        if self.ending is None and self._is_exposed():
            self._add_point()

    def _add_point(self) -> None:
        record = self.state.instruments[self.main.instrument_id]
        if record.mark_price is None or (self.path and self.path[-1].seq == self.state.seq):
            return
        risk = margin.assess(self.state, self.wallet_id)
        self.path.append(
            PathPoint(
                seq=self.state.seq,
                time_ns=self.state.time_ns,
                mark_price=record.mark_price,
                equity=risk.equity,
                maintenance_margin=risk.maintenance_margin,
                call_margin=risk.call_margin,
            )
        )

    def _look_at(self, event: e.AnyEvent) -> None:
        """Before it is applied."""
        place = (self.state.seq, self.state.time_ns)
        self._count(event)
        if isinstance(event, e.MarginCallIssued) and event.wallet_id == self.wallet_id:
            if not event.repeated and self.unit is None:
                self.called = place
        if self.unit is None:
            if _is_it(self.subject, event):
                self._open_case(place)
        elif self.ending is None:
            self._follow(event)
        if isinstance(event, e.Transferred) and self._is_line(event):
            self.lines.append(
                LedgerLine(
                    seq=place[0],
                    time_ns=place[1],
                    kind=event.kind,
                    source=event.source,
                    target=event.target,
                    asset_id=event.asset_id,
                    amount=event.amount,
                )
            )

    def _count(self, event: e.AnyEvent) -> None:
        """What a replay will be compared with."""
        self.distress += distress_in(self.state, event, self.event.account_id)
        if self.unit is None:
            self.opened += opened_in(event, self.event.account_id, self.main)

    def _open_case(self, place: tuple[int, int]) -> None:
        state, wallet_id = self.state, self.wallet_id
        self.unit = unit_formula(state, wallet_id)
        self.held = hold(state, wallet_id, self.main)
        self.at = place
        self._add_point()

    def _is_line(self, event: e.Transferred) -> bool:
        """Until the entry of the end is over: what is left goes back to CROSS after it (LIQ-9)."""
        if self.subject.kind is not Kind.LIQUIDATION or self.unit is None:
            return False
        if event.liquidation_id == self.subject.number:
            return True
        over = self.ending is not None and self.ending.seq < self.state.seq
        return not over and self.wallet_id in (event.source, event.target)

    def _follow(self, event: e.AnyEvent) -> None:
        if self.subject.kind is Kind.MARGIN_CALL:
            if isinstance(event, e.MarginCallEnded) and event.wallet_id == self.wallet_id:
                self.ending = Ending(
                    seq=self.state.seq,
                    time_ns=self.state.time_ns,
                    equity=event.equity,
                    call_end=event.end,
                )
            return
        number = self.subject.number
        if isinstance(event, e.LiquidationStepTaken) and event.liquidation_id == number:
            self._begin_step(event)
        elif isinstance(event, e.TradeExecuted):
            self._take_fill(event)
        elif isinstance(event, e.PositionTakenOver) and event.liquidation_id == number:
            self._add_counterparty(FUND_ACCOUNT, (event.quantity, event.notional), None, None)
        elif isinstance(event, e.PositionDeleveraged) and event.liquidation_id == number:
            self._add_counterparty(event.account_id, (event.quantity, event.notional), None, None)
        elif isinstance(event, e.AssetTakenOver) and event.liquidation_id == number:
            self._add_fund(event)
        elif isinstance(event, e.LiquidationEnded) and event.liquidation_id == number:
            self.ending = Ending(
                seq=self.state.seq,
                time_ns=self.state.time_ns,
                equity=event.equity,
                outcome=event.outcome,
            )

    def _begin_step(self, event: e.LiquidationStepTaken) -> None:
        self.steps.append(
            StepTaken(
                seq=self.state.seq,
                time_ns=self.state.time_ns,
                instrument_id=event.instrument_id,
                side=event.position_side,
                tier=event.tier,
                mark_price=event.mark_price,
                takeover_price=event.takeover_price,
                quantity=event.quantity,
                equity=event.equity,
                order_id=event.order_id,
                counterparties=(),
            )
        )

    def _take_fill(self, event: e.TradeExecuted) -> None:
        if self.steps and event.taker_order_id == self.steps[-1].order_id:
            terms = self.state.instruments[event.instrument_id].terms
            part = (event.quantity, terms.notional(event.quantity, event.price))
            self._add_counterparty(event.maker_account_id, part, event.price, event.trade_id)

    def _add_counterparty(
        self,
        account_id: int,
        part: tuple[int, int],
        price: int | None,
        trade_id: int | None,
        amount: int | None = None,
    ) -> None:
        """`part` is quantity and notional of what it took."""
        taker = Counterparty(
            account_id=account_id,
            quantity=part[0],
            notional=part[1],
            price=price,
            trade_id=trade_id,
            amount=amount,
        )
        step = self.steps[-1]
        self.steps[-1] = msgspec.structs.replace(step, counterparties=(*step.counterparties, taker))

    def _add_fund(self, event: e.AssetTakenOver) -> None:
        """LIQ-5: what it took, to the quantity unit; less than that is still in the amount."""
        terms = self.state.instruments[self.steps[-1].instrument_id].terms
        part = (abs(event.amount) // terms.base_multiplier, event.notional)
        self._add_counterparty(FUND_ACCOUNT, part, None, None, abs(event.amount))

    def episode(self, begin: Beginning) -> Episode:
        event, state = self.event, self.state
        if self.unit is None or self.held is None:
            raise UnknownSubjectError(f"entries after {begin.seq} have no {self.subject}")
        wallet = state.wallets[self.wallet_id]
        return Episode(
            number=self.subject.number,
            account_id=event.account_id,
            wallet_id=self.wallet_id,
            kind=wallet.kind,
            instrument_id=wallet.instrument_id,
            side=wallet.position_side,
            main_instrument_id=self.main.instrument_id,
            main_side=self.main.side,
            opened_seq=begin.seq,
            opened_ns=self.began_ns,
            whole=begin.whole,
            called_seq=None if self.called is None else self.called[0],
            called_ns=None if self.called is None else self.called[1],
            seq=self.at[0],
            time_ns=self.at[1],
            until_seq=state.seq,
            until_ns=state.time_ns,
            unit=self.unit,
            path=thinned(self.path),
            lowest=self.held.lowest,
            lowest_to_call=self.held.lowest_to_call,
            worst_mark=self.held.worst_mark,
            equity_before=self.equity_before,
            equity_at_end=account_equity(state, event.account_id),
            opened_quantity=self.opened,
            distress=tuple(self.distress),
            steps=tuple(self.steps),
            lines=tuple(self.lines),
            fund=self._fund() if self.subject.kind is Kind.LIQUIDATION else None,
            cure=self._cure(),
            ending=self.ending,
        )

    def _fund(self) -> FundFlow:
        untraded = [
            each for step in self.steps for each in step.counterparties if each.trade_id is None
        ]
        taken = [each for each in untraded if each.account_id == FUND_ACCOUNT]
        deleveraged = [each for each in untraded if each.account_id != FUND_ACCOUNT]
        return FundFlow(
            liquidation_fee=self._sum(TransferKind.LIQUIDATION_FEE, target=INSURANCE_FUND),
            taken_quantity=sum(each.quantity for each in taken),
            taken_notional=sum(each.notional for each in taken),
            deficit_paid=self._sum(TransferKind.INSURANCE, source=INSURANCE_FUND),
            shortfall=self._sum(TransferKind.SHORTFALL, source=SHORTFALL),
            deleveraged_quantity=sum(each.quantity for each in deleveraged),
            deleveraged_notional=sum(each.notional for each in deleveraged),
        )

    def _sum(self, kind: TransferKind, source: int | None = None, target: int | None = None) -> int:
        return sum(
            line.amount
            for line in self.lines
            if line.kind is kind
            and (source is None or line.source == source)
            and (target is None or line.target == target)
        )

    def _cure(self) -> Cure | None:
        event = self.event
        if not isinstance(event, e.MarginCallIssued):
            return None
        return Cure(
            instrument_id=event.instrument_id,
            side=event.position_side,
            mark_price=event.mark_price,
            liquidation_price=event.liquidation_price,
            quantity_to_reduce=event.quantity_to_reduce,
            amount_to_add=event.amount_to_add,
            amount_to_repay=event.amount_to_repay,
        )


def distress_in(state: ExchangeState, event: e.AnyEvent, account_id: int) -> list[Distress]:
    """The event as a call or liquidation of the account, if it is one."""
    if isinstance(event, e.LiquidationStarted):
        liquidation = True
    elif isinstance(event, e.MarginCallIssued) and not event.repeated:
        liquidation = False
    else:
        return []
    if event.account_id != account_id:
        return []
    unit = unit_key(state.wallets[event.wallet_id])
    return [Distress(seq=state.seq, liquidation=liquidation, unit=unit)]


def thinned(path: list[PathPoint], most: int = MOST_POINTS) -> tuple[PathPoint, ...]:
    """At most about so many points of a path: first, last, highest and lowest are kept."""
    if len(path) <= most:
        return tuple(path)
    step = -(-len(path) // most)
    marks = [point.mark_price for point in path]
    kept = {*range(0, len(path), step), len(path) - 1}
    kept |= {marks.index(max(marks)), marks.index(min(marks))}
    return tuple(path[number] for number in sorted(kept))
