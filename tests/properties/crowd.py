"""A crowded little exchange, and every kind of command for it, chosen by numbers.

Five instruments with short tier tables, twenty traders with little money and high leverage, a
market maker, a small insurance fund and pages of two units: so that in a few dozen commands
everything that can happen does. A `Choices` is one number that is taken apart, so hypothesis can
shrink it and a seeded driver can draw it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from simulator.core.model import commands as c
from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.enums import (
    LiquidationPolicy,
    MarginMode,
    MarketState,
    MarkMethod,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TimeInForce,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET, Asset, WorldParameters
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from simulator.core.rules import margin
from simulator.core.rules.margin_calls import unit_liquidation_price
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position
from tests.scenario import BTC_ASSET, amount, instrument_terms, rate, tier_rows

TRADERS = range(2, 22)
MAKER = 22
INSTRUMENTS = range(1, 6)

START_PRICES = {1: 1_000_000, 2: 50_000, 3: 5_000, 4: 20_000, 5: 10_000}
TIERS = {
    1: ("2000:0.4%:125 10000:1%:50 40000:2.5%:20 10%:5", "1500:0.5%:125 8000:2%:50 5%:20"),
    2: ("3000:0.5%:100 9000:1%:50 5%:10", "3000:1%:100 9000:3%:25 12.5%:8"),
    3: ("1000:1%:50 4000:2.5%:20 10%:10", "500:1%:50 2000:5%:20 10%:10"),
    4: ("2000:0.65%:75 5%:20", "2000:1%:75 10%:10"),
    5: ("1000:2%:25 4000:20%:2 80%:1", "1000:3%:25 8000:10%:2 80%:1"),
}
"""Two tables each; so steep is the last tier of the fifth that a line may outrun equity."""

NOTIONALS = (10, 40, 150, 500, 1_200, 3_000, 8_000, 30_000)
MOVES = (0, 5, -5, 30, -30, 80, -80, 150, -150, 250, -250, 400, -400, 1_000, -900, 3_000, -2_300)
"""Of an index price, in basis points."""
FLAVORS = ("limit", "market", "ioc", "fok", "post_only", "reduce_only", "market_reduce", "keep")

_Item = TypeVar("_Item")


class Choices:
    """A number, taken apart: `pick(n)` gives one of 0 to n - 1, and 0 when it is used up."""

    def __init__(self, number: int) -> None:
        self._number = number

    def pick(self, count: int) -> int:
        self._number, chosen = divmod(self._number, count)
        return chosen

    def of(self, items: Sequence[_Item]) -> _Item:
        return items[self.pick(len(items))]


Builder = Callable[[ExchangeState, Choices], c.AnyCommand]


# -- the start -----------------------------------------------------------------------------------


def opening_commands() -> Iterator[c.AnyCommand]:
    """Assets, instruments, accounts and money; everything is ready to trade."""
    yield c.DefineAsset(Asset(VALUATION_ASSET, "USDT", 8))
    yield c.DefineAsset(Asset(BTC_ASSET, "BTC", 8))
    yield c.ConfigureWorld(
        WorldParameters(
            call_repeat_ns=2 * NS_PER_HOUR,
            page_size=2,
            fund_unload_interval_ns=NS_PER_HOUR,
            fund_unload_notional=amount("500"),
            client_order_minimum=3,
            deposit_limit=amount("3500"),
            fund_notional_cap=amount("4000"),
        )
    )
    shapes = {1: (2, 3, 10, 1), 2: (2, 2, 5, 1), 3: (4, 0, 1, 10), 4: (3, 1, 1, 1), 5: (5, 0, 1, 1)}
    policies = {
        2: LiquidationPolicy.FULL_CLOSE,
        3: LiquidationPolicy.PERCENT_STEPS,
        4: LiquidationPolicy.TAKEOVER_ONLY,
    }
    funding: dict[int, dict[str, Any]] = {
        1: {"mark_method": MarkMethod.MEDIAN, "funding_interval_ns": NS_PER_HOUR},
        2: {"funding_interval_ns": 8 * NS_PER_HOUR, "funding_cap_rate": rate("0.3%")},
        3: {"mark_method": MarkMethod.MEDIAN},
        5: {"index_blend_rate": rate("20%"), "funding_interval_ns": 4 * NS_PER_HOUR},
    }
    for instrument_id, (price_decimals, quantity_decimals, tick, lot) in shapes.items():
        terms = instrument_terms(
            instrument_id,
            f"COIN{instrument_id}",
            price_decimals=price_decimals,
            quantity_decimals=quantity_decimals,
            tick_size=tick,
            lot_size=lot,
            min_quantity=lot,
            min_notional=amount("5"),
            max_open_orders=12,
            max_trigger_orders=3,
            maker_fee_rate=rate("-0.01%") if instrument_id == 2 else rate("0.02%"),
            taker_fee_rate=rate("0.05%"),
            index_staleness_ns=20 * NS_PER_HOUR if instrument_id == 4 else None,
            default_leverage=10,
            impact_notional=amount("1500"),
            liquidation_policy=policies.get(instrument_id, LiquidationPolicy.LADDER),
            **funding.get(instrument_id, {}),
        )
        yield c.ListInstrument(terms, tier_rows(TIERS[instrument_id][0]))
    yield c.Deposit(INSURANCE_FUND, VALUATION_ASSET, amount("150"))
    yield from _accounts()
    yield c.SetIndexPrices(tuple(START_PRICES.items()))


def _accounts() -> Iterator[c.AnyCommand]:
    spot_wallet = 1_000_000
    for account_id in [*TRADERS, MAKER]:
        rich = account_id == MAKER
        yield c.OpenAccount(taker_fee_rate=0 if account_id % 7 == 0 else None)
        yield c.Deposit(spot_wallet + 1, VALUATION_ASSET, amount("9000000" if rich else "700"))
        yield c.Deposit(spot_wallet, VALUATION_ASSET, amount("300"))
        yield c.Deposit(spot_wallet, BTC_ASSET, amount("1"))
        spot_wallet += 2
        if account_id % 5 == 3:
            yield c.SetPositionMode(account_id, PositionMode.HEDGE)
        for instrument_id in INSTRUMENTS:
            if rich or (account_id + instrument_id) % 2 == 0:
                yield c.SetMarginMode(account_id, instrument_id, MarginMode.CROSS)
            if (account_id * instrument_id) % 4:
                yield c.SetLeverage(account_id, instrument_id, 5 + account_id)


# -- trading -------------------------------------------------------------------------------------


def place(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Any order, from the mark to 12 steps of 0.1% on either side of it."""
    flavor = choices.of(FLAVORS)
    account_id, instrument_id = choices.of(TRADERS), choices.of(INSTRUMENTS)
    side = choices.of((Side.BUY, Side.SELL))
    notional, steps = choices.of(NOTIONALS), choices.pick(25) - 12
    number = choices.pick(60)
    client_order_id = f"order-{number}" if number < 20 else None
    record = state.instruments[instrument_id]
    market = flavor in ("market", "market_reduce")
    forces = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
    return c.PlaceOrder(
        account_id,
        instrument_id,
        side,
        OrderType.MARKET if market else OrderType.LIMIT,
        lots_of(record, notional),
        None if market else price_near_mark(record, steps),
        forces.get(flavor, TimeInForce.GTC),
        post_only=flavor == "post_only",
        reduce_only=flavor in ("reduce_only", "market_reduce", "keep"),
        keep_margin=flavor == "keep",
        client_order_id=client_order_id,
        position_side=named(state, account_id, choices.of((PositionSide.LONG, PositionSide.SHORT))),
    )


def named(state: ExchangeState, account_id: int, side: PositionSide) -> PositionSide | None:
    """How an order of the account names a position: in hedge mode only."""
    hedged = state.accounts[account_id].position_mode == PositionMode.HEDGE
    return side if hedged else None


def open_position(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """At market, with most of what the account may lever."""
    account_id, instrument_id = choices.of(TRADERS), choices.of(INSTRUMENTS)
    side = choices.of((Side.BUY, Side.BUY, Side.SELL))
    quantity = levered(state, account_id, instrument_id, choices.of((95, 60, 30)))
    return c.PlaceOrder(
        account_id,
        instrument_id,
        side,
        OrderType.MARKET,
        quantity,
        position_side=named(state, account_id, PositionSide(side)),
    )


def rest_near_mark(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A large order a few steps from the mark: what it locks may be lost before it is met."""
    account_id, instrument_id = choices.of(TRADERS), choices.of(INSTRUMENTS)
    side = choices.of((Side.BUY, Side.SELL))
    quantity = levered(state, account_id, instrument_id, choices.of((90, 50)))
    price = price_near_mark(state.instruments[instrument_id], -int(side) * (1 + choices.pick(4)))
    return c.PlaceOrder(
        account_id,
        instrument_id,
        side,
        OrderType.LIMIT,
        quantity,
        price,
        position_side=named(state, account_id, PositionSide(side)),
    )


def levered(state: ExchangeState, account_id: int, instrument_id: int, percent: int) -> int:
    """The quantity that such a part of what may leave CROSS can lever."""
    record = state.instruments[instrument_id]
    cross = state.accounts[account_id].cross_wallet_id
    leverage = state.settings(account_id, instrument_id).leverage
    notional = margin.withdrawable(state, cross) * leverage * percent // 100
    lot_value = record.terms.notional(record.terms.lot_size, margin.mark_of(record))
    return max(1, notional // lot_value) * record.terms.lot_size


def reduce(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A reduce-only order of somebody who has a position; often larger than it."""
    positions = traders_positions(state)
    if not positions:
        return place(state, choices)
    position = choices.of(positions)
    record = state.instruments[position.instrument_id]
    lots = abs(position.quantity) // record.terms.lot_size
    quantity = max(1, lots * choices.of((1, 2, 3, 6)) // choices.of((1, 2, 4))) or 1
    steps = choices.pick(13) - 4
    return c.PlaceOrder(
        position.account_id,
        position.instrument_id,
        Side(-position.side),
        OrderType.LIMIT,
        quantity * record.terms.lot_size,
        price_near_mark(record, int(position.side) * steps),
        choices.of((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC)),
        reduce_only=True,
        keep_margin=choices.pick(2) == 1,
        position_side=named(state, position.account_id, position.side),
    )


def repeat(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A request under a client order id that was used before."""
    known = [each for records in state.client_orders.values() for each in records.values()]
    if not known:
        return place(state, choices)
    request = choices.of(known).request
    if choices.pick(3) == 0:
        return c.PlaceOrder(
            request.account_id,
            request.instrument_id,
            Side(-request.side),
            request.order_type,
            request.quantity,
            request.price,
            client_order_id=request.client_order_id,
            position_side=request.position_side,
        )
    return request


def quote(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """The maker's levels around the mark; at times thin, at times crossing, at times none."""
    instrument_id = choices.of(INSTRUMENTS)
    notional = choices.of((6_000, 2_000, 20_000, 60_000, 300, 50))
    count = choices.of((3, 3, 1, 0))
    skew = choices.of((0, 0, 0, 8, -8))
    record = state.instruments[instrument_id]
    quantity = lots_of(record, notional)
    bids = tuple((price_near_mark(record, skew - each), quantity) for each in range(1, count + 1))
    asks = tuple((price_near_mark(record, skew + each), quantity) for each in range(1, count + 1))
    account_id = choices.of((MAKER, MAKER, MAKER, MAKER, 4))
    return c.ReplaceQuotes(account_id, instrument_id, bids, asks)


def amend(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    orders = sorted(state.orders)
    if not orders:
        return place(state, choices)
    order = state.orders[choices.of(orders)]
    record = state.instruments[order.instrument_id]
    lot = record.terms.lot_size
    factor = choices.of((None, 1, 2, 3, 6, 9))
    steps = choices.pick(26) - 12
    quantity = None if factor is None else max(lot, order.quantity * factor // 4 // lot * lot)
    price = None if steps > 12 else price_near_mark(record, steps)
    return c.AmendOrder(order.account_id, order.order_id, price, quantity)


def cancel(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    orders = sorted(state.orders)
    how = choices.pick(4)
    if not orders or how == 0:
        where = choices.of((None, *INSTRUMENTS))
        return c.CancelAllOrders(choices.of(TRADERS), where)
    order = state.orders[choices.of(orders)]
    return c.CancelOrder(order.account_id + (1 if how == 1 else 0), order.order_id)


# -- settings and money --------------------------------------------------------------------------


def settings(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    account_id, instrument_id = choices.of(TRADERS), choices.of(INSTRUMENTS)
    how = choices.pick(6)
    if how == 5:
        return c.SetPositionMode(account_id, choices.of((PositionMode.HEDGE, PositionMode.ONE_WAY)))
    if how < 2:
        mode = choices.of((MarginMode.CROSS, MarginMode.ISOLATED))
        return c.SetMarginMode(account_id, instrument_id, mode)
    leverage = choices.of((1, 2, 5, 10, 20, 25, 50, 100, 126))
    return c.SetLeverage(account_id, instrument_id, leverage)


def move_money(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Between wallets, in from the mint, or an operator's correction."""
    account_id = choices.of(TRADERS)
    value = amount(choices.of(("1", "15", "100", "400", "0.00000001", "2500")))
    account = state.accounts[account_id]
    if not any(
        holding.balance for holding in state.wallets[account.cross_wallet_id].holdings.values()
    ):
        return c.Deposit(account.cross_wallet_id, VALUATION_ASSET, amount("900"))
    kinds = (WalletKind.SPOT, WalletKind.CROSS, WalletKind.ISOLATED)
    how = choices.pick(8)
    if how == 0:
        return c.Deposit(account.cross_wallet_id, VALUATION_ASSET, value)
    if how == 1:
        wallet_id = choices.of((account.cross_wallet_id, account.spot_wallet_id, INSURANCE_FUND))
        return c.AdjustBalance(wallet_id, VALUATION_ASSET, choices.of((value, -value)), "a test")
    positions = traders_positions(state)
    if how < 6 and positions:
        position = choices.of(positions)
        ways = choices.of(((kinds[1], kinds[2]), (kinds[2], kinds[1])))
        where = (position.instrument_id, position.side)
        return c.TransferFunds(position.account_id, *ways, VALUATION_ASSET, value, *where)
    source, target = choices.of(kinds), choices.of(kinds)
    where = (choices.of(INSTRUMENTS), choices.of((PositionSide.LONG, PositionSide.SHORT)))
    asset_id = choices.of((VALUATION_ASSET, VALUATION_ASSET, BTC_ASSET))
    return c.TransferFunds(account_id, source, target, asset_id, value, *where)


def ask_for_funds(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """WAL-6: mostly to SPOT or CROSS; the larger amounts soon meet the limit of the run."""
    target = choices.of((WalletKind.CROSS, WalletKind.SPOT, WalletKind.CROSS, WalletKind.ISOLATED))
    value = amount(choices.of(("50", "400", "900", "2500", "0.00000001", "0")))
    asset_id = choices.of((VALUATION_ASSET, VALUATION_ASSET, VALUATION_ASSET, BTC_ASSET))
    return c.DepositFunds(choices.of(TRADERS), target, asset_id, value)


def reset_account(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """WAL-7: of somebody with a position, in liquidation, in debt, or anybody."""
    holders = [
        [wallet.account_id for wallet in state.wallets.values() if wallet.liquidation is not None],
        [each.account_id for each in traders_positions(state)],
        [each.account_id for each in state.orders.values() if each.account_id in TRADERS],
    ]
    found = choices.of((holders[1], holders[1], holders[2], holders[0], []))
    account_id = choices.of(found or TRADERS)
    return c.ResetAccount(account_id, amount(choices.of(("1000", "700", "3000", "0", "4000"))))


# -- the market ----------------------------------------------------------------------------------


def move_marks(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """One instrument or all of them, a little or violently."""
    first = choices.pick(len(INSTRUMENTS) + 2)
    moved = INSTRUMENTS if first >= len(INSTRUMENTS) else [INSTRUMENTS[first]]
    prices = []
    move = choices.of(MOVES)
    for instrument_id in moved:
        now = state.instruments[instrument_id].index_price or START_PRICES[instrument_id]
        prices.append(
            (instrument_id, _kept_near_start(instrument_id, now * (10_000 + move) // 10_000))
        )
    return c.SetIndexPrices(tuple(prices))


def hunt(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """The index goes to the very edge of somebody's liquidation, or a little beyond it."""
    positions = traders_positions(state)
    if not positions:
        return move_marks(state, choices)
    position = choices.of(positions)
    record = state.instruments[position.instrument_id]
    risk = margin.assess(state, position.wallet_id)
    found = unit_liquidation_price(state, risk, position)
    edge = found.nearest(margin.mark_of(record))
    toward = -int(position.side)
    if edge is None:
        edge = margin.mark_of(record)
    elif edge == found.above:
        toward = 1
    beyond = edge * choices.of((0, 0, 0, 2, 10, 40, -1, -2, -4)) // 1_000
    price = edge + toward * (choices.pick(3) - 1 + beyond)
    price = _kept_near_start(position.instrument_id, price)
    return c.SetIndexPrices(((position.instrument_id, price),))


def halt(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    halted = [
        each for each in INSTRUMENTS if state.instruments[each].market_state == MarketState.HALTED
    ]
    if halted and choices.pick(5):
        return c.SetMarketState(choices.of(halted), MarketState.OPEN)
    return c.SetMarketState(choices.of(INSTRUMENTS), MarketState.HALTED)


def strand(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A liquidation that stands still: halt a part of a cross unit, then act upon it."""
    stranded = [wallet for wallet in state.wallets.values() if wallet.liquidation is not None]
    if stranded:
        wallet = choices.of(stranded)
        how = choices.pick(4)
        if how == 0:
            return c.Deposit(wallet.wallet_id, VALUATION_ASSET, amount(choices.of(("20", "900"))))
        if how == 1:
            return c.CancelAllOrders(wallet.account_id)
        instrument_id = choices.of(INSTRUMENTS)
        return c.SetLeverage(wallet.account_id, instrument_id, choices.of((2, 5, 20)))
    spread = [
        sorted(instrument_id for instrument_id, _ in held)
        for wallet_id, held in sorted(state.unit_positions.items())
        if len(held) > 1 and state.is_unit(wallet_id)
    ]
    if not spread:
        return open_position(state, choices)
    return c.SetMarketState(choices.of(choices.of(spread)), MarketState.HALTED)


def pass_time(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    seconds = choices.of((1, 30, 600, 3_600, 7_200, 25 * 3_600))
    return c.AdvanceTime(state.time_ns + seconds * NS_PER_SECOND)


def set_tiers(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    instrument_id = choices.of(INSTRUMENTS)
    return c.SetRiskTiers(instrument_id, tier_rows(choices.of(TIERS[instrument_id])))


def record_funding(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A rate for a coming stamp, at times a ruinous one; one instrument has no funding."""
    rates = ("0.01%", "-0.02%", "0.3%", "-1.5%", "4%", "-4%", "0%", "0.000000001%")
    rows = [(choices.of((1, 2, 5)), rate(choices.of(rates)))]
    if choices.pick(8) == 0:
        rows.append((choices.of(INSTRUMENTS), rate(choices.of(rates))))
    return c.SetFundingRates(tuple(rows))


BUILDERS: dict[str, tuple[int, Builder]] = {
    "place": (24, place),
    "open_position": (24, open_position),
    "rest_near_mark": (8, rest_near_mark),
    "reduce": (8, reduce),
    "repeat": (2, repeat),
    "quote": (16, quote),
    "amend": (6, amend),
    "cancel": (5, cancel),
    "settings": (4, settings),
    "move_money": (9, move_money),
    "ask_for_funds": (2, ask_for_funds),
    "reset_account": (2, reset_account),
    "move_marks": (10, move_marks),
    "hunt": (8, hunt),
    "halt": (8, halt),
    "strand": (7, strand),
    "pass_time": (3, pass_time),
    "set_tiers": (1, set_tiers),
    "record_funding": (2, record_funding),
}
"""Every kind of command, and how often the driver chooses it."""


# -- helpers -------------------------------------------------------------------------------------


def traders_positions(state: ExchangeState) -> list[Position]:
    return [
        position
        for wallet_id in sorted(state.unit_positions)
        for _, position in sorted(state.unit_positions[wallet_id].items())
        if position.account_id in TRADERS
    ]


def lots_of(record: InstrumentRecord, notional: int) -> int:
    """The quantity that is worth about so many USDT at the start price, in whole lots."""
    terms = record.terms
    lot_value = terms.notional(terms.lot_size, START_PRICES[terms.instrument_id])
    return max(1, amount(str(notional)) // lot_value) * terms.lot_size


def price_near_mark(record: InstrumentRecord, steps: int) -> int:
    """The mark plus so many steps of 0.1%, on the tick."""
    mark = margin.mark_of(record)
    tick = record.terms.tick_size
    return max(tick, (mark + mark * steps // 1_000) // tick * tick)


def _kept_near_start(instrument_id: int, price: int) -> int:
    start = START_PRICES[instrument_id]
    return min(max(price, start // 5), start * 5)
