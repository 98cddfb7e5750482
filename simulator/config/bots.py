"""The sections of a world that surround its exchange: market makers, noise traders, regimes.

Quantities are written as a trader sees them, rates as fractions, times as durations; they become
what `market` counts in. What a section leaves out has the default of its struct there.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from simulator.config.file import ConfigError, ConfigFile, DecimalText, Duration, Rate, Row
from simulator.config.toml_lines import Where
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import AMOUNT_LIMIT, RATE_ONE
from simulator.decimal_text import format_decimal
from simulator.market.bots.market_maker import MakerConfig
from simulator.market.bots.noise import NoiseConfig
from simulator.market.feeds.regimes import RegimeConfig, SyntheticConfig

_PROBLEM: Final = re.compile(r"^(\w+?)(?:_rate|_ns)? is [^:]+: (.*)$")
"""How `market` words a value that cannot be: key, value in its own units, advice."""

AnyConfig = TypeVar("AnyConfig", MakerConfig, NoiseConfig, RegimeConfig, SyntheticConfig)
AnyFile = ConfigFile[Any]


class MakerRow(Row):
    level_quantity: DecimalText
    max_inventory: DecimalText
    replenish_per_second: DecimalText
    levels: int | None = None
    spread: Rate | None = None
    level_spacing: Rate | None = None
    skew: Rate | None = None
    requote_fraction: Rate | None = None
    interval: Duration | None = None


class NoiseRow(Row):
    max_quantity: DecimalText
    max_inventory: DecimalText
    mean_interval: Duration | None = None
    market_share: Rate | None = None
    limit_offset: Rate | None = None
    order_lifetime: Duration | None = None


class RegimeRow(Row):
    annual_volatility: Rate
    mean_dwell: Duration
    hourly_drift: Rate = Rate(0)
    jump: Rate = Rate(0)
    jump_interval: Duration | None = None


class SyntheticRow(Row):
    interval: Duration
    calm: RegimeRow
    trend: RegimeRow
    shock: RegimeRow


def read_maker(file: AnyFile, where: Where, row: MakerRow, terms: Instrument) -> MakerConfig:
    """Raises ConfigError if the instrument does not allow such quotes."""
    level = _quantity(file, (*where, "level_quantity"), row.level_quantity, terms)
    if not 0 < level <= terms.max_quantity or level % terms.lot_size:
        raise file.error(
            (*where, "level_quantity"),
            f'level_quantity "{row.level_quantity}" should be a multiple of the lot of '
            f"{terms.symbol}, {_shown(terms.lot_size, terms)}, and at most "
            f"{_shown(terms.max_quantity, terms)}",
        )
    given = {
        "level_quantity": level,
        "max_inventory": _quantity(file, (*where, "max_inventory"), row.max_inventory, terms),
        "replenish_per_second": _quantity(
            file, (*where, "replenish_per_second"), row.replenish_per_second, terms
        ),
        "levels": row.levels,
        "spread_rate": row.spread,
        "level_spacing_rate": row.level_spacing,
        "skew_rate": row.skew,
        "requote_fraction": row.requote_fraction,
        "interval_ns": row.interval,
    }
    return _built(MakerConfig, file, where, given)


def read_noise(file: AnyFile, where: Where, row: NoiseRow, terms: Instrument) -> NoiseConfig:
    """Raises ConfigError if the instrument does not allow such orders."""
    largest = _quantity(file, (*where, "max_quantity"), row.max_quantity, terms)
    allowed = min(terms.max_quantity, terms.max_market_quantity)
    if not terms.min_quantity <= largest <= allowed:
        raise file.error(
            (*where, "max_quantity"),
            f'max_quantity "{row.max_quantity}" should be {_shown(terms.min_quantity, terms)} to '
            f"{_shown(allowed, terms)}, what {terms.symbol} allows",
        )
    given = {
        "max_quantity": largest,
        "max_inventory": _quantity(file, (*where, "max_inventory"), row.max_inventory, terms),
        "mean_interval_ns": row.mean_interval,
        "market_share_rate": row.market_share,
        "limit_offset_rate": row.limit_offset,
        "order_lifetime_ns": row.order_lifetime,
    }
    return _built(NoiseConfig, file, where, given)


def read_synthetic(file: AnyFile, where: Where, row: SyntheticRow) -> SyntheticConfig:
    """Raises ConfigError for a regime that cannot be."""
    return SyntheticConfig(
        interval_ns=int(row.interval),
        calm=_regime(file, (*where, "calm"), row.calm),
        trend=_regime(file, (*where, "trend"), row.trend),
        shock=_regime(file, (*where, "shock"), row.shock),
    )


def _regime(file: AnyFile, where: Where, row: RegimeRow) -> RegimeConfig:
    given = {
        "annual_volatility_rate": row.annual_volatility,
        "hourly_drift_rate": row.hourly_drift,
        "mean_dwell_ns": row.mean_dwell,
        "jump_rate": row.jump,
        "jump_interval_ns": row.jump_interval,
    }
    return _built(RegimeConfig, file, where, given)


def _built(
    kind: type[AnyConfig], file: AnyFile, where: Where, given: Mapping[str, int | None]
) -> AnyConfig:
    """The struct of what is given; what it refuses is an error at the key that it names."""
    values: dict[str, Any] = {key: int(each) for key, each in given.items() if each is not None}
    try:
        return kind(**values)
    except ValueError as error:
        raise _refused(file, where, str(error)) from error


def _refused(file: AnyFile, where: Where, problem: str) -> ConfigError:
    match = _PROBLEM.match(problem)
    if match is None:
        return file.error(where, problem)
    return file.error((*where, match[1]), f"{match[1]}: {match[2].replace(str(RATE_ONE), '1')}")


def _quantity(file: AnyFile, where: Where, text: str, terms: Instrument) -> int:
    quantity = file.decimal(where, text, terms.quantity_decimals)
    if not 0 <= quantity * max(1, terms.base_multiplier) < AMOUNT_LIMIT:
        raise file.error(where, f"{where[-1]} should be 0 or more, below 2^62 units")
    return quantity


def _shown(quantity: int, terms: Instrument) -> str:
    return format_decimal(quantity, terms.quantity_decimals)
