"""Which units could have crossed a line? The answer that makes a tick cheap.

For every unit and every instrument it is exposed to, the watch keeps the pair of marks (of spot
instruments, indexes: they value assets and debts) between
which the unit provably cannot reach its next line: a budget (slack divided by the number of
exposures) divided by the exposure's worst slope, cut at the tier boundary. While every mark
stays inside, the unit needs no look. Two heaps per instrument hold the bounds; outdated ones are
recognized by their version and dropped when they surface. Bounds matter only when a mark moves:
a unit that changes is just noted, and filed anew before the next move (`refresh`).

The watch is derived: it is in no snapshot, and which bounds it holds never changes an event.
"""

from heapq import heapify, heappop, heappush

from simulator.core.model.enums import LONG
from simulator.core.model.instruments import VALUATION_ASSET, RiskTier
from simulator.core.model.risk_tiers import tier_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules import margin, valuation
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position, Wallet

_Bound = tuple[int, int, int]
"""(key, wallet id, version); the key is a mark, negated in the heap for falling marks."""

_ASSET_SLACK = 8
"""A balance and a debt, each in whole units then and now, the debt at up to three times its own."""

_SPARE = 1_024
"""Outdated bounds that a heap may hold beyond twice the live ones before it is rebuilt."""


class RiskWatch:
    """Bounds of all units with positions."""

    def __init__(self) -> None:
        self._falling: dict[int, list[_Bound]] = {}
        self._rising: dict[int, list[_Bound]] = {}
        self._versions: dict[int, int] = {}
        self._outdated: dict[int, None] = {}
        self._next_version = 1

    def crossed(self, instrument_id: int, mark: int) -> list[int]:
        """Takes out and returns the units whose bounds this mark left, nearest bound first."""
        if self._outdated:
            raise AssertionError("bounds should be refreshed before a mark moves")
        units: dict[int, None] = {}
        falling = self._falling.get(instrument_id, [])
        while falling and -falling[0][0] > mark:
            self._surface(falling, units)
        rising = self._rising.get(instrument_id, [])
        while rising and rising[0][0] < mark:
            self._surface(rising, units)
        return list(units)

    def _surface(self, heap: list[_Bound], units: dict[int, None]) -> None:
        _, wallet_id, version = heappop(heap)
        if self._versions.get(wallet_id) == version:
            units[wallet_id] = None

    def forget(self, wallet_id: int) -> None:
        """The unit holds nothing that could cross a line."""
        self._versions.pop(wallet_id, None)
        self._outdated.pop(wallet_id, None)

    def outdate(self, wallet_id: int) -> None:
        """The unit changed; as it stands it was assessed, and whatever was due was done."""
        self._outdated[wallet_id] = None

    def refresh(self, state: ExchangeState) -> None:
        """Files all units that changed, at the marks of now. Due before any mark moves."""
        for wallet_id in self._outdated:
            self._file(state, margin.assess(state, wallet_id))
        self._outdated.clear()

    def _file(self, state: ExchangeState, risk: margin.UnitRisk) -> None:
        version = self._next_version
        self._next_version += 1
        self._versions[risk.wallet_id] = version
        for instrument_id, low, high in bounds_of(state, risk):
            if low is not None:
                self._push(self._falling, instrument_id, (-low, risk.wallet_id, version))
            if high is not None:
                self._push(self._rising, instrument_id, (high, risk.wallet_id, version))

    def _push(self, heaps: dict[int, list[_Bound]], instrument_id: int, bound: _Bound) -> None:
        heap = heaps.setdefault(instrument_id, [])
        heappush(heap, bound)
        if len(heap) > 2 * len(self._versions) + _SPARE:
            versions = self._versions
            heap[:] = [each for each in heap if versions.get(each[1]) == each[2]]
            heapify(heap)


def bounds_of(
    state: ExchangeState, risk: margin.UnitRisk
) -> list[tuple[int, int | None, int | None]]:
    """Per exposure (instrument, lowest safe mark, highest safe mark); none: no bound that way."""
    wallet = state.wallets[risk.wallet_id]
    positions = list(state.unit_positions.get(risk.wallet_id, {}).values())
    assets = _exposed_assets(state, wallet) if risk.worth is not None else []
    budget, rise_budget = _budgets(state, risk, wallet, len(positions), len(assets))
    bounds: list[tuple[int, int | None, int | None]] = []
    for position in positions:
        record = state.instruments[position.instrument_id]
        low, high = _position_bounds(state, position, record, budget, rise_budget)
        bounds.append((position.instrument_id, low, high))
    for asset_id in assets:
        record = state.spot_records[asset_id]
        low, high = _asset_bounds(state, wallet, asset_id, record, (budget, rise_budget))
        bounds.append((record.terms.instrument_id, low, high))
    return bounds


def _exposed_assets(state: ExchangeState, wallet: Wallet) -> list[int]:
    """The assets, but for the valuation asset, whose index moves the unit."""
    return [
        asset_id
        for asset_id, holding in wallet.holdings.items()
        if valuation.spot_record(state, asset_id) is not None
        and (holding.balance or holding.borrowed or holding.interest)
        and asset_id != VALUATION_ASSET
    ]


def _budgets(
    state: ExchangeState, risk: margin.UnitRisk, wallet: Wallet, positions: int, assets: int
) -> tuple[int, int | None]:
    """What each exposure may lose, and gain, before the unit could reach a line.

    A line is a sum rounded up: two units of slack are kept for the roundings of now and then,
    four for the clearing line, which is rounded twice. An asset is valued in whole units too:
    for each, `_ASSET_SLACK` more.
    """
    share = max(1, positions + assets)
    slack = assets * _ASSET_SLACK
    if wallet.margin_call is None:
        return (risk.equity - risk.call_margin - 2 - slack) // share, None
    clear_line = divide_up(risk.call_margin * state.parameters.clear_ratio, RATE_ONE)
    return (
        (risk.equity - risk.maintenance_margin - 2 - slack) // share,
        (clear_line - risk.equity - 4 - slack) // share,
    )


def _asset_bounds(
    state: ExchangeState,
    wallet: Wallet,
    asset_id: int,
    record: InstrumentRecord,
    budgets: tuple[int, int | None],
) -> tuple[int | None, int | None]:
    """A balance loses as its index falls; a debt loses as it rises, and its lines rise with it.

    An asset both held and owed is bounded on both sides, as if neither helped the other.
    """
    price = valuation.index_of(record)
    budget, rise_budget = budgets
    if budget <= 0 or (rise_budget is not None and rise_budget <= 0):
        return price, price
    holding = wallet.holdings[asset_id]
    debt = holding.borrowed + holding.interest
    unit = record.terms.notional_multiplier
    scale = record.terms.base_multiplier
    # In a line a debt counts with its level less one, at the clearing line with clear_ratio of it.
    call, _ = valuation.product_levels(state, wallet)
    level = RATE_ONE + divide_up((call - RATE_ONE) * state.parameters.clear_ratio, RATE_ONE)
    lows: list[int] = []
    highs: list[int] = []
    if holding.balance:
        lows.append(price - budget * scale // (holding.balance * unit))
        if rise_budget is not None:
            highs.append(price + rise_budget * scale // (holding.balance * unit))
    if debt:
        highs.append(price + budget * scale * RATE_ONE // (debt * unit * level))
        if rise_budget is not None:
            lows.append(price - rise_budget * scale * RATE_ONE // (debt * unit * level))
    low = max(0, max(lows)) if lows else None
    return low, min(highs) if highs else None


def _position_bounds(
    state: ExchangeState,
    position: Position,
    record: InstrumentRecord,
    budget: int,
    rise_budget: int | None,
) -> tuple[int | None, int | None]:
    mark = margin.mark_of(record)
    if budget <= 0 or (rise_budget is not None and rise_budget <= 0):
        return mark, mark
    steepest = record.tiers[-1].maintenance_margin_rate
    ratio = state.parameters.call_ratio
    if steepest * state.parameters.clear_ratio >= ratio * RATE_ONE:
        return mark, mark  # so steep a table that a line may outrun equity: look every time
    size = abs(position.quantity) * record.terms.notional_multiplier
    tier = tier_at(record.tiers, size * mark)
    # A line moves with the notional at most at the call line's rate of the tier, rounded up.
    line_rate = divide_up(tier.maintenance_margin_rate * RATE_ONE, ratio)
    if position.side is LONG:
        low = mark - budget // size
        high = None if rise_budget is None else mark + rise_budget // size
        return max(0, low), high
    return _short_bounds(state, (mark, size), (tier, line_rate), budget, rise_budget)


def _short_bounds(
    state: ExchangeState,
    mark_and_size: tuple[int, int],
    tier_and_rate: tuple[RiskTier, int],
    budget: int,
    rise_budget: int | None,
) -> tuple[int | None, int | None]:
    """A short loses as its mark rises while its line rises too; within a tier at a known rate."""
    mark, size = mark_and_size
    tier, line_rate = tier_and_rate
    high = mark + budget * RATE_ONE // (size * (RATE_ONE + line_rate))
    if tier.cap is not None:
        high = min(high, max(mark, tier.cap // size))
    if rise_budget is None:
        return None, high
    clear_rate = divide_up(line_rate * state.parameters.clear_ratio, RATE_ONE)
    low = mark - rise_budget * RATE_ONE // (size * (RATE_ONE + clear_rate))
    return max(0, low), high
