"""A replay: recorded bars move the index, makers quote around it, scripted traders live in it.

Same files, same traders: same journal, same hashes. The world runs as fast as the machine can,
or at a speed; it is kept like any other and can be verified, rebuilt and read with SQL.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from simulator.config.exchange import ExchangeConfig
from simulator.core.model.commands import AnyCommand
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import RATE_ONE, round_down_to, round_up_to
from simulator.market.bots.agents import FollowedFeed, ReplayAgent
from simulator.market.bots.market_maker import MakerConfig, MarketMaker
from simulator.market.feeds.klines import KlineFile, read_klines
from simulator.market.feeds.paths import replay_commands
from simulator.runtime.ports import Agent
from simulator.scenarios.cast import account_at, open_cast_member
from simulator.scenarios.scripted_trader import ScriptedTrader, TraderSpec

_SYMBOL: Final = re.compile(r"^([A-Z0-9]+)[-_.]", re.ASCII)
_MAKER_DEPOSIT: Final = 1_000_000_000
"""Of each instrument's maker, in whole units of the valuation asset."""
_LEVEL_NOTIONAL: Final = 250_000
_LEVELS: Final = 8


class ReplayError(ValueError):
    """Files that cannot be replayed together; the message says what would be right."""


class ReplayPlan(msgspec.Struct, frozen=True):
    """What is replayed, on which instruments, with whom."""

    files: dict[int, list[KlineFile]]
    instruments: dict[str, Instrument]
    traders: list[TraderSpec]
    begin_ns: int
    end_ns: int


def read_files(
    paths: Sequence[str], exchange: ExchangeConfig
) -> tuple[dict[int, list[KlineFile]], dict[str, Instrument]]:
    """Reads klines files; each is `PATH` with the symbol in its name, or `SYMBOL=PATH`.

    `BTCUSDT-1m-2021-05.csv.gz` is for BTCUSDT-PERP. Several files of one instrument follow each
    other in time.

    Raises:
        ReplayError: no instrument for a file, or no such file.
        FeedError: a file cannot be read; with file and line.
    """
    files: dict[int, list[KlineFile]] = {}
    instruments: dict[str, Instrument] = {}
    for text in paths:
        symbol, path = _symbol_and_path(text)
        listed = exchange.instruments.get(symbol)
        if listed is None:
            known = ", ".join(exchange.instruments)
            raise ReplayError(f"{path}: {symbol} is no instrument; say SYMBOL=FILE with {known}")
        if not path.is_file():
            raise ReplayError(f"{path}: there is no such file")
        terms = listed.terms
        instruments[symbol] = terms
        read = read_klines(path, terms.price_decimals)
        files.setdefault(terms.instrument_id, []).append(read)
    for read_list in files.values():
        read_list.sort(key=lambda each: each.report.first_open_time_ns)
    return files, instruments


def _symbol_and_path(text: str) -> tuple[str, Path]:
    if "=" in text:
        symbol, _, path = text.partition("=")
        return symbol, Path(path)
    path_only = Path(text)
    match = _SYMBOL.match(path_only.name)
    if match is None:
        raise ReplayError(f"{text}: its name does not begin with a symbol; say SYMBOL={text}")
    return f"{match[1]}-PERP", path_only


def plan_replay(
    files: Mapping[int, Sequence[KlineFile]],
    instruments: Mapping[str, Instrument],
    traders: Sequence[TraderSpec],
) -> ReplayPlan:
    """Puts a replay together; its times are those of the bars."""
    everything = [each for read in files.values() for each in read]
    return ReplayPlan(
        {key: list(read) for key, read in files.items()},
        dict(instruments),
        list(traders),
        min(each.report.first_open_time_ns for each in everything),
        max(each.report.last_open_time_ns + each.step_ns for each in everything),
    )


def genesis(plan: ReplayPlan, exchange: ExchangeConfig) -> list[AnyCommand]:
    """Instruments, the insurance fund, a maker per instrument, then the traders."""
    minor = 10 ** exchange.assets[0].decimals
    commands = exchange.genesis(plan.instruments, 1_000_000 * minor)
    place = 0
    for terms in plan.instruments.values():
        deposit = _MAKER_DEPOSIT * minor
        commands += open_cast_member(place, deposit, [terms.instrument_id], True)
        place += 1
    for spec in plan.traders:
        commands += open_cast_member(place, spec.deposit, [], False)
        place += 1
    return commands


def trader_accounts(plan: ReplayPlan) -> dict[str, int]:
    """Account ids of the traders by name."""
    makers = len(plan.instruments)
    return {spec.name: account_at(makers + place) for place, spec in enumerate(plan.traders)}


def agents(plan: ReplayPlan, exchange: ExchangeConfig) -> list[Agent]:
    """The feed with its makers, and the traders, who act at the replay's first moment."""
    minor = 10 ** exchange.assets[0].decimals
    makers = [
        MarketMaker(account_at(place), terms, maker_config(plan, terms, minor))
        for place, terms in enumerate(plan.instruments.values())
    ]
    found: list[Agent] = [FollowedFeed(ReplayAgent(replay_commands(plan.files)), makers)]
    accounts = trader_accounts(plan)
    found += [ScriptedTrader(spec, accounts[spec.name], plan.begin_ns + 1) for spec in plan.traders]
    return found


def maker_config(plan: ReplayPlan, terms: Instrument, minor: int) -> MakerConfig:
    """A maker for an instrument of any price: levels of equal notional around its first price."""
    first_price = plan.files[terms.instrument_id][0].bars[0].open
    level = _LEVEL_NOTIONAL * minor // terms.notional(1, first_price)
    level = min(max(terms.lot_size, round_down_to(level, terms.lot_size)), terms.max_quantity)
    return MakerConfig(
        level_quantity=level,
        max_inventory=round_up_to(level * _LEVELS * 50, terms.lot_size),
        replenish_per_second=level,
        levels=_LEVELS,
        spread_rate=6 * RATE_ONE // 10_000,
        level_spacing_rate=8 * RATE_ONE // 10_000,
        skew_rate=2 * RATE_ONE // 10_000,
        requote_fraction=RATE_ONE // 2,
    )


def describe(plan: ReplayPlan) -> str:
    """What is replayed with whom, for the list of worlds."""
    names = [each.path.name for read in plan.files.values() for each in read]
    traders = [
        f"{spec.name} {spec.side.name} {spec.terms.symbol} {spec.leverage}x {spec.margin_mode.name}"
        for spec in plan.traders
    ]
    return "; ".join(names + traders)
