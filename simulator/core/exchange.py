"""The door of the core: `execute` a command, or `fold` what one has done before.

After every command the ledger is checked (LED-3). A refusal is an event; a broken invariant
raises, and the world that owns this exchange must halt.
"""

from collections.abc import Callable, Sequence
from typing import Any

from simulator.core.model import commands as c
from simulator.core.model.events import AnyEvent, CommandRejected, PricesSampled
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules import (
    accounts,
    administration,
    amending,
    borrowing,
    canceling,
    funding,
    mark_price,
    placing,
    placing_lists,
    quotes,
    reset,
    sampling,
    settling,
    spot_settings,
    time,
    timers,
)
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.state.apply import HANDLERS, apply
from simulator.core.state.exchange_state import ExchangeState

_Rule = Callable[[Execution, Any], Refusal | None]

_RULES: dict[type[Any], _Rule] = {
    c.DefineAsset: administration.define_asset,
    c.ListInstrument: administration.list_instrument,
    c.SetRiskTiers: administration.set_risk_tiers,
    c.ConfigureWorld: administration.configure_world,
    c.SetMarketState: mark_price.set_market_state,
    c.OpenAccount: accounts.open_account,
    c.Deposit: accounts.deposit,
    c.TransferFunds: accounts.transfer_funds,
    c.AdjustBalance: accounts.adjust_balance,
    c.SetLeverage: accounts.set_leverage,
    c.SetMarginMode: accounts.set_margin_mode,
    c.SetPositionMode: accounts.set_position_mode,
    c.DepositFunds: accounts.deposit_funds,
    c.ResetAccount: reset.reset_account,
    c.PlaceOrder: placing.place_order,
    c.AmendOrder: amending.amend_order,
    c.CancelOrder: canceling.cancel_order,
    c.CancelAllOrders: canceling.cancel_all_orders,
    c.FundLendingPool: borrowing.fund_lending_pool,
    c.BorrowFunds: borrowing.borrow_funds,
    c.RepayFunds: borrowing.repay_funds,
    c.SetCrossLeverage: spot_settings.set_cross_leverage,
    c.SetHaircuts: administration.set_haircuts,
    c.ReplaceQuotes: quotes.replace_quotes,
    c.PlaceOrderList: placing_lists.place_order_list,
    c.CancelOrderList: canceling.cancel_order_list,
    c.CountdownCancelAll: timers.countdown_cancel_all,
    c.SetIndexPrices: mark_price.set_index_prices,
    c.AdvanceTime: time.advance_time,
    c.ContinueSweep: time.continue_step,
    c.SetFundingRates: funding.set_funding_rates,
}


class Exchange:
    """One exchange. `state` may be read by anyone, and is changed by nobody else."""

    def __init__(self, state: ExchangeState | None = None) -> None:
        self.state = state if state is not None else ExchangeState()
        self._watch = RiskWatch()
        self._samples = sampling.Samples()
        self.resume()

    def resume(self) -> None:
        """Files the bounds of all units; needed after folding, before the next command."""
        self._watch = RiskWatch()
        self._samples = sampling.Samples()
        for wallet_id in [*self.state.unit_positions, *sorted(self.state.debtors)]:
            if self.state.is_unit(wallet_id):
                self._watch.outdate(wallet_id)
        self._watch.refresh(self.state)
        self.state.touched_units.clear()

    def execute(self, time_ns: int, command: c.AnyCommand) -> tuple[AnyEvent, ...]:
        """Does the command at a world time (never backwards) and returns what happened.

        Raises:
            LedgerError: LED-3 is broken.
            AssertionError: another invariant is.
        """
        state, kind = self.state, type(command)
        state.seq += 1
        run = Execution(state, self._watch, self._samples)
        sampled: PricesSampled | None = None
        if time_ns > state.time_ns and kind is not c.AdvanceTime:
            if time_ns >= self._samples.due_ns:
                sampled = self._sample(time_ns)
            state.time_ns = time_ns  # AdvanceTime moves the clock itself, step by step
        if state.is_paging and kind is not c.ContinueSweep:
            refusal: Refusal | None = refuse(RejectReason.SWEEP_IN_PROGRESS)
        else:
            refusal = _RULES[kind](run, command)
        if refusal is not None:
            run.emit(CommandRejected(refusal.reason, refusal.needed, refusal.available))
        if state.touched_units or run.met_triggers or run.list_news:
            settling.settle(run)
        if sampled is not None:
            run.events.append(sampled)
        state.ledger.check(VALUATION_ASSET)
        return tuple(run.events)

    def _sample(self, time_ns: int) -> PricesSampled | None:
        """What held before a command is known to it, but listed last: what a command comes to is
        its first event."""
        sampled = self._samples.take(self.state, time_ns)
        if sampled is not None:
            apply(self.state, sampled)
        return sampled

    def fold(self, time_ns: int, command: c.AnyCommand, events: Sequence[AnyEvent]) -> None:
        """Applies the events of a journaled command; call `resume` before executing again."""
        state = self.state
        state.seq += 1
        if time_ns > state.time_ns and type(command) is not c.AdvanceTime:
            state.time_ns = time_ns
        for event in events:
            HANDLERS[type(event)](state, event)
        state.touched_units.clear()

    def next_due(self) -> int | None:
        """The world time at which an `AdvanceTime` is due; none if nothing ever is."""
        return time.next_due(self.state)
