"""What would have avoided a margin call or a liquidation: worked out, then tried by replay.

Each remedy is first computed from the episode's formula, and then tried: the journal is executed
again with that one change (`what_if`), everybody else acting as recorded, until the moment up to
which the episode was looked at. A remedy that fails its trial is made stronger once or twice, and
left out if that does not help. So what is told has happened, in a replay.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

import msgspec

from simulator.analytics import changes
from simulator.analytics.attribution import account_equity
from simulator.analytics.episode import Episode, Gathered, PathPoint
from simulator.analytics.gathering import distress_in
from simulator.analytics.held import Main, opened_in
from simulator.analytics.journals import Past
from simulator.analytics.what_if import Change, UnitKey, WhatIf
from simulator.core.model import events as e
from simulator.core.model.commands import AnyCommand
from simulator.core.model.enums import MarginMode, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up, round_down_to, round_up_to
from simulator.core.rules import margin
from simulator.core.rules.fills import opening_margin
from simulator.core.rules.liquidation_price import UnitLine, liquidation_price
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord

RemedyKind = Literal["MARGIN", "STOP", "LEVERAGE", "SIZE", "MARGIN_MODE"]

MOST_ATTEMPTS: Final = 3


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """One that passed its trial. Which numbers are set depends on the kind.

    `equity` is the account's at the end of the trial, money that was added not counted;
    `recorded_equity` what it had there in truth.
    """

    kind: RemedyKind
    time_ns: int
    """When it would have been done."""
    equity: int
    recorded_equity: int
    amount: int | None = None
    """MARGIN: to add. LEVERAGE: the margin of the position then."""
    own_funds: int | None = None
    """MARGIN: what of it the account had free in its other wallet."""
    price: int | None = None
    """STOP: the trigger price of a stop-market order on the mark."""
    leverage: int | None = None
    quantity: int | None = None
    """SIZE: of the position."""
    margin_mode: MarginMode | None = None
    still_liquidated: bool = False
    """MARGIN_MODE: the position itself would have been, but nothing else with it."""


class Budget:
    """How many entries trials may execute in all; what is beyond is not tried."""

    def __init__(self, entries: int) -> None:
        self.left = entries
        self.exhausted = False

    def take(self, entries: int) -> bool:
        if entries > self.left:
            self.exhausted = True
            return False
        self.left -= entries
        return True


def find_remedies(past: Past, gathered: Gathered, budget: Budget) -> list[Remedy]:
    """All that pass; each is tried on its own."""
    loans = gathered.episode.is_spot_margin
    trials = (_LoanTrials if loans else _Trials)(past, gathered, budget)
    found = (
        trials.more_margin(),
        trials.stop(),
        *((trials.leverage(), trials.size(), trials.other_mode()) if trials.whole else ()),
    )
    return [remedy for remedy in found if remedy is not None]


class Trial(msgspec.Struct, frozen=True):
    """How an execution with a change went."""

    seq: int
    survived: bool
    """Neither the unit nor any other one of the account met what it had not met in truth."""
    beside: bool
    """But for the isolated unit that the change made of the position."""
    equity: int
    opened: int
    refused: bool
    """The change itself was, or before the event an order of the account that was not in truth."""


class _Trials:
    def __init__(self, past: Past, gathered: Gathered, budget: Budget) -> None:
        self._past = past
        self._path = gathered.path
        self._budget = budget
        self.case: Episode = gathered.episode
        self.liquidation = gathered.episode.cure is None
        self.whole = gathered.episode.whole
        case = self.case
        self._main = Main(case.main_instrument_id, case.main_side, case.is_spot_margin)

    # -- executing ---------------------------------------------------------------------------------

    def _try(self, begin: int, change: Change, state: ExchangeState | None = None) -> Trial | None:
        """From the entry `begin` on; none if the budget does not allow it."""
        case = self.case
        if not self._budget.take(case.until_seq - begin):
            return None
        run = WhatIf(self._past.state_at(begin) if state is None else state, change)
        account_id = case.account_id
        met: Counter[UnitKey] = Counter()
        opened = 0
        events, seq = run.begin(), begin
        refused = False
        entries = self._past.entries(begin, case.until_seq)
        while True:
            for event in events:
                for each in distress_in(run.state, event, account_id):
                    met[each.unit] += each.liquidation is self.liquidation
                if seq <= case.seq:
                    opened += opened_in(event, account_id, self._main)
            entry = next(entries, None)
            if entry is None or run.refusals or met[case.unit_key]:
                break
            events, seq = run.do(entry), entry.seq
            if seq <= case.seq and _is_refused_now(account_id, entry.events, events):
                refused = True
                break
        allowed = Counter(
            each.unit
            for each in case.distress
            if each.seq > begin
            and each.liquidation is self.liquidation
            and each.unit != case.unit_key
        )
        excess = met - allowed
        side = None if self._main.is_spot else self._main.side
        beside = UnitKey(account_id, WalletKind.ISOLATED, self._main.instrument_id, side)
        return Trial(
            begin,
            not excess,
            set(excess) <= {beside} and beside != case.unit_key,
            account_equity(run.state, account_id),
            opened,
            refused or bool(run.refusals),
        )

    def _time(self, seq: int) -> int:
        for entry in self._past.entries(max(0, seq - 1), seq):
            return entry.time_ns
        return 0

    # -- adding margin -----------------------------------------------------------------------------

    def more_margin(self) -> Remedy | None:
        """At the margin call, or before the entry if the call came with it."""
        case = self.case
        begin = case.seq - 1
        if self.liquidation and case.called_seq is not None and case.called_seq < case.seq:
            begin = case.called_seq
        state = self._past.state_at(begin)
        if not self._is_exposed(state):
            return None
        cent = 10 ** max(0, state.assets[VALUATION_ASSET].decimals - 2)
        missing = 1 - (case.lowest if self.liquidation else case.lowest_to_call)
        for extra in (0, 5, 25):
            amount = round_up_to(max(1, missing + missing * extra // 100), cent)
            own, commands = changes.adding_margin(state, case.wallet_id, amount)
            trial = self._try(begin, changes.Beforehand(commands), state)
            if trial is None:
                return None
            if trial.survived and not trial.refused:
                return Remedy(
                    kind="MARGIN",
                    time_ns=self._time(begin),
                    equity=trial.equity - (amount - own),
                    recorded_equity=case.equity_at_end,
                    amount=amount,
                    own_funds=own,
                )
            state = self._past.state_at(begin)
        return None

    def _is_exposed(self, state: ExchangeState) -> bool:
        return self.case.wallet_id in state.unit_positions

    # -- a stop ------------------------------------------------------------------------------------

    def _way(self) -> tuple[int | None, int]:
        """The price at which it happened, and the one at which it began."""
        main = self.case.main
        return main.liquidation_price if self.liquidation else main.mark_price, main.entry_price

    def _protecting(self, state: ExchangeState, price: int) -> list[AnyCommand]:
        position = (self._main.instrument_id, self._main.side)
        return changes.protecting(state, self.case.account_id, position, price)

    def stop(self) -> Remedy | None:
        """As far from the entry as still helps: a quarter, half, three quarters of the way back."""
        case, side = self.case, self._main.side
        line, entry = self._way()
        if line is None or (entry - line) * side <= 0:
            return None
        tick = self._record().terms.tick_size
        for quarters in (1, 2, 3):
            exact = line + (entry - line) * quarters // 4
            price = round_up_to(exact, tick) if side > 0 else round_down_to(exact, tick)
            met = self._first_beyond(price)
            if met is None:
                continue
            state = self._past.state_at(met.seq - 1)
            commands = self._protecting(state, price)
            if not commands:
                continue
            trial = self._try(met.seq - 1, changes.Beforehand(commands), state)
            if trial is None:
                return None
            if trial.survived and not trial.refused:
                return Remedy(
                    kind="STOP",
                    time_ns=met.time_ns,
                    equity=trial.equity,
                    recorded_equity=case.equity_at_end,
                    price=price,
                )
        return None

    def _first_beyond(self, price: int) -> PathPoint | None:
        for point in self._path:
            if (price - point.mark_price) * self.case.main_side >= 0:
                return point
        return None

    def _record(self) -> InstrumentRecord:
        return self._past.state_at(self.case.seq - 1).instruments[self.case.main_instrument_id]

    # -- another beginning -------------------------------------------------------------------------

    def leverage(self) -> Remedy | None:
        """The same position with more margin of its own; in CROSS leverage moves no line."""
        case, main = self.case, self.case.main
        if case.kind is not WalletKind.ISOLATED:
            return None
        for leverage in self._leverages():
            change = changes.LowerLeverage(case.account_id, main.instrument_id, leverage)
            trial = self._try(case.opened_seq, change)
            if trial is None:
                return None
            if trial.survived and not trial.refused and trial.opened == case.opened_quantity:
                return Remedy(
                    kind="LEVERAGE",
                    time_ns=case.opened_ns,
                    equity=trial.equity,
                    recorded_equity=case.equity_at_end,
                    leverage=leverage,
                    amount=opening_margin(main.entry_notional, leverage),
                )
            if trial.refused or trial.opened < case.opened_quantity:
                return None  # the account has not so much
        return None

    def _leverages(self) -> Iterator[int]:
        """From the highest at which the worst mark is not the liquidation price's, downward."""
        main, record = self.case.main, self._record()
        held = 0
        for leverage in range(main.leverage - 1, 0, -1):
            wallet = opening_margin(main.entry_notional, leverage)
            line = UnitLine(
                main.side * main.quantity,
                main.side * main.entry_notional,
                record.terms.notional_multiplier,
                wallet,
                0,
                0,
            )
            price = self._line_of(line, record)
            if price is None or (self.case.worst_mark - price) * main.side > 0:
                yield leverage
                held += 1
                if held == MOST_ATTEMPTS:
                    return

    def _line_of(self, line: UnitLine, record: InstrumentRecord) -> int | None:
        """The mark of the liquidation, or of the call (MARG-3)."""
        tiers = record.tiers
        if not self.liquidation:
            ratio = self.case.unit.call_ratio
            tiers = tuple(changes.called(tier, ratio) for tier in tiers)
        gaining = self.case.main.mark_price * 1_000 if line.quantity > 0 else 1
        found = liquidation_price(line, tiers, gaining)
        return found.below if line.quantity > 0 else found.above

    def size(self) -> Remedy | None:
        """A smaller position with the same margin, at a lower leverage; or less in CROSS."""
        case = self.case
        position = (self._main.instrument_id, self._main.side)
        for factor, leverage in self._factors():
            change = changes.Smaller(case.account_id, position, factor, leverage)
            trial = self._try(case.opened_seq, change)
            if trial is None:
                return None
            opened = trial.opened > 0 and trial.opened >= case.opened_quantity * factor * 9 / 10
            if trial.survived and not trial.refused and opened:
                return Remedy(
                    kind="SIZE",
                    time_ns=case.opened_ns,
                    equity=trial.equity,
                    recorded_equity=case.equity_at_end,
                    leverage=leverage,
                    quantity=trial.opened,
                )
        return None

    def _factors(self) -> Iterator[tuple[Fraction, int | None]]:
        main = self.case.main
        if self.case.kind is WalletKind.ISOLATED:
            for leverage in self._leverages():
                yield Fraction(leverage, main.leverage), leverage
            return
        largest = self._largest_part()
        if largest is not None:
            for percent in (98, 90, 75):
                yield largest * percent / 100, None

    def _largest_part(self) -> Fraction | None:
        """In CROSS: of the main position, such that the worst moment leaves equity at the line."""
        case, main, record = self.case, self.case.main, self._record()
        worth = main.side * record.terms.notional(main.quantity, case.worst_mark)
        exact = maintenance_at(record.tiers, abs(worth))
        lowest, line = case.lowest, divide_up(exact, RATE_ONE)
        if not self.liquidation:
            lowest, line = case.lowest_to_call, margin.call_margin_of(exact, case.unit.call_ratio)
        own = worth - main.side * main.entry_notional - line
        rest = lowest - own
        if own >= 0 or rest <= 0:
            return None
        return min(Fraction(1), Fraction(rest, -own))

    def other_mode(self) -> Remedy | None:
        """ISOLATED instead of CROSS, or the reverse, from the beginning."""
        case = self.case
        was_cross = case.kind is WalletKind.CROSS
        mode = MarginMode.ISOLATED if was_cross else MarginMode.CROSS
        change = changes.OtherMode(case.account_id, case.main_instrument_id, mode)
        trial = self._try(case.opened_seq, change)
        if trial is None or trial.refused or trial.opened < case.opened_quantity:
            return None
        limited = was_cross and trial.beside and trial.equity > case.equity_at_end
        if not trial.survived and not limited:
            return None
        return Remedy(
            kind="MARGIN_MODE",
            time_ns=case.opened_ns,
            equity=trial.equity,
            recorded_equity=case.equity_at_end,
            margin_mode=mode,
            still_liquidated=not trial.survived,
        )


class _LoanTrials(_Trials):
    """Of a unit without positions: what it holds and owes moves with an index (spot margin)."""

    def _is_exposed(self, state: ExchangeState) -> bool:
        return self.case.wallet_id in state.debtors

    def _way(self) -> tuple[int | None, int]:
        """It has no entry price: the way back is to the index at which its episode began."""
        asset = self.case.main_asset
        line = asset.liquidation_price if self.liquidation else asset.index_price
        return line, self._path[0].mark_price

    def _protecting(self, state: ExchangeState, price: int) -> list[AnyCommand]:
        return changes.unwinding(state, self.case.wallet_id, self.case.main_asset, price)

    def leverage(self) -> Remedy | None:
        """A lower product of the pair (BOR-5), which borrows less for the same quantity."""
        case = self.case
        if case.kind is not WalletKind.ISOLATED:
            return None
        for product in self._lower_products():
            change = changes.LowerLeverage(case.account_id, case.main_instrument_id, product)
            trial = self._try(case.opened_seq, change)
            if trial is None or trial.refused or trial.opened < case.opened_quantity:
                return None  # the account has not so much
            if trial.survived:
                return Remedy(
                    kind="LEVERAGE",
                    time_ns=case.opened_ns,
                    equity=trial.equity,
                    recorded_equity=case.equity_at_end,
                    leverage=product,
                )
        return None

    def _lower_products(self) -> list[int]:
        """The highest first."""
        state = self._past.state_at(self.case.seq - 1)
        now = state.settings(self.case.account_id, self.case.main_instrument_id).leverage
        products = [row[0] for row in state.parameters.isolated_levels]
        return sorted((each for each in products if each < now), reverse=True)

    def _factors(self) -> Iterator[tuple[Fraction, int | None]]:
        """Of a pair at a lower product with the same margin; in CROSS three quarters and so on."""
        if self.case.kind is WalletKind.ISOLATED:
            state = self._past.state_at(self.case.seq - 1)
            now = state.settings(self.case.account_id, self.case.main_instrument_id).leverage
            for product in self._lower_products():
                yield Fraction(product, now), product
            return
        for percent in (75, 50, 25):
            yield Fraction(percent, 100), None


def _is_refused_now(
    account_id: int, recorded: Sequence[e.AnyEvent], events: Sequence[e.AnyEvent]
) -> bool:
    """Whether an order of the account is refused that was not: the change cannot be afforded."""
    return any(
        isinstance(event, e.OrderRejected) and event.account_id == account_id for event in events
    ) and not any(isinstance(event, e.OrderRejected) for event in recorded)
