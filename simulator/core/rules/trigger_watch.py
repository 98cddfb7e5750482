"""ORD-9: which waiting orders a price wakes. They fire later, in `triggers`.

MARK and INDEX move with index prices and time, LAST with each trade. While an instrument is not
open its triggers wait, and are looked at again at the prices of its reopening (MAT-2).
"""

from typing import Final

from simulator.core.model.enums import INDEX_SOURCE, LAST_SOURCE, MARK_SOURCE
from simulator.core.model.triggers import is_reached, rises
from simulator.core.rules import margin
from simulator.core.rules.execution import Execution
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order
from simulator.core.state.trigger_board import trigger_price

_PRICES: Final = (MARK_SOURCE, INDEX_SOURCE)


def meet_prices(run: Execution) -> None:
    """What the marks and index prices of now meet, on all instruments, the oldest order first."""
    met: list[int] = []
    for instrument_id, board in run.state.trigger_boards.items():
        record = run.state.instruments[instrument_id]
        for source in _PRICES:
            price = record.price_of(source)
            if price is not None and margin.is_open(record):
                met += board.met(source, price)
    for order_id in sorted(met):
        run.met_triggers[order_id] = None


def meet_trade(run: Execution, instrument_id: int, price: int) -> None:
    """What a trade at this price meets."""
    board = run.state.trigger_boards.get(instrument_id)
    if board is not None:
        for order_id in board.met(LAST_SOURCE, price):
            run.met_triggers[order_id] = None


def meet_woken(run: Execution, order: Order) -> None:
    """An order that begins to watch may find its trigger met already."""
    if is_met(order, run.state.instruments[order.instrument_id], trigger_price(order)):
        run.met_triggers[order.order_id] = None


def is_met(order: Order, record: InstrumentRecord, threshold: int | None) -> bool:
    """Whether the price of now meets a threshold of the order; never without either."""
    if order.trigger is None or threshold is None:
        return False
    price = record.price_of(order.trigger.source)
    return price is not None and is_reached(rises(order.order_type, order.side), threshold, price)


def still_waits(state: ExchangeState, order_id: int) -> Order | None:
    """An order whose trigger was met, if it has not ended since and may trade."""
    order = state.orders.get(order_id)
    if order is None or not order.is_untriggered:
        return None
    return order if margin.is_open(state.instruments[order.instrument_id]) else None
