"""`worlds/*.toml`: one world each, with its instruments, feed, bots, and money to begin with.

Feed and bots are checked against the instrument they are for, so that a maker that cannot quote is
found here, with file and line.
"""

import re
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
from simulator.core.model.enums import MarkMethod
from simulator.core.model.units import AMOUNT_LIMIT, RATE_ONE
from simulator.decimal_text import RATE_DECIMALS
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
    start_price: DecimalText
    maker: MakerRow
    noise: NoiseRow
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
    """Of all its instruments; left out: as instruments.toml says (MARK-2)."""
    funding_interval: str | None = None
    """Of all its instruments; left out: as instruments.toml says (FND-2)."""


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
        instruments[row.symbol] = _load_instrument(file, position, row, exchange)
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
    """The terms, with what the world's file says of all its instruments."""
    terms, content = listed.terms, file.content
    if content.mark_method is not None:
        method = MarkMethod[content.mark_method.upper()]
        terms = msgspec.structs.replace(terms, mark_method=method)
    if content.funding_interval is not None:
        interval = read_funding_interval(file, ("funding_interval",), content.funding_interval)
        terms = msgspec.structs.replace(terms, funding_interval_ns=interval)
    return ListedInstrument(terms, listed.tiers)


def _load_instrument(
    file: ConfigFile[WorldFile], position: int, row: WorldInstrumentRow, exchange: ExchangeConfig
) -> WorldInstrument:
    where: Where = ("instrument", position)
    listed = exchange.instruments.get(row.symbol)
    if listed is None:
        known = ", ".join(exchange.instruments)
        raise file.error(
            (*where, "symbol"), f'symbol "{row.symbol}" is not in instruments.toml: {known}'
        )
    listed = _as_world_says(file, listed)
    terms = listed.terms
    price = file.decimal((*where, "start_price"), row.start_price, terms.price_decimals)
    if price <= 0:
        raise file.error((*where, "start_price"), "start_price should be above 0")
    if row.volatility_scale < 0:
        raise file.error((*where, "volatility_scale"), "volatility_scale should be 0 or more")
    if abs(row.correlation) > RATE_ONE:
        raise file.error((*where, "correlation"), "correlation should be -1 to 1")
    synthetic = SyntheticInstrument(
        instrument_id=terms.instrument_id,
        start_price=price,
        volatility_scale=int(row.volatility_scale),
        correlation=int(row.correlation),
    )
    return WorldInstrument(
        listed,
        synthetic,
        read_maker(file, (*where, "maker"), row.maker, terms),
        read_noise(file, (*where, "noise"), row.noise, terms),
    )
