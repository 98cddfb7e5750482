"""`worlds/*.toml`: one world each, with its instruments, feed, bots, and money to begin with.

Feed and bots are checked against the instrument they are for, so that a maker that cannot quote is
found here, with file and line. An instrument has an index of its own, or that of one before it.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from simulator.config.bots import (
    MakerRow,
    NoiseRow,
    SyntheticRow,
    read_maker,
    read_noise,
    read_synthetic,
)
from simulator.config.exchange import ExchangeConfig
from simulator.config.file import ConfigFile, DecimalText, Rate, Row
from simulator.config.instruments import ListedInstrument, read_funding_interval
from simulator.config.toml_lines import Where
from simulator.core.model.enums import InstrumentKind, MarkMethod
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import AMOUNT_LIMIT, RATE_ONE
from simulator.decimal_text import RATE_DECIMALS, format_decimal
from simulator.market.bots.market_maker import MakerConfig
from simulator.market.bots.noise import NoiseConfig
from simulator.market.feeds.price_walk import SyntheticInstrument
from simulator.market.feeds.regimes import SyntheticConfig
from simulator.runtime.clocks import MAX_SPEED, MIN_SPEED

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)

Count = Annotated[int, msgspec.Meta(ge=0)]


class WorldInstrument(NamedTuple):
    """One instrument of a world: its terms, how its price moves, and who trades it."""

    listed: ListedInstrument
    synthetic: SyntheticInstrument
    maker: MakerConfig
    noise: NoiseConfig


class WorldConfig(NamedTuple):
    """A world to be created. Amounts are in minor units of the valuation asset."""

    name: str
    title: str
    seed: int
    speed: Fraction
    guest_endowment: int
    """What a guest gets in CROSS."""
    fund_deposit: int
    maker_deposit: int
    """What the market maker of each instrument gets."""
    noise_traders: int
    """Per instrument."""
    noise_deposit: int
    """What each noise trader gets."""
    history_days: int
    """Warm-up: daily bars before the world began."""
    history_minute_days: int
    """Warm-up: days of one-minute bars."""
    synthetic: SyntheticConfig
    instruments: tuple[WorldInstrument, ...]


class WorldInstrumentRow(Row):
    symbol: str
    maker: MakerRow
    noise: NoiseRow
    start_price: DecimalText | None = None
    index_of: str | None = None
    """The symbol of an instrument before it, whose index is also its own; then the others of these
    keys are left out."""
    volatility_scale: Rate = Rate(RATE_ONE)
    correlation: Rate = Rate(7 * RATE_ONE // 10)


class WorldFile(Row):
    name: str
    title: str
    seed: Count
    speed: DecimalText
    guest_endowment: DecimalText
    fund_deposit: DecimalText
    maker_deposit: DecimalText
    noise_traders: Count
    noise_deposit: DecimalText
    history_days: Count
    history_minute_days: Count
    synthetic: SyntheticRow
    instrument: list[WorldInstrumentRow]
    mark_method: Literal["index", "median"] | None = None
    """Of all its perpetuals; left out: as instruments.toml says (MARK-2)."""
    funding_interval: str | None = None
    """Of all its perpetuals; left out: as instruments.toml says (FND-2)."""


def load_world(directory: Path, name: str, exchange: ExchangeConfig) -> WorldConfig:
    """Reads `worlds/{name}.toml` of a configuration directory.

    Raises:
        ConfigError: with file, line, what is wrong and what would be right.
    """
    file = ConfigFile(directory / "worlds" / f"{name}.toml", WorldFile)
    content = file.content
    if content.name != name or _SLUG.fullmatch(name) is None:
        raise file.error(
            ("name",), f'name "{content.name}" should be the file\'s, lower case: "{name.lower()}"'
        )
    if content.history_minute_days > content.history_days:
        raise file.error(
            ("history_minute_days",),
            f"history_minute_days should be at most history_days, {content.history_days}",
        )
    instruments: dict[str, WorldInstrument] = {}
    for position, row in enumerate(content.instrument):
        if row.symbol in instruments:
            raise file.error(
                ("instrument", position, "symbol"), f'symbol "{row.symbol}" is there already'
            )
        instruments[row.symbol] = _load_instrument(file, position, exchange, instruments)
    if not instruments:
        raise file.error((), "there should be at least one [[instrument]]")
    return WorldConfig(
        name=name,
        title=content.title,
        seed=content.seed,
        speed=_speed(file),
        guest_endowment=_amount(file, exchange, "guest_endowment"),
        fund_deposit=_amount(file, exchange, "fund_deposit"),
        maker_deposit=_amount(file, exchange, "maker_deposit"),
        noise_traders=content.noise_traders,
        noise_deposit=_amount(file, exchange, "noise_deposit"),
        history_days=content.history_days,
        history_minute_days=content.history_minute_days,
        synthetic=read_synthetic(file, ("synthetic",), content.synthetic),
        instruments=tuple(instruments.values()),
    )


def _speed(file: ConfigFile[WorldFile]) -> Fraction:
    scaled = file.decimal(("speed",), file.content.speed, RATE_DECIMALS)
    speed = Fraction(scaled, RATE_ONE)
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise file.error(
            ("speed",), f'speed "{file.content.speed}" should be "0.25" to "{MAX_SPEED}"'
        )
    return speed


def _amount(file: ConfigFile[WorldFile], exchange: ExchangeConfig, key: str) -> int:
    amount = file.decimal((key,), getattr(file.content, key), exchange.assets[0].decimals)
    if not 0 <= amount < AMOUNT_LIMIT:
        raise file.error((key,), f"{key} should be 0 or more, below 2^62 units")
    return amount


def _as_world_says(file: ConfigFile[WorldFile], listed: ListedInstrument) -> ListedInstrument:
    """The terms, with what the world's file says of all its perpetuals."""
    terms, content = listed.terms, file.content
    if terms.kind is InstrumentKind.SPOT:
        return listed
    if content.mark_method is not None:
        method = MarkMethod[content.mark_method.upper()]
        terms = msgspec.structs.replace(terms, mark_method=method)
    if content.funding_interval is not None:
        interval = read_funding_interval(file, ("funding_interval",), content.funding_interval)
        terms = msgspec.structs.replace(terms, funding_interval_ns=interval)
    return ListedInstrument(terms, listed.tiers)


def _load_instrument(
    file: ConfigFile[WorldFile],
    position: int,
    exchange: ExchangeConfig,
    before: Mapping[str, WorldInstrument],
) -> WorldInstrument:
    """One [[instrument]]; `before`: those above it, by symbol."""
    where: Where = ("instrument", position)
    row = file.content.instrument[position]
    listed = exchange.instruments.get(row.symbol)
    if listed is None:
        known = ", ".join(exchange.instruments)
        raise file.error(
            (*where, "symbol"), f'symbol "{row.symbol}" is not in instruments.toml: {known}'
        )
    listed = _as_world_says(file, listed)
    terms = listed.terms
    if row.index_of is None:
        synthetic = _moving(file, where, row, terms)
    else:
        leader = _leader(file, where, row.index_of, terms, before)
        synthetic = _following(file, where, leader, terms)
    return WorldInstrument(
        listed,
        synthetic,
        read_maker(file, (*where, "maker"), row.maker, terms),
        read_noise(file, (*where, "noise"), row.noise, terms),
    )


def _moving(
    file: ConfigFile[WorldFile], where: Where, row: WorldInstrumentRow, terms: Instrument
) -> SyntheticInstrument:
    """An index that moves by itself, from the starting price."""
    if row.start_price is None:
        raise file.error(where, f"start_price of {terms.symbol} is missing, or its index_of")
    price = file.decimal((*where, "start_price"), row.start_price, terms.price_decimals)
    if price <= 0:
        raise file.error((*where, "start_price"), "start_price should be above 0")
    if row.volatility_scale < 0:
        raise file.error((*where, "volatility_scale"), "volatility_scale should be 0 or more")
    if abs(row.correlation) > RATE_ONE:
        raise file.error((*where, "correlation"), "correlation should be -1 to 1")
    return SyntheticInstrument(
        instrument_id=terms.instrument_id,
        start_price=price,
        volatility_scale=int(row.volatility_scale),
        correlation=int(row.correlation),
    )


def _leader(
    file: ConfigFile[WorldFile],
    where: Where,
    symbol: str,
    terms: Instrument,
    before: Mapping[str, WorldInstrument],
) -> WorldInstrument:
    """The instrument whose index this one has, too."""
    key: Where = (*where, "index_of")
    leader = before.get(symbol)
    if leader is None:
        known = ", ".join(before) or "none"
        raise file.error(
            key, f'index_of "{symbol}" should be an instrument that stands before it here: {known}'
        )
    if leader.synthetic.follows is not None:
        raise file.error(
            key, f'index_of "{symbol}" has an index_of itself: name the instrument that it follows'
        )
    if leader.listed.terms.base != terms.base:
        raise file.error(
            key,
            f'index_of "{symbol}" is a price of {leader.listed.terms.base}, not of {terms.base}',
        )
    return leader


def _following(
    file: ConfigFile[WorldFile], where: Where, leader: WorldInstrument, terms: Instrument
) -> SyntheticInstrument:
    """An index that is another's, in the price units of this instrument."""
    symbol = leader.listed.terms.symbol
    for name in ("start_price", "volatility_scale", "correlation"):
        if file.has((*where, name)):
            raise file.error((*where, name), f"{name} is that of {symbol}, as index_of says")
    price, decimals = leader.synthetic.start_price, leader.listed.terms.price_decimals
    scaled, rest = divmod(price * 10**terms.price_decimals, 10**decimals)
    if rest:
        raise file.error(
            (*where, "index_of"),
            f'index_of "{symbol}": its start_price {format_decimal(price, decimals)} has more '
            f"than the {terms.price_decimals} decimals of {terms.symbol}",
        )
    return SyntheticInstrument(
        instrument_id=terms.instrument_id,
        start_price=scaled,
        follows=leader.listed.terms.instrument_id,
    )
