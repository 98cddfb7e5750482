"""Rows of what is only ever added (trades, ledger entries, liquidation steps, ...), from events."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.units import NS_PER_MINUTE
from simulator.core.state.exchange_state import ExchangeState
from simulator.database.statements import Rows


class EventReader:
    """Rows of what was added. `_seq`, `_index` and `_time_ns` say where and when it reads."""

    def __init__(self, world_id: str, rows: Rows, state: ExchangeState) -> None:
        self._world_id = world_id
        self._rows = rows
        self._state = state
        self._seq = 0
        self._index = 0
        self._time_ns = 0
        self._candles: dict[tuple[int, str, int], list[int]] = {}
        self._repeats: dict[int, list[int]] = {}

    def read(self, entries: Iterable[Entry]) -> None:
        readers = _READERS
        for entry in entries:
            self._seq = entry.seq
            self._time_ns = entry.time_ns
            for index, event in enumerate(entry.events):
                reader = readers.get(type(event))
                if reader is not None:
                    self._index = index
                    reader(self, event)
        world_id = self._world_id
        self._rows.candles = [(world_id, *key, *bar) for key, bar in self._candles.items()]
        self._rows.margin_call_repeats = [
            (world_id, margin_call_id, *repeats)
            for margin_call_id, repeats in self._repeats.items()
        ]

    def time_advanced(self, event: e.TimeAdvanced) -> None:
        """AdvanceTime goes through moments before its own; what follows happened at this one."""
        self._time_ns = event.time_ns

    def asset_defined(self, event: e.AssetDefined) -> None:
        asset = event.asset
        self._rows.assets.append((self._world_id, asset.asset_id, asset.code, asset.decimals))

    def instrument_listed(self, event: e.InstrumentListed) -> None:
        terms = event.instrument
        self._rows.instruments.append(
            (
                self._world_id,
                terms.instrument_id,
                terms.symbol,
                terms.kind._name_,
                terms.base,
                terms.quote_asset_id,
                terms.price_decimals,
                terms.quantity_decimals,
                terms.notional_multiplier,
                terms.tick_size,
                terms.lot_size,
                terms.min_quantity,
                terms.max_quantity,
                terms.max_market_quantity,
                terms.min_notional,
                terms.price_band_rate,
                terms.max_open_orders,
                terms.maker_fee_rate,
                terms.taker_fee_rate,
                terms.liquidation_fee_rate,
                terms.sell_assumption_rate,
                terms.mark_method._name_,
                terms.index_staleness_ns,
                terms.default_leverage,
                self._time_ns,
            )
        )

    def account_opened(self, event: e.AccountOpened) -> None:
        self._rows.accounts.append(
            (
                self._world_id,
                event.account_id,
                event.spot_wallet_id,
                event.cross_wallet_id,
                event.maker_fee_rate,
                event.taker_fee_rate,
                self._seq,
                self._time_ns,
            )
        )

    def transferred(self, event: e.Transferred) -> None:
        payer = self._account_of(event.source)
        receiver = self._account_of(event.target)
        self._rows.ledger_entries.append(
            (
                self._world_id,
                self._seq,
                self._index,
                self._time_ns,
                event.kind._name_,
                event.source,
                event.target,
                receiver if payer is None else payer,
                None if payer is None or receiver == payer else receiver,
                event.asset_id,
                event.amount,
                event.order_id,
                event.trade_id,
                event.liquidation_id,
                event.reason,
            )
        )

    def _account_of(self, ledger_account: int) -> int | None:
        wallet = self._state.wallets.get(ledger_account)
        return None if wallet is None else wallet.account_id

    def trade_executed(self, event: e.TradeExecuted) -> None:
        terms = self._state.instruments[event.instrument_id].terms
        notional = terms.notional(event.quantity, event.price)
        self._rows.trades.append(
            (
                self._world_id,
                event.trade_id,
                self._seq,
                self._time_ns,
                event.instrument_id,
                event.price,
                event.quantity,
                notional,
                event.taker_side._name_,
                event.taker_order_id,
                event.maker_order_id,
                event.taker_account_id,
                event.maker_account_id,
                event.taker_fee,
                event.maker_fee,
                event.taker_realized_pnl,
                event.maker_realized_pnl,
            )
        )
        bar = self._candle(event.instrument_id, "LAST", event.price)
        bar[4] += event.quantity
        bar[5] += notional
        bar[6] += 1

    def index_price_updated(self, event: e.IndexPriceUpdated) -> None:
        self._candle(event.instrument_id, "INDEX", event.price)

    def mark_price_updated(self, event: e.MarkPriceUpdated) -> None:
        self._candle(event.instrument_id, "MARK", event.price)

    def _candle(self, instrument_id: int, source: str, price: int) -> list[int]:
        """This minute's bar `[open, high, low, close, volume, notional, trades]` with the price."""
        key = (instrument_id, source, self._time_ns - self._time_ns % NS_PER_MINUTE)
        bar = self._candles.get(key)
        if bar is None:
            bar = self._candles[key] = [price, price, price, price, 0, 0, 0]
            return bar
        if price > bar[1]:
            bar[1] = price
        elif price < bar[2]:
            bar[2] = price
        bar[3] = price
        return bar

    def margin_call_issued(self, event: e.MarginCallIssued) -> None:
        if event.repeated:
            repeats = self._repeats.setdefault(event.margin_call_id, [0, 0])
            repeats[0] += 1
            repeats[1] = self._time_ns
            return
        self._rows.margin_calls.append(
            (
                self._world_id,
                event.margin_call_id,
                event.account_id,
                event.wallet_id,
                self._seq,
                self._time_ns,
                event.equity,
                event.maintenance_margin,
                event.call_margin,
                event.instrument_id,
                event.position_side._name_,
                event.mark_price,
                event.liquidation_price,
                event.quantity_to_reduce,
                event.amount_to_add,
                event.amount_to_repay,
                0,
                None,
                None,
                None,
                None,
                None,
            )
        )

    def margin_call_ended(self, event: e.MarginCallEnded) -> None:
        self._rows.margin_call_ends.append(
            (
                self._world_id,
                event.margin_call_id,
                self._seq,
                self._time_ns,
                event.end._name_,
                event.equity,
            )
        )

    def liquidation_started(self, event: e.LiquidationStarted) -> None:
        self._rows.liquidations.append(
            (
                self._world_id,
                event.liquidation_id,
                event.account_id,
                event.wallet_id,
                self._seq,
                self._time_ns,
                event.equity,
                event.maintenance_margin,
                event.call_margin,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
            )
        )

    def liquidation_step_taken(self, event: e.LiquidationStepTaken) -> None:
        self._rows.liquidation_steps.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.tier,
                event.mark_price,
                event.takeover_price,
                event.quantity,
                event.equity,
                event.order_id,
            )
        )

    def position_taken_over(self, event: e.PositionTakenOver) -> None:
        self._rows.takeovers.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.quantity,
                event.notional,
            )
        )

    def position_deleveraged(self, event: e.PositionDeleveraged) -> None:
        self._rows.deleveragings.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.account_id,
                event.wallet_id,
                event.quantity,
                event.notional,
                event.score,
            )
        )

    def funding_settled(self, event: e.FundingSettled) -> None:
        place = (self._world_id, event.instrument_id, event.stamp_ns, self._seq)
        rate = (event.rate, event.mark_price, event.average_premium)
        self._rows.funding_rates.append((*place, *rate))

    def funding_paid(self, event: e.FundingPaid) -> None:
        place = (self._world_id, event.account_id, self._seq, self._index, event.stamp_ns)
        held = (event.instrument_id, event.wallet_id, event.position_side._name_, event.quantity)
        self._rows.funding_payments.append((*place, *held, event.amount))

    def interest_accrued(self, event: e.InterestAccrued) -> None:
        wallet = self._state.wallets[event.wallet_id]
        place = (self._world_id, wallet.account_id, self._seq, self._index, self._time_ns)
        owed = (event.wallet_id, event.asset_id, event.principal, event.borrow_rate, event.amount)
        self._rows.interest_charges.append((*place, *owed))

    def liquidation_ended(self, event: e.LiquidationEnded) -> None:
        self._rows.liquidation_ends.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._time_ns,
                event.outcome._name_,
                event.equity,
                event.fee,
                event.deficit,
                event.shortfall,
            )
        )


_READERS: Final[dict[type[Any], Callable[[EventReader, Any], None]]] = {
    e.TimeAdvanced: EventReader.time_advanced,
    e.AssetDefined: EventReader.asset_defined,
    e.InstrumentListed: EventReader.instrument_listed,
    e.AccountOpened: EventReader.account_opened,
    e.Transferred: EventReader.transferred,
    e.TradeExecuted: EventReader.trade_executed,
    e.IndexPriceUpdated: EventReader.index_price_updated,
    e.MarkPriceUpdated: EventReader.mark_price_updated,
    e.MarginCallIssued: EventReader.margin_call_issued,
    e.MarginCallEnded: EventReader.margin_call_ended,
    e.LiquidationStarted: EventReader.liquidation_started,
    e.LiquidationStepTaken: EventReader.liquidation_step_taken,
    e.PositionTakenOver: EventReader.position_taken_over,
    e.PositionDeleveraged: EventReader.position_deleveraged,
    e.FundingSettled: EventReader.funding_settled,
    e.FundingPaid: EventReader.funding_paid,
    e.InterestAccrued: EventReader.interest_accrued,
    e.LiquidationEnded: EventReader.liquidation_ended,
}
