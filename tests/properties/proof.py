"""One exchange, and everything it must agree with, driven by the same commands.

`Proof.do` executes a command on the exchange, on one that looks at every unit at every price, and
on one restored from a snapshot: their events must be the same. The events are folded into a
fourth, followed by the naive twins, and counted. Then the invariants are checked.
"""

from collections import Counter

from simulator.core.codec import decode_snapshot, encode_snapshot, state_hash
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT, MINT
from simulator.core.model.enums import (
    MarketState,
    PositionSide,
    Side,
    TransferKind,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import RejectReason
from simulator.core.model.units import NS_PER_SECOND
from simulator.core.rules import margin
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.state.exchange_state import ExchangeState
from tests.properties.census import census
from tests.properties.crowd import opening_commands
from tests.properties.promise import Promise
from tests.twins import naive_margin
from tests.twins.naive_sweep import Watcher

START_NS = 1_700_000_000 * NS_PER_SECOND


class EveryUnit(RiskWatch):
    """A watch that knows nothing: every price may have moved everyone across a line."""

    def __init__(self, state: ExchangeState) -> None:
        super().__init__()
        self._state = state

    def crossed(self, instrument_id: int, mark: int) -> list[int]:
        return [*self._state.unit_positions, *sorted(self._state.debtors)]

    def refresh(self, state: ExchangeState) -> None:
        """It keeps no bounds."""


class Proof:
    """Starts with the crowd of `crowd.opening_commands`."""

    def __init__(self) -> None:
        self.live = Exchange()
        self.every = Exchange()
        self.every._watch = EveryUnit(self.every.state)
        self.folded = Exchange()
        self.restored = Exchange()
        self.watcher = Watcher()
        self.counts: Counter[str] = Counter()
        self.commands = 0
        self.time_ns = START_NS
        for command in opening_commands():
            self._execute(command)
        self.check_everything()

    @property
    def state(self) -> ExchangeState:
        return self.live.state

    def do(self, command: c.AnyCommand) -> None:
        """The command, after what fell due before it, and then the pages that it left."""
        self.time_ns += NS_PER_SECOND
        self._let_time_pass(self.time_ns)
        if isinstance(command, c.AdvanceTime):
            self.time_ns = max(self.time_ns, command.time_ns)
            self._let_time_pass(self.time_ns)
        self._execute(command)
        self._continue()

    def _let_time_pass(self, until_ns: int) -> None:
        due = self.live.next_due()
        while due is not None and due <= until_ns:
            self._execute(c.AdvanceTime(due))
            self._continue()
            later = self.live.next_due()
            assert later is None or later > due, "time stands still"
            due = later

    def _continue(self) -> None:
        if self.state.is_paging:
            self._execute(c.OpenAccount(), self.state.time_ns)
            self.counts["refused during a sweep"] += 1
        pages = 0
        while self.state.is_paging:
            pages += 1
            assert pages < 200, "the sweep does not end"
            self._execute(c.ContinueSweep(), self.state.time_ns)
        self.watcher.world.waiting.check_moment(self.state.time_ns)

    def _execute(self, command: c.AnyCommand, time_ns: int | None = None) -> None:
        time_ns = self.time_ns if time_ns is None else time_ns
        promise = Promise(self.state, command) if isinstance(command, c.PlaceOrder) else None
        events = self.live.execute(time_ns, command)
        if promise is not None:
            promise.check(events)
        if isinstance(command, c.DepositFunds):
            self._check_deposit(command, events)
        assert self.every.execute(time_ns, command) == events, "risk_watch missed a unit"
        assert self.restored.execute(time_ns, command) == events, "a snapshot forgot something"
        self.folded.fold(time_ns, command, events)
        advances = isinstance(command, c.AdvanceTime)
        self.watcher.begin(None if advances else time_ns)
        for event in events:
            self.watcher.follow(event)
        self.watcher.finish()
        self.counts.update(census(self.state, command, events))
        self.commands += 1
        self.check_quickly()
        if self.commands % 10 == 0:
            self.check_everything()

    def _check_deposit(self, command: c.DepositFunds, events: tuple[e.AnyEvent, ...]) -> None:
        """WAL-6, before the twins know of it: refused is what goes beyond the limit, no less."""
        world = self.watcher.world
        limit, deposited = world.parameters.deposit_limit, world.deposits.get(command.account_id, 0)
        left = max(0, limit - deposited)
        first = events[0]
        if isinstance(first, e.Transferred):
            assert command.amount <= left
            assert (first.kind, first.source) == (TransferKind.DEPOSIT, MINT)
        elif isinstance(first, e.CommandRejected) and first.reason == RejectReason.DEPOSIT_LIMIT:
            assert command.amount > left
            assert (first.needed, first.available) == (command.amount, left)

    # -- invariants ------------------------------------------------------------------------------

    def check_quickly(self) -> None:
        state, world = self.state, self.watcher.world
        assert state.time_ns == world.time_ns
        for instrument_id, book in state.books.items():
            opened = state.instruments[instrument_id].market_state is MarketState.OPEN
            assert not book.is_crossed() or not opened
            for side in (Side.BUY, Side.SELL):
                levels = list(book.own_side(side).levels_from_best())
                for level in levels:
                    total = sum(order.remaining for order in level.orders.values())
                    assert level.quantity == total > 0
                queue = [order_id for level in levels for order_id in level.orders]
                naive = world.books.books[instrument_id].queue(side)
                assert queue == [order.order_id for order in naive], "price, then time (MAT-1)"
        world.check()

    def check_everything(self) -> None:
        """The slower half: exposures, margins, fold, hash, snapshot."""
        self._check_holdings()
        self._check_accounts()
        self._check_exposures()
        self._check_margins()
        self._check_waiting()
        assert state_hash(self.folded.state) == state_hash(self.state), "fold = live"
        assert state_hash(self.every.state) == state_hash(self.state)
        encoded = encode_snapshot(self.state)
        restored = decode_snapshot(encoded)
        assert encode_snapshot(restored) == encoded
        self.restored = Exchange(restored)

    def _check_holdings(self) -> None:
        world = self.watcher.world
        for wallet_id, wallet in self.state.wallets.items():
            for asset_id, holding in wallet.holdings.items():
                assert holding.balance == world.balances.get((wallet_id, asset_id), 0)
                assert holding.balance >= 0
                assert holding.locked >= 0
            holding = self.state.holding(wallet_id)
            assert holding.settlement_debt == world.debts.get(wallet_id, 0)
            if wallet.kind == WalletKind.CROSS:
                assert holding.locked == naive_margin.locked_by(world, wallet.account_id)
            else:
                assert holding.locked == 0
            idle = wallet_id not in self.state.unit_positions and not self.state.is_paging
            if wallet.kind == WalletKind.ISOLATED and idle:
                assert holding.balance == 0, "left in an empty isolated wallet (LIQ-9)"

    def _check_accounts(self) -> None:
        world = self.watcher.world
        for account_id, account in self.state.accounts.items():
            if account_id != FUND_ACCOUNT:
                assert account.run == world.runs.get(account_id, 1)
                assert account.deposited == world.deposits.get(account_id, 0)

    def _check_exposures(self) -> None:
        world = self.watcher.world
        for account_id, by_instrument in self.state.exposures.items():
            for instrument_id, exposure in by_instrument.items():
                net = world.net(account_id, instrument_id)
                assert exposure.net_quantity() == net
                for side in (Side.BUY, Side.SELL):
                    naive = naive_margin.order_totals(world, account_id, instrument_id, side)
                    totals = exposure.totals(side)
                    assert (totals.quantity, totals.notional, totals.open_loss) == naive
                    self._check_reduce_only(account_id, instrument_id, side)
                assert exposure.locked == sum(order.locked for order in exposure.orders.values())
                if account_id != FUND_ACCOUNT:
                    assert exposure.settings.leverage == world.leverage(account_id, instrument_id)
                    assert exposure.settings.margin_mode == world.mode(account_id, instrument_id)

    def _check_reduce_only(self, account_id: int, instrument_id: int, side: Side) -> None:
        exposure = self.state.exposures[account_id][instrument_id]
        resting = sum(
            order.remaining
            for order in exposure.orders.values()
            if order.reduce_only and order.side == side and not order.is_waiting
        )
        closed = PositionSide.SHORT if side == Side.BUY else PositionSide.LONG
        held = self.watcher.world.leg(account_id, instrument_id, closed)
        assert resting <= abs(held), "ORD-5"

    def _check_waiting(self) -> None:
        """The same orders wait, at the same watermarks; no list has an order that is not open."""
        waiting = self.watcher.world.waiting
        state = self.state
        found = {each.order_id for each in state.orders.values() if each.is_waiting}
        assert found == waiting.waiting.keys()
        for order_id, naive in waiting.waiting.items():
            order = state.orders[order_id]
            trailing = naive.trigger.callback_rate is not None
            assert order.watermark == (naive.watermark() if trailing else None)
            assert order.is_untriggered == (naive.seen is not None)
        listed = {each for orders in state.order_lists.values() for each in orders}
        assert listed == waiting.listed.keys() <= state.orders.keys()
        assert {order_id for _, order_id in state.expiries} == waiting.expires.keys()
        assert state.countdowns == waiting.countdowns

    def _check_margins(self) -> None:
        world = self.watcher.world
        for wallet_id in world.units():
            naive = naive_margin.risk_of(world, wallet_id)
            risk = margin.assess(self.state, wallet_id)
            assert risk.equity == naive.equity
            assert risk.exact_maintenance == naive.maintenance
            assert risk.maintenance_margin == naive.maintenance_margin
            assert risk.call_margin == naive.call_margin
            initial = margin.initial_margin(self.state, risk)
            assert initial == naive_margin.initial_margin_of(world, naive)
            assert margin.free_collateral(self.state, risk) == risk.equity - initial
            assert initial >= risk.call_margin >= risk.maintenance_margin
            withdrawable = margin.withdrawable(self.state, wallet_id)
            assert withdrawable == naive_margin.withdrawable_of(world, wallet_id)
        for (wallet_id, asset_id), balance in self.state.ledger.balances.items():
            assert balance == world.balances[(wallet_id, asset_id)]
        debts = sum(world.debts.values())
        assert self.state.ledger.settlement_debt.get(VALUATION_ASSET, 0) == debts
