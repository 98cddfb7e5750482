"""Views and records of the core as shapes: integers in, text out.

Whoever calls this must not tell what it read before `World.committed` returns.
"""

import msgspec

from simulator.api.names import (
    MARGIN_MODE_NAMES,
    MARKET_STATE_NAMES,
    ORDER_TYPE_NAMES,
    POSITION_SIDE_NAMES,
    SELF_TRADE_PREVENTION_NAMES,
    SIDE_NAMES,
    TIME_IN_FORCE_NAMES,
    TRIGGER_SOURCE_NAMES,
    WALLET_KIND_NAMES,
    position_side_name,
)
from simulator.api.shapes import accounts, borrowing, market, orders
from simulator.api.wire import (
    InstrumentNumbers,
    Numbers,
    milliseconds,
    optional_rate,
    speed_text,
)
from simulator.core import views
from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.enums import HaltReason
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.rules.asset_views import AssetView
from simulator.core.rules.funding import coming_rate
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order
from simulator.core.state.trigger_board import trigger_price
from simulator.decimal_text import format_rate
from simulator.runtime.world import World

# -- worlds and instruments ----------------------------------------------------------------------


def world_time(world: World) -> int:
    """World time in milliseconds; never before what the world has done."""
    return milliseconds(max(world.clock.now(), world.state.time_ns))


def clock(world: World) -> market.Clock:
    speed = world.clock.speed
    return market.Clock(
        time=world_time(world),
        mode=world.clock.mode.value,
        speed=speed_text(speed.numerator, speed.denominator),
        paused=world.clock.paused,
    )


def world_shape(world: World, wall_ns: int) -> market.World:
    return market.World(
        world=world.world_id,
        status=world.status.value,
        status_reason=world.halt_reason,
        clock=clock(world),
        server_time=milliseconds(wall_ns),
        seq=world.committed_seq,
    )


def world_clock(world: World, wall_ns: int) -> market.WorldClock:
    shape = world_shape(world, wall_ns)
    return market.WorldClock(
        **msgspec.structs.asdict(shape.clock),
        world=shape.world,
        status=shape.status,
        server_time=shape.server_time,
        seq=shape.seq,
    )


def instrument(numbers: Numbers, record: InstrumentRecord) -> market.Instrument:
    terms = record.terms
    of = numbers.by_id(terms.instrument_id)
    staleness, interval = terms.index_staleness_ns, terms.funding_interval_ns
    return market.Instrument(
        symbol=terms.symbol,
        kind=terms.kind.name,
        base=terms.base,
        quote=numbers.asset_code(terms.quote_asset_id),
        price_decimals=terms.price_decimals,
        quantity_decimals=terms.quantity_decimals,
        tick_size=of.price(terms.tick_size),
        lot_size=of.quantity(terms.lot_size),
        min_quantity=of.quantity(terms.min_quantity),
        max_quantity=of.quantity(terms.max_quantity),
        max_market_quantity=of.quantity(terms.max_market_quantity),
        min_notional=numbers.amount(terms.min_notional),
        price_band_rate=format_rate(terms.price_band_rate),
        max_open_orders=terms.max_open_orders,
        max_trigger_orders=terms.max_trigger_orders,
        maker_fee_rate=format_rate(terms.maker_fee_rate),
        taker_fee_rate=format_rate(terms.taker_fee_rate),
        liquidation_fee_rate=format_rate(terms.liquidation_fee_rate),
        sell_assumption_rate=format_rate(terms.sell_assumption_rate),
        mark_method=terms.mark_method.name,
        index_staleness=None if staleness is None else milliseconds(staleness),
        default_leverage=terms.default_leverage,
        max_leverage=record.tiers[0].max_leverage if record.tiers else terms.default_leverage,
        market_state=MARKET_STATE_NAMES[record.market_state],
        funding_interval=None if interval is None else milliseconds(interval),
        funding_interest_rate=format_rate(terms.funding_interest_rate),
        funding_clamp_rate=format_rate(terms.funding_clamp_rate),
        funding_cap_rate=format_rate(terms.funding_cap_rate),
        liquidation_policy=terms.liquidation_policy.name,
    )


def instrument_detail(
    numbers: Numbers, record: InstrumentRecord, seq: int
) -> market.InstrumentDetail:
    """With the risk tiers in force."""
    terms = msgspec.structs.asdict(instrument(numbers, record))
    return market.InstrumentDetail(**terms, risk_tiers=_risk_tiers(numbers, record), seq=seq)


def instrument_tiers(numbers: Numbers, record: InstrumentRecord) -> list[market.InstrumentTier]:
    symbol = record.terms.symbol
    return [
        market.InstrumentTier(**msgspec.structs.asdict(tier), symbol=symbol)
        for tier in _risk_tiers(numbers, record)
    ]


def _risk_tiers(numbers: Numbers, record: InstrumentRecord) -> list[market.RiskTier]:
    return [
        market.RiskTier(
            tier=number,
            floor=numbers.amount(tier.floor),
            cap=numbers.optional_amount(tier.cap),
            maintenance_margin_rate=format_rate(tier.maintenance_margin_rate),
            max_leverage=tier.max_leverage,
            deduction=numbers.amount(tier.deduction),
        )
        for number, tier in enumerate(record.tiers, start=1)
    ]


def mark(of: InstrumentNumbers, record: InstrumentRecord) -> market.Mark:
    halted, stamp = record.halt_reason != HaltReason.NONE, record.next_funding_ns
    return market.Mark(
        symbol=of.symbol,
        index_price=of.optional_price(record.index_price),
        index_time=None if record.index_price is None else milliseconds(record.index_time_ns),
        mark_price=of.optional_price(record.mark_price),
        last_price=of.optional_price(record.last_price),
        market_state=MARKET_STATE_NAMES[record.market_state],
        halt_reason=record.halt_reason.name if halted else None,
        funding_rate=None if stamp is None else format_rate(coming_rate(record)),
        next_funding=None if stamp is None else milliseconds(stamp),
        last_funding_rate=optional_rate(record.funding_rate),
    )


def levels(of: InstrumentNumbers, levels: list[tuple[int, int]]) -> list[market.PriceLevel]:
    return [(of.price(price), of.quantity(quantity)) for price, quantity in levels]


def asset(numbers: Numbers, state: ExchangeState, asset_id: int) -> borrowing.Asset:
    terms = state.assets[asset_id]
    valued_by = state.spot_records.get(asset_id)
    cap = terms.account_borrow_cap
    return borrowing.Asset(
        asset=terms.code,
        decimals=terms.decimals,
        haircut=format_rate(terms.haircut_rate),
        daily_borrow_rate=format_rate(terms.borrow_rate),
        account_borrow_cap=None if cap is None else numbers.amount(cap, asset_id),
        lendable=numbers.amount(max(0, state.ledger.balance(LENDING_POOL, asset_id)), asset_id),
        symbol=None if valued_by is None else valued_by.terms.symbol,
        index_price=None
        if valued_by is None
        else numbers.index_price(asset_id, valued_by.index_price),
    )


# -- accounts --------------------------------------------------------------------------------------


def wallet(numbers: Numbers, view: views.WalletView) -> accounts.Wallet:
    amount, optional = numbers.amount, numbers.optional_amount
    return accounts.Wallet(
        wallet_id=view.wallet_id,
        kind=WALLET_KIND_NAMES[view.kind],
        symbol=None if view.instrument_id is None else numbers.symbol(view.instrument_id),
        position_side=position_side_name(view.position_side),
        asset=numbers.asset_code(VALUATION_ASSET),
        balance=amount(view.balance),
        locked=amount(view.locked),
        settlement_debt=amount(view.settlement_debt),
        unrealized_pnl=amount(view.unrealized_pnl),
        equity=amount(view.equity),
        initial_margin=optional(view.initial_margin),
        call_margin=optional(view.call_margin),
        maintenance_margin=optional(view.maintenance_margin),
        available_balance=amount(view.available_balance),
        withdrawable=amount(view.withdrawable),
        margin_ratio=optional_rate(view.margin_ratio),
        margin_call_id=view.margin_call_id,
        clears_at_equity=optional(view.clears_at_equity),
        liquidation_id=view.liquidation_id,
        collateral=amount(view.collateral),
        debts=amount(view.debts),
        margin_level=optional_rate(view.margin_level),
        call_level=optional_rate(view.call_level),
        liquidation_level=optional_rate(view.liquidation_level),
        borrow_leverage=view.borrow_leverage,
        assets=[_wallet_asset(numbers, each) for each in view.assets],
    )


def _wallet_asset(numbers: Numbers, view: AssetView) -> accounts.WalletAsset:
    def amount(value: int) -> str:
        return numbers.amount(value, view.asset_id)

    return accounts.WalletAsset(
        asset=numbers.asset_code(view.asset_id),
        balance=amount(view.balance),
        locked=amount(view.locked),
        borrowed=amount(view.borrowed),
        interest=amount(view.interest),
        settlement_debt=amount(view.settlement_debt),
        value=numbers.amount(view.value),
        withdrawable=amount(view.withdrawable),
        liquidation_price=numbers.index_price(view.asset_id, view.liquidation_price),
    )


def wallets(numbers: Numbers, state: ExchangeState, account_id: int) -> list[accounts.Wallet]:
    return [wallet(numbers, view) for view in views.account_wallets(state, account_id)]


def position(numbers: Numbers, view: views.PositionView) -> accounts.Position:
    of = numbers.by_id(view.instrument_id)
    return accounts.Position(
        symbol=of.symbol,
        side=POSITION_SIDE_NAMES[view.side],
        margin_mode=MARGIN_MODE_NAMES[view.margin_mode],
        wallet_id=view.wallet_id,
        leverage=view.leverage,
        quantity=of.quantity(view.quantity),
        entry_price=of.price(view.entry_price),
        mark_price=of.price(view.mark_price),
        notional=numbers.amount(view.notional),
        unrealized_pnl=numbers.amount(view.unrealized_pnl),
        roi=format_rate(view.roi),
        initial_margin=numbers.amount(view.initial_margin),
        maintenance_margin=numbers.amount(view.maintenance_margin),
        margin=numbers.amount(view.margin),
        margin_ratio=optional_rate(view.margin_ratio),
        liquidation_price=of.optional_price(view.liquidation_price),
        liquidation_below=of.optional_price(view.liquidation_below),
        liquidation_above=of.optional_price(view.liquidation_above),
        liquidation_status=view.liquidation_status.upper(),
        bankruptcy_price=of.optional_price(view.bankruptcy_price),
    )


def positions(numbers: Numbers, state: ExchangeState, account_id: int) -> list[accounts.Position]:
    return [position(numbers, view) for view in views.positions_of(state, account_id)]


def queued_positions(
    numbers: Numbers, state: ExchangeState, account_id: int
) -> list[accounts.Position]:
    """With their places in the queues of auto-deleveraging (LIQ-7), for which every holder of the
    side is looked at."""
    found: list[accounts.Position] = []
    for view in views.positions_of(state, account_id):
        shape = position(numbers, view)
        held = state.unit_positions[view.wallet_id][(view.instrument_id, view.side)]
        place = views.adl_place(state, held)
        if place is not None:
            shape = msgspec.structs.replace(shape, adl_rank=place.rank, adl_lights=place.lights)
        found.append(shape)
    return found


def settings(
    numbers: Numbers, state: ExchangeState, account_id: int, instrument_id: int
) -> accounts.Settings:
    chosen = state.settings(account_id, instrument_id)
    return accounts.Settings(
        symbol=numbers.symbol(instrument_id),
        margin_mode=MARGIN_MODE_NAMES[chosen.margin_mode],
        leverage=chosen.leverage,
    )


def all_settings(
    numbers: Numbers, state: ExchangeState, account_id: int
) -> list[accounts.Settings]:
    return [
        settings(numbers, state, account_id, instrument_id) for instrument_id in state.instruments
    ]


# -- orders ----------------------------------------------------------------------------------------


def order(of: InstrumentNumbers, order: Order) -> orders.Order:
    filled = order.quantity - order.remaining
    reason, trigger, expires_ns = order.cancel_reason, order.trigger, order.expires_ns
    return orders.Order(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        symbol=of.symbol,
        side=SIDE_NAMES[order.side],
        order_type=ORDER_TYPE_NAMES[order.order_type],
        time_in_force=TIME_IN_FORCE_NAMES[order.time_in_force],
        price=of.price(order.price),
        quantity=of.quantity(order.quantity),
        filled_quantity=of.quantity(filled),
        remaining_quantity=of.quantity(order.remaining),
        average_price=of.average_price(order.filled_notional, filled),
        status=order.status._name_,
        cancel_reason=None if reason is None else reason._name_,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        keep_margin=order.keep_margin,
        position_side=position_side_name(order.position_side),
        margin_mode=MARGIN_MODE_NAMES[order.margin_mode],
        liquidation_id=order.liquidation_id,
        trigger_source=None if trigger is None else TRIGGER_SOURCE_NAMES[trigger.source],
        trigger_price=of.optional_price(trigger_price(order)),
        callback_rate=None if trigger is None else optional_rate(trigger.callback_rate),
        activation_price=None if trigger is None else of.optional_price(trigger.activation_price),
        close_position=order.close_position,
        expires=None if expires_ns is None else milliseconds(expires_ns),
        self_trade_prevention=SELF_TRADE_PREVENTION_NAMES[order.self_trade_prevention],
        list_id=order.list_id,
        waits_for=order.waits_for,
        created=milliseconds(order.created_ns),
        updated=milliseconds(order.updated_ns),
    )


def find_open_orders(
    state: ExchangeState, account_id: int, instrument_id: int | None = None
) -> list[Order]:
    """In order of age."""
    found: list[Order] = []
    for each, exposure in state.exposures.get(account_id, {}).items():
        if instrument_id is None or each == instrument_id:
            found.extend(exposure.orders.values())
    found.sort(key=lambda order: order.order_id)
    return found


def open_orders(numbers: Numbers, state: ExchangeState, account_id: int) -> list[orders.Order]:
    """All of them, in order of age."""
    found = find_open_orders(state, account_id)
    return [order(numbers.by_id(each.instrument_id), each) for each in found]


def count_open_orders(state: ExchangeState, account_id: int) -> int:
    return sum(len(each.orders) for each in state.exposures.get(account_id, {}).values())


def preview(
    numbers: Numbers, of: InstrumentNumbers, view: views.PreviewView, world: World
) -> orders.Preview:
    refusal = None
    if view.refusal is not None:
        problem = numbers.problem(view.refusal, of.instrument_id)
        refusal = orders.RefusalShape(
            code=problem.code,
            detail=problem.detail,
            needed=problem.needed,
            available=problem.available,
        )
    canceled = view.rest_canceled
    amount, paid = numbers.amount, view.paid_asset_id or VALUATION_ASSET
    no_margin = view.refusal is not None and not numbers.is_amount(view.refusal.reason)
    return orders.Preview(
        accepted=view.accepted,
        refusal=refusal,
        filled_quantity=of.quantity(view.filled_quantity),
        average_price=of.optional_price(view.average_price),
        worst_price=of.optional_price(view.worst_price),
        fee=amount(view.fee),
        resting_quantity=of.quantity(view.resting_quantity),
        rest_canceled=None if canceled is None else canceled.name,
        needed=None if no_margin else amount(view.needed),
        available=None if no_margin else amount(view.available),
        margin_locked=amount(view.margin_locked, paid),
        position_quantity=of.quantity(view.position_quantity),
        entry_price=of.optional_price(view.entry_price),
        liquidation_price=of.optional_price(view.liquidation_price),
        liquidation_status=view.liquidation_status.upper(),
        paid_asset=None if view.paid_asset_id is None else numbers.asset_code(paid),
        borrowed=amount(view.borrowed, paid),
        margin_moved=amount(view.margin_moved),
        call_distance=optional_rate(view.call_distance),
        seq=world.state.seq,
        time=world_time(world),
    )
