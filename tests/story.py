"""Events as lines of text, so that a test can say: then exactly this happened.

`tape(world)` tells of orders and trades alone, `story(world)` of everything.
"""

from collections.abc import Callable
from typing import Any

from simulator.core.model import events as e
from simulator.core.model.accounts import is_wallet, ledger_account_name
from simulator.core.model.enums import WalletKind
from tests.scenario import AMOUNT_DECIMALS, World, plain

Teller = Callable[[World, Any], str]


def tape(world: World) -> list[str]:
    """The last command's orders and trades, one line each."""
    return [TAPE[type(event)](world, event) for event in world.events if type(event) in TAPE]


def story(world: World) -> list[str]:
    """All of the last command's events, one line each."""
    lines = []
    for event in world.events:
        teller = TAPE.get(type(event)) or REST.get(type(event))
        lines.append(type(event).__name__ if teller is None else teller(world, event))
    return lines


def money(value: int) -> str:
    return plain(value, AMOUNT_DECIMALS)


def _price(world: World, instrument_id: int, value: int) -> str:
    return plain(value, world.exchange.state.instruments[instrument_id].terms.price_decimals)


def _quantity(world: World, instrument_id: int, value: int) -> str:
    return plain(value, world.exchange.state.instruments[instrument_id].terms.quantity_decimals)


def account_name(world: World, ledger_account: int) -> str:
    """`ann CROSS`, `ann ISOLATED`, `fund`, `fees`, `clearing:1`."""
    if not is_wallet(ledger_account):
        return ledger_account_name(ledger_account)
    wallet = world.exchange.state.wallets[ledger_account]
    if wallet.kind == WalletKind.INSURANCE_FUND:
        return "fund"
    return f"{world.name_of(wallet.account_id)} {wallet.kind.name}"


# -- orders and trades ---------------------------------------------------------------------------


def _accepted(world: World, event: e.OrderAccepted) -> str:
    flags = [name for name in ("post_only", "reduce_only") if getattr(event, name)]
    words = [
        f"{event.order_id} accepted: {world.name_of(event.account_id)} {event.side.name}",
        _quantity(world, event.instrument_id, event.quantity),
        f"at {_price(world, event.instrument_id, event.price)} {event.time_in_force.name}",
        *flags,
    ]
    return " ".join(words)


def _rejected(world: World, event: e.OrderRejected) -> str:
    return f"rejected: {world.name_of(event.account_id)} {event.reason.name}"


def _repeated(world: World, event: e.OrderRepeated) -> str:
    result = f"order {event.order_id}" if event.reason is None else event.reason.name
    return f"repeated: {event.client_order_id} was {result}"


def _rested(world: World, event: e.OrderRested) -> str:
    return f"{event.order_id} rests"


def _canceled(world: World, event: e.OrderCanceled) -> str:
    left = _quantity(world, event.instrument_id, event.quantity)
    return f"{event.order_id} canceled: {left} left, {event.reason.name}"


def _amended(world: World, event: e.OrderAmended) -> str:
    order = world.exchange.state.orders.get(event.order_id)
    instrument_id = 1 if order is None else order.instrument_id
    terms = (
        f"{_quantity(world, instrument_id, event.quantity)} at "
        f"{_price(world, instrument_id, event.price)}"
    )
    place = "" if event.keeps_priority else ", new place"
    return f"{event.order_id} amended: {terms}{place}"


def _traded(world: World, event: e.TradeExecuted) -> str:
    quantity = _quantity(world, event.instrument_id, event.quantity)
    price = _price(world, event.instrument_id, event.price)
    return (
        f"trade {event.trade_id}: {quantity} at {price}, "
        f"{event.taker_order_id} takes from {event.maker_order_id}"
    )


# -- everything else -----------------------------------------------------------------------------


def _transferred(world: World, event: e.Transferred) -> str:
    source, target = account_name(world, event.source), account_name(world, event.target)
    return f"{event.kind.name} {money(event.amount)}: {source} to {target}"


def _locked(world: World, event: e.MarginLocked) -> str:
    return f"{event.order_id} locks {money(event.amount)}"


def _position(world: World, event: e.PositionChanged) -> str:
    name = world.name_of(event.account_id)
    quantity = _quantity(world, event.instrument_id, event.quantity)
    changes = f"{quantity} for {money(event.entry_notional)}, pnl {money(event.realized_pnl)}"
    return f"{name} {event.position_side.name}: {changes}"


def _index(world: World, event: e.IndexPriceUpdated) -> str:
    return f"index {_price(world, event.instrument_id, event.price)}"


def _mark(world: World, event: e.MarkPriceUpdated) -> str:
    return f"mark {_price(world, event.instrument_id, event.price)}"


def _state(world: World, event: e.MarketStateChanged) -> str:
    return f"market {event.state.name} {event.reason.name}"


def _called(world: World, event: e.MarginCallIssued) -> str:
    verb = "repeated" if event.repeated else "issued"
    lines = f"equity {money(event.equity)}, call line {money(event.call_margin)}"
    return f"call {event.margin_call_id} {verb}: {account_name(world, event.wallet_id)}, {lines}"


def _call_ended(world: World, event: e.MarginCallEnded) -> str:
    return f"call {event.margin_call_id} ended: {event.end.name}, equity {money(event.equity)}"


def _started(world: World, event: e.LiquidationStarted) -> str:
    lines = f"equity {money(event.equity)}, maintenance {money(event.maintenance_margin)}"
    name = account_name(world, event.wallet_id)
    return f"liquidation {event.liquidation_id} started: {name}, {lines}"


def _step(world: World, event: e.LiquidationStepTaken) -> str:
    quantity = _quantity(world, event.instrument_id, event.quantity)
    price = _price(world, event.instrument_id, event.takeover_price)
    return f"step: {event.position_side.name} {quantity} in tier {event.tier} down to {price}"


def _taken(world: World, event: e.PositionTakenOver) -> str:
    quantity = _quantity(world, event.instrument_id, event.quantity)
    return f"taken over: {event.position_side.name} {quantity} for {money(event.notional)}"


def _ended(world: World, event: e.LiquidationEnded) -> str:
    return (
        f"liquidation {event.liquidation_id} ended: {event.outcome.name}, "
        f"equity {money(event.equity)}, fee {money(event.fee)}, "
        f"deficit {money(event.deficit)}, shortfall {money(event.shortfall)}"
    )


TAPE: dict[type[Any], Teller] = {
    e.OrderAccepted: _accepted,
    e.OrderRejected: _rejected,
    e.OrderRepeated: _repeated,
    e.OrderRested: _rested,
    e.OrderCanceled: _canceled,
    e.OrderAmended: _amended,
    e.TradeExecuted: _traded,
}

REST: dict[type[Any], Teller] = {
    e.Transferred: _transferred,
    e.MarginLocked: _locked,
    e.PositionChanged: _position,
    e.IndexPriceUpdated: _index,
    e.MarkPriceUpdated: _mark,
    e.MarketStateChanged: _state,
    e.MarginCallIssued: _called,
    e.MarginCallEnded: _call_ended,
    e.LiquidationStarted: _started,
    e.LiquidationStepTaken: _step,
    e.PositionTakenOver: _taken,
    e.LiquidationEnded: _ended,
}
