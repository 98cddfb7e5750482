"""What a crash did to everybody, counted from the journal alone.

`Cascade.follow` takes entry after entry; what it counts are events, so two people who count the
same journal get the same numbers. Amounts are minor units of the valuation asset.
"""

from collections import Counter
from collections.abc import Iterable

from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.accounts import INSURANCE_FUND, INTEREST_INCOME, SHORTFALL
from simulator.core.model.enums import (
    CallEnd,
    LiquidationOutcome,
    PositionSide,
    TransferKind,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.units import NS_PER_MINUTE


class Cascade:
    """Counts and sums. A liquidation is *partial* if it ended with the unit recovered by steps.

    It is one of debts if an asset was sold or bought in it (LIQ-5). What is borrowed and paid as
    interest is counted by asset, in its own minor units.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._terms = {each.instrument_id: each for each in instruments}
        self._isolated: set[int] = set()
        self._steps: Counter[int] = Counter()
        self._taken: Counter[int] = Counter()
        self._of_debts: set[int] = set()
        self.accounts = 0
        self.trades = 0
        self.traded_notional = 0
        self.calls = 0
        self.calls_repeated = 0
        self.calls_cured = 0
        self.liquidations: Counter[WalletKind] = Counter()
        self.steps: Counter[PositionSide] = Counter()
        self.partial = 0
        self.closed_on_book = 0
        self.takeovers = 0
        self.takeover_notional = 0
        self.debt_liquidations = 0
        self.asset_takeovers = 0
        self.asset_takeover_notional = 0
        self.borrowed: Counter[int] = Counter()
        self.interest_paid: Counter[int] = Counter()
        self.adl_fills = 0
        self.adl_notional = 0
        self.liquidation_fees = 0
        self.deficits = 0
        self.deficits_paid = 0
        self.shortfall = 0
        self.funding_stamps = 0
        self.funding_paid = 0
        self.funding_received = 0
        self.funding_remainder = 0
        self.per_minute: Counter[int] = Counter()
        """Liquidations started, by minute of world time."""

    def follow(self, entry: Entry) -> None:
        """Counts the events of the next entry."""
        time_ns = entry.time_ns
        for event in entry.events:
            if isinstance(event, e.TimeAdvanced):
                time_ns = event.time_ns
            self._market(event)
            self._liquidation(event, time_ns)
            self._money(event)

    @property
    def started(self) -> int:
        return self.liquidations.total()

    def busiest_minute(self) -> tuple[int, int] | None:
        """World time of the minute with the most liquidations (the first of equals), and those."""
        if not self.per_minute:
            return None
        minute = min(self.per_minute, key=lambda each: (-self.per_minute[each], each))
        return minute * NS_PER_MINUTE, self.per_minute[minute]

    def _market(self, event: e.AnyEvent) -> None:
        match event:
            case e.AccountOpened():
                self.accounts += 1
            case e.WalletOpened():
                self._isolated.add(event.wallet_id)
            case e.TradeExecuted():
                self.trades += 1
                terms = self._terms[event.instrument_id]
                self.traded_notional += terms.notional(event.quantity, event.price)
            case e.FundingSettled():
                self.funding_stamps += 1
            case e.FundingPaid():
                if event.amount >= 0:
                    self.funding_paid += event.amount
                else:
                    self.funding_received -= event.amount
            case e.FundingCompleted():
                self.funding_remainder += event.remainder
            case _:
                pass

    def _liquidation(self, event: e.AnyEvent, time_ns: int) -> None:
        match event:
            case e.MarginCallIssued():
                if event.repeated:
                    self.calls_repeated += 1
                else:
                    self.calls += 1
            case e.MarginCallEnded():
                self.calls_cured += event.end == CallEnd.CURED
            case e.LiquidationStarted():
                isolated = event.wallet_id in self._isolated
                self.liquidations[WalletKind.ISOLATED if isolated else WalletKind.CROSS] += 1
                self.per_minute[time_ns // NS_PER_MINUTE] += 1
            case e.LiquidationStepTaken():
                self._steps[event.liquidation_id] += 1
                self.steps[event.position_side] += 1
                if self._terms[event.instrument_id].base_asset_id is not None:
                    self._of_debts.add(event.liquidation_id)
            case e.PositionTakenOver():
                self._taken[event.liquidation_id] += 1
                self.takeovers += 1
                self.takeover_notional += event.notional
            case e.PositionDeleveraged():
                self._taken[event.liquidation_id] += 1
                self.adl_fills += 1
                self.adl_notional += event.notional
            case e.AssetTakenOver():
                self._of_debts.add(event.liquidation_id)
                self._taken[event.liquidation_id] += 1
                self.asset_takeovers += 1
                self.asset_takeover_notional += event.notional
            case e.LiquidationEnded():
                self._ended(event)
            case _:
                pass

    def _ended(self, event: e.LiquidationEnded) -> None:
        stepped = self._steps.pop(event.liquidation_id, 0) > 0
        taken = self._taken.pop(event.liquidation_id, 0) > 0
        self.debt_liquidations += event.liquidation_id in self._of_debts
        self._of_debts.discard(event.liquidation_id)
        if stepped and event.outcome == LiquidationOutcome.RECOVERED:
            self.partial += 1
        elif stepped and not taken:
            self.closed_on_book += 1
        self.liquidation_fees += event.fee
        self.deficits += event.deficit > 0
        self.deficits_paid += event.deficit - event.shortfall

    def _money(self, event: e.AnyEvent) -> None:
        if not isinstance(event, e.Transferred):
            return
        if event.kind == TransferKind.BORROW and event.target != INSURANCE_FUND:
            self.borrowed[event.asset_id] += event.amount
        elif event.target == INTEREST_INCOME:
            self.interest_paid[event.asset_id] += event.amount
        if event.asset_id == VALUATION_ASSET:
            if event.source == SHORTFALL:
                self.shortfall += event.amount
            elif event.target == SHORTFALL:
                self.shortfall -= event.amount
