"""What is, told from the events alone: a second book-keeping that shares nothing with the first.

Balances are sums of transfers, positions are sums of their changes and, a second time, of trades
and takeovers. It checks on the way that nothing impossible happens. Margin terms of orders,
settings, prices and calls are kept as the events gave them; `naive_margin` computes with them.
"""

from dataclasses import dataclass, field

from simulator.core.model import events as e
from simulator.core.model.accounts import (
    FUND_ACCOUNT,
    INSURANCE_FUND,
    LENDING_POOL,
    clearing_account,
)
from simulator.core.model.enums import (
    MarginMode,
    MarketState,
    PositionMode,
    PositionSide,
    Side,
    TransferKind,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET, Instrument, RiskTier, WorldParameters
from tests.twins.naive_book import NaiveBooks
from tests.twins.naive_waiting import NaiveWaiting

TierRow = tuple[int, int | None, int, int]
PositionKey = tuple[int, int, PositionSide]


@dataclass
class NaiveInstrument:
    terms: Instrument
    tiers: list[TierRow]
    mark: int | None = None
    last: int | None = None
    is_open: bool = False
    state: MarketState = MarketState.HALTED


@dataclass
class NaiveWallet:
    wallet_id: int
    account_id: int
    kind: WalletKind
    margin_call: tuple[int, int] | None = None
    """Its id, and when it was issued or last repeated."""
    liquidation: int | None = None
    cooldowns: dict[tuple[int, PositionSide], int | None] = field(default_factory=dict)
    """Of its liquidation: positions whose first step is done, and until when they wait."""


@dataclass
class NaivePosition:
    wallet_id: int
    quantity: int
    entry: int
    opened: int
    """The number of the command that opened it."""


@dataclass
class NaiveTerms:
    """The margin terms of an open order."""

    account_id: int
    instrument_id: int
    side: Side
    reduce_only: bool
    assumed_price: int
    open_loss: int
    waits: bool = False
    """For a trigger or an entry: until then it needs no margin (MARG-4)."""


@dataclass
class NaiveWorld:
    """Follows the events of one exchange from its first one on."""

    time_ns: int = 0
    commands: int = 0
    decimals: dict[int, int] = field(default_factory=dict)
    """Of every asset."""
    parameters: WorldParameters = field(default_factory=WorldParameters)
    instruments: dict[int, NaiveInstrument] = field(default_factory=dict)
    wallets: dict[int, NaiveWallet] = field(default_factory=dict)
    cross_of: dict[int, int] = field(default_factory=dict)
    balances: dict[tuple[int, int], int] = field(default_factory=dict)
    """Of every ledger account and asset."""
    debts: dict[int, int] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    """Of every account that began anew (WAL-7); others are in their first."""
    deposits: dict[int, int] = field(default_factory=dict)
    """What each account was paid in during its run, the endowment included (WAL-6)."""
    locks: dict[int, int] = field(default_factory=dict)
    """Of every order that locks margin in CROSS."""
    positions: dict[PositionKey, NaivePosition] = field(default_factory=dict)
    net_traded: dict[tuple[int, int], int] = field(default_factory=dict)
    """Per account and instrument: what it bought less what it sold, takeovers included."""
    hedged: set[int] = field(default_factory=set)
    """Accounts in hedge mode."""
    modes: dict[tuple[int, int], MarginMode] = field(default_factory=dict)
    leverages: dict[tuple[int, int], int] = field(default_factory=dict)
    terms: dict[int, NaiveTerms] = field(default_factory=dict)
    books: NaiveBooks = field(default_factory=NaiveBooks)
    waiting: NaiveWaiting = field(default_factory=NaiveWaiting)

    def __post_init__(self) -> None:
        self.wallets[INSURANCE_FUND] = NaiveWallet(
            INSURANCE_FUND, FUND_ACCOUNT, WalletKind.INSURANCE_FUND
        )
        self.cross_of[FUND_ACCOUNT] = INSURANCE_FUND

    def follow(self, event: e.AnyEvent) -> None:
        if isinstance(event, e.TradeExecuted):
            self._check_reduce_only(event)
        if isinstance(event, e.AuctionUncrossed):
            self._check_uncross(event)
        if isinstance(event, e.InstrumentSettled):
            self._settle(event)
        self.waiting.follow(event, self.time_ns)
        replaced = self._quotes_of(event) if isinstance(event, e.QuotesReplaced) else []
        self.books.follow(event)
        self._follow_terms(event)
        self._follow_orders(event, replaced)
        self._follow_money(event)
        self._follow_risk(event)
        if isinstance(event, e.AccountReset):
            self._begin_anew(event)

    # -- what the rules may ask ----------------------------------------------------------------

    def net(self, account_id: int, instrument_id: int) -> int:
        return sum(
            position.quantity
            for (owner, where, _), position in self.positions.items()
            if (owner, where) == (account_id, instrument_id)
        )

    def leg(self, account_id: int, instrument_id: int, position_side: PositionSide | None) -> int:
        """The signed quantity of the position that an order acts on."""
        if position_side is None:
            return self.net(account_id, instrument_id)
        position = self.positions.get((account_id, instrument_id, position_side))
        return 0 if position is None else position.quantity

    def mode(self, account_id: int, instrument_id: int) -> MarginMode:
        return self.modes.get((account_id, instrument_id), MarginMode.ISOLATED)

    def leverage(self, account_id: int, instrument_id: int) -> int:
        default = self.instruments[instrument_id].terms.default_leverage
        return self.leverages.get((account_id, instrument_id), default)

    def balance(self, wallet_id: int) -> int:
        return self.balances.get((wallet_id, VALUATION_ASSET), 0)

    def units(self) -> list[int]:
        kinds = (WalletKind.CROSS, WalletKind.ISOLATED)
        return [each.wallet_id for each in self.wallets.values() if each.kind in kinds]

    def positions_in(self, wallet_id: int) -> list[tuple[int, NaivePosition]]:
        """Instrument and position of all that the wallet margins."""
        return [
            (instrument_id, position)
            for (_, instrument_id, _), position in self.positions.items()
            if position.wallet_id == wallet_id
        ]

    # -- following -------------------------------------------------------------------------------

    def _follow_terms(self, event: e.AnyEvent) -> None:
        match event:
            case e.AssetDefined():
                self.decimals[event.asset.asset_id] = event.asset.decimals
            case e.WorldConfigured():
                self.parameters = event.parameters
            case e.InstrumentListed():
                rows = [_row(tier) for tier in event.tiers]
                listed = NaiveInstrument(event.instrument, rows)
                self.instruments[event.instrument.instrument_id] = listed
            case e.RiskTiersSet():
                self.instruments[event.instrument_id].tiers = [_row(tier) for tier in event.tiers]
            case e.MarketStateChanged():
                assert self.instruments[event.instrument_id].state != MarketState.CLOSED
                self.instruments[event.instrument_id].state = event.state
                self.instruments[event.instrument_id].is_open = event.state == MarketState.OPEN
            case e.MarkPriceUpdated():
                assert self.instruments[event.instrument_id].is_open, "a halted mark stays (MAT-2)"
                self.instruments[event.instrument_id].mark = event.price
            case e.TimeAdvanced():
                self.time_ns = max(self.time_ns, event.time_ns)
            case e.LeverageSet():
                self.leverages[(event.account_id, event.instrument_id)] = event.leverage
            case e.PositionModeSet():
                held = [owner for owner, _, _ in self.positions]
                open_ = [terms.account_id for terms in self.terms.values()]
                assert event.account_id not in held + open_, "not with a position or order (WAL-3)"
                if event.position_mode == PositionMode.HEDGE:
                    self.hedged.add(event.account_id)
                else:
                    self.hedged.discard(event.account_id)
            case e.MarginModeSet():
                key = (event.account_id, event.instrument_id)
                assert self.net(*key) == 0, "margin mode cannot change with a position (WAL-3)"
                self.modes[key] = event.margin_mode
            case _:
                pass

    def _quotes_of(self, event: e.QuotesReplaced) -> list[int]:
        return [
            order_id
            for order_id in self.books.quotes
            if self.terms[order_id].account_id == event.account_id
            and self.terms[order_id].instrument_id == event.instrument_id
        ]

    def _follow_orders(self, event: e.AnyEvent, replaced: list[int]) -> None:
        match event:
            case e.OrderAccepted():
                trading = (MarketState.OPEN, MarketState.AUCTION)
                assert self.instruments[event.instrument_id].state in trading
                self.terms[event.order_id] = NaiveTerms(
                    event.account_id,
                    event.instrument_id,
                    event.side,
                    event.reduce_only,
                    event.assumed_price,
                    event.open_loss,
                    event.trigger is not None,
                )
            case e.OrderTriggered():
                terms = self.terms[event.order_id]
                terms.waits = False
                terms.assumed_price, terms.open_loss = event.assumed_price, event.open_loss
            case e.OrderAmended():
                terms = self.terms[event.order_id]
                terms.assumed_price, terms.open_loss = event.assumed_price, event.open_loss
            case e.QuotesReplaced():
                for order_id in replaced:
                    del self.terms[order_id]
                order_id = event.first_order_id
                for side, levels in ((Side.BUY, event.bids), (Side.SELL, event.asks)):
                    for price, _ in levels:
                        self.terms[order_id] = NaiveTerms(
                            event.account_id, event.instrument_id, side, False, price, 0
                        )
                        order_id += 1
            case e.OrderCanceled():
                del self.terms[event.order_id]
                self.locks.pop(event.order_id, None)
            case e.MarginLocked():
                self.locks[event.order_id] = event.amount
            case e.TradeExecuted():
                self._traded(event)
            case _:
                pass

    def _check_uncross(self, event: e.AuctionUncrossed) -> None:
        instrument = self.instruments[event.instrument_id]
        assert instrument.is_open
        assert instrument.mark is not None
        book = self.books.books[event.instrument_id]
        expected = book.uncrossing(instrument.terms.tick_size, instrument.mark)
        assert (event.price, event.quantity, event.imbalance) == expected, "MAT-2"

    def _settle(self, event: e.InstrumentSettled) -> None:
        """Every position there is closed by what follows, at no trade."""
        assert not any(each.instrument_id == event.instrument_id for each in self.terms.values())
        for account_id, instrument_id in self.net_traded:
            if instrument_id == event.instrument_id:
                self.net_traded[(account_id, instrument_id)] = 0

    def _check_reduce_only(self, event: e.TradeExecuted) -> None:
        for order_id in (event.taker_order_id, event.maker_order_id):
            order = self.books.order(order_id)
            hedged = order.account_id in self.hedged
            assert hedged == (order.position_side is not None)
            if hedged:
                closing = int(order.side) != order.position_side
                assert order.reduce_only == closing, "what closes in a hedge only reduces (WAL-3)"
            if order.reduce_only:
                net = self.leg(order.account_id, event.instrument_id, order.position_side)
                assert net * order.side < 0, "reduce-only without a position (ORD-5)"
                assert event.quantity <= abs(net), "reduce-only beyond the position (ORD-5)"

    def _traded(self, event: e.TradeExecuted) -> None:
        self.instruments[event.instrument_id].last = event.price
        for account_id, sign in (
            (event.taker_account_id, event.taker_side),
            (event.maker_account_id, -event.taker_side),
        ):
            self._add_traded(account_id, event.instrument_id, sign * event.quantity)
        for order_id in (event.taker_order_id, event.maker_order_id):
            if order_id not in self.books.placed:
                del self.terms[order_id]
                self.locks.pop(order_id, None)
                self.waiting.filled(order_id)

    def _add_traded(self, account_id: int, instrument_id: int, quantity: int) -> None:
        key = (account_id, instrument_id)
        self.net_traded[key] = self.net_traded.get(key, 0) + quantity

    def _follow_money(self, event: e.AnyEvent) -> None:
        match event:
            case e.AccountOpened():
                for wallet_id, kind in (
                    (event.spot_wallet_id, WalletKind.SPOT),
                    (event.cross_wallet_id, WalletKind.CROSS),
                ):
                    self.wallets[wallet_id] = NaiveWallet(wallet_id, event.account_id, kind)
                self.cross_of[event.account_id] = event.cross_wallet_id
            case e.WalletOpened():
                opened = NaiveWallet(event.wallet_id, event.account_id, event.kind)
                self.wallets[event.wallet_id] = opened
            case e.Transferred():
                self._transfer(event)
            case e.PositionChanged():
                self._change_position(event)
            case _:
                pass

    def _transfer(self, event: e.Transferred) -> None:
        assert event.amount > 0
        for ledger_account, amount in (
            (event.source, -event.amount),
            (event.target, event.amount),
        ):
            key = (ledger_account, event.asset_id)
            self.balances[key] = self.balances.get(key, 0) + amount
            if ledger_account in self.wallets:
                assert self.balances[key] >= 0, f"wallet {ledger_account} fell below zero (LIQ-8)"
        if event.kind == TransferKind.SETTLEMENT:
            wallet_id = event.target if event.source == LENDING_POOL else event.source
            sign = 1 if event.source == LENDING_POOL else -1
            self.debts[wallet_id] = self.debts.get(wallet_id, 0) + sign * event.amount

        if event.kind == TransferKind.DEPOSIT and event.asset_id == VALUATION_ASSET:
            account_id = self.wallets[event.target].account_id
            self.deposits[account_id] = self.deposits.get(account_id, 0) + event.amount

    def _begin_anew(self, event: e.AccountReset) -> None:
        """WAL-7: nothing of the run before is left but settings and histories."""
        account_id = event.account_id
        assert event.run == self.runs.get(account_id, 1) + 1
        self.runs[account_id] = event.run
        self.deposits[account_id] = event.endowment
        assert not any(owner == account_id for owner, _, _ in self.positions)
        assert not any(terms.account_id == account_id for terms in self.terms.values())
        cross = (self.cross_of[account_id], VALUATION_ASSET)
        for (wallet_id, asset_id), balance in self.balances.items():
            wallet = self.wallets.get(wallet_id)
            if wallet is not None and wallet.account_id == account_id:
                wanted = event.endowment if (wallet_id, asset_id) == cross else 0
                assert balance == wanted, f"wallet {wallet_id} holds {balance} (WAL-7)"
                assert self.debts.get(wallet_id, 0) == 0
                assert wallet.liquidation is None
        for instrument_id in self.instruments:
            taken_over = self.net_traded.pop((account_id, instrument_id), 0)
            if taken_over:
                self._add_traded(FUND_ACCOUNT, instrument_id, taken_over)

    def _change_position(self, event: e.PositionChanged) -> None:
        key = (event.account_id, event.instrument_id, event.position_side)
        position = self.positions.setdefault(
            key, NaivePosition(event.wallet_id, 0, 0, self.commands)
        )
        assert position.wallet_id == event.wallet_id
        position.quantity += event.quantity
        position.entry += event.entry_notional
        assert position.quantity * event.position_side >= 0, "a position changed sides"
        if event.account_id not in self.hedged:
            held = [each for each in self.positions if each[:2] == key[:2]]
            assert len(held) == 1, "one-way means one position (WAL-3)"
        if position.quantity == 0:
            assert position.entry == 0, "a closed position keeps no entry notional (UNIT-2)"
            del self.positions[key]

    def _follow_risk(self, event: e.AnyEvent) -> None:
        match event:
            case e.MarginCallIssued():
                call = (event.margin_call_id, self.time_ns)
                self.wallets[event.wallet_id].margin_call = call
            case e.MarginCallEnded():
                assert self.wallets[event.wallet_id].margin_call is not None
                self.wallets[event.wallet_id].margin_call = None
            case e.LiquidationStarted():
                self.wallets[event.wallet_id].liquidation = event.liquidation_id
            case e.LiquidationEnded():
                self.wallets[event.wallet_id].liquidation = None
                self.wallets[event.wallet_id].cooldowns.clear()
            case e.LiquidationPaused():
                key = (event.instrument_id, event.position_side)
                self.wallets[event.wallet_id].cooldowns[key] = event.resume_ns
            case e.LiquidationResumed():
                key = (event.instrument_id, event.position_side)
                self.wallets[event.wallet_id].cooldowns[key] = None
            case e.PositionDeleveraged():
                owner = self._owner_of(event.liquidation_id)
                moved = event.position_side * event.quantity
                self._add_traded(owner, event.instrument_id, moved)
                self._add_traded(event.account_id, event.instrument_id, -moved)
            case e.PositionTakenOver():
                owner = self._owner_of(event.liquidation_id)
                moved = event.position_side * event.quantity
                self._add_traded(owner, event.instrument_id, -moved)
                self._add_traded(FUND_ACCOUNT, event.instrument_id, moved)
            case _:
                pass

    def _owner_of(self, liquidation_id: int) -> int:
        owners = [w.account_id for w in self.wallets.values() if w.liquidation == liquidation_id]
        return owners[0]

    # -- what must always hold -------------------------------------------------------------------

    def check(self) -> None:
        """The sums of LED-3 and what follows from them, by full sum."""
        assets = {asset_id for _, asset_id in self.balances}
        for asset_id in assets:
            total = sum(amount for (_, each), amount in self.balances.items() if each == asset_id)
            assert total == 0, f"asset {asset_id} sums to {total} (LED-3)"
        for instrument_id in self.instruments:
            entries = sum(p.entry for (_, i, _), p in self.positions.items() if i == instrument_id)
            clearing = self.balances.get((clearing_account(instrument_id), VALUATION_ASSET), 0)
            assert clearing + entries == 0, f"instrument {instrument_id}: clearing (LED-3)"
            open_interest = sum(self.net_traded.get((a, instrument_id), 0) for a in self.cross_of)
            assert open_interest == 0
        pool = self.balances.get((LENDING_POOL, VALUATION_ASSET), 0)
        assert sum(self.debts.values()) == -pool
        assert all(debt >= 0 for debt in self.debts.values())
        for (account_id, instrument_id), net in self.net_traded.items():
            assert net == self.net(account_id, instrument_id), "trades and positions disagree"
        for instrument_id, instrument in self.instruments.items():
            crossed = self.books.books[instrument_id].is_crossed()
            assert not crossed or not instrument.is_open, "a crossed book (MAT-1)"
            if instrument.state == MarketState.CLOSED:
                assert not any(where == instrument_id for _, where, _ in self.positions)


def _row(tier: RiskTier) -> TierRow:
    return tier.floor, tier.cap, tier.maintenance_margin_rate, tier.max_leverage
