"""Attribution by another way: not by what wallets are worth, but by what each event says.

A mark that moves is price, a trade's distance from the mark is slippage, its fees are in it; and so
on. Nothing is shared with the attribution under test; only the exchange's own state is read, by
full sums, for marks, positions and equities.
"""

from collections import Counter
from collections.abc import Sequence

from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.enums import TransferKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.state.apply import apply
from simulator.core.state.exchange_state import ExchangeState

PAID_BY_OTHERS = {TransferKind.INSURANCE: "relief", TransferKind.SHORTFALL: "relief"}
NAMED = {
    TransferKind.DEPOSIT: "transfers",
    TransferKind.ADJUSTMENT: "transfers",
    TransferKind.LIQUIDATION_FEE: "liquidation_fees",
    **PAID_BY_OTHERS,
}


def equities(state: ExchangeState) -> Counter[int]:
    """By account: all that its wallets hold less what they owe, and all unrealized PnL."""
    found: Counter[int] = Counter()
    for wallet in state.wallets.values():
        for asset_id, holding in wallet.holdings.items():
            if asset_id == VALUATION_ASSET:
                found[wallet.account_id] += holding.balance - holding.settlement_debt
    for positions in state.unit_positions.values():
        for position in positions.values():
            record = state.instruments[position.instrument_id]
            assert record.mark_price is not None
            worth = position.quantity * record.mark_price * record.terms.notional_multiplier
            found[position.account_id] += worth - position.entry_notional
    return found


class NaiveAttribution:
    """Follows events one by one; `parts` is by (account, part)."""

    def __init__(self, state: ExchangeState) -> None:
        self.state = state
        self.parts: Counter[tuple[int, str]] = Counter()
        self._owners: dict[int, int] = {
            wallet.liquidation.liquidation_id: wallet.account_id
            for wallet in state.wallets.values()
            if wallet.liquidation is not None
        }

    def follow(self, events: Sequence[e.AnyEvent]) -> None:
        for event in events:
            self._book(event)
            apply(self.state, event)
        self.state.touched_units.clear()

    def _book(self, event: e.AnyEvent) -> None:
        match event:
            case e.LiquidationStarted():
                self._owners[event.liquidation_id] = event.account_id
            case e.MarkPriceUpdated():
                self._move_mark(event.instrument_id, event.price)
            case e.InstrumentSettled():
                self._move_mark(event.instrument_id, event.price)
            case e.TradeExecuted():
                self._trade(event)
            case e.PositionTakenOver():
                worth = event.quantity * self._value(event.instrument_id)
                gain = event.position_side * (event.notional - worth)
                self.parts[(self._owners[event.liquidation_id], "takeovers")] += gain
                self.parts[(FUND_ACCOUNT, "takeovers")] -= gain
            case e.PositionDeleveraged():
                worth = event.quantity * self._value(event.instrument_id)
                gain = event.position_side * (event.notional - worth)
                self.parts[(event.account_id, "adl")] += gain
                self.parts[(self._owners[event.liquidation_id], "takeovers")] -= gain
            case e.FundingPaid():
                self.parts[(event.account_id, "funding")] -= event.amount
            case e.FundingCompleted():
                self.parts[(FUND_ACCOUNT, "funding")] += event.remainder
            case e.PositionDeleveraged():
                worth = event.quantity * self._value(event.instrument_id)
                gain = event.position_side * (event.notional - worth)
                owner = self._owners[event.liquidation_id]
                own_leg = event.account_id == owner  # of a hedge
                self.parts[(event.account_id, "takeovers" if own_leg else "adl")] += gain
                self.parts[(owner, "takeovers")] -= gain
            case e.Transferred() if event.kind in NAMED and event.asset_id == VALUATION_ASSET:
                for wallet_id, sign in ((event.source, -1), (event.target, 1)):
                    wallet = self.state.wallets.get(wallet_id)
                    if wallet is not None:
                        part = (wallet.account_id, NAMED[event.kind])
                        self.parts[part] += sign * event.amount
            case _:
                pass

    def _value(self, instrument_id: int) -> int:
        """Minor units of one quantity unit at mark."""
        record = self.state.instruments[instrument_id]
        assert record.mark_price is not None
        return record.mark_price * record.terms.notional_multiplier

    def _move_mark(self, instrument_id: int, price: int) -> None:
        record = self.state.instruments[instrument_id]
        for positions in self.state.unit_positions.values():
            for position in positions.values():
                if position.instrument_id == instrument_id:
                    assert record.mark_price is not None
                    moved = (price - record.mark_price) * record.terms.notional_multiplier
                    self.parts[(position.account_id, "price")] += position.quantity * moved

    def _trade(self, event: e.TradeExecuted) -> None:
        paid = event.quantity * event.price
        multiplier = self.state.instruments[event.instrument_id].terms.notional_multiplier
        gain = event.quantity * self._value(event.instrument_id) - paid * multiplier
        forced = self.state.orders[event.taker_order_id].liquidation_id is not None
        part = "forced_fills" if forced else "slippage"
        self.parts[(event.taker_account_id, part)] += event.taker_side * gain
        self.parts[(event.maker_account_id, "slippage")] -= event.taker_side * gain
        self.parts[(event.taker_account_id, "fees")] -= event.taker_fee
        self.parts[(event.maker_account_id, "fees")] -= event.maker_fee
