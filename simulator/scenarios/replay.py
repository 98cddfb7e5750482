"""A replay: recorded bars move the index, makers quote around it, scripted traders live in it.

Same files, same traders: same journal, same hashes. The world runs as fast as the machine can,
or at a speed; it is kept like any other and can be verified, rebuilt and read with SQL.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from simulator.config.exchange import ExchangeConfig
from simulator.config.instruments import ListedInstrument
from simulator.core.model.commands import AnyCommand
from simulator.core.model.enums import MarkMethod
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import (
    AMOUNT_LIMIT,
    NS_PER_HOUR,
    RATE_ONE,
    round_down_to,
    round_up_to,
)
from simulator.decimal_text import format_rate
from simulator.market.bots.agents import FollowedFeed, ReplayAgent
from simulator.market.bots.market_maker import MakerConfig, MarketMaker
from simulator.market.feeds.funding_rates import (
    RecordedFunding,
    RecordedRate,
    read_funding_rates,
)
from simulator.market.feeds.klines import KlineFile, read_klines
from simulator.market.feeds.paths import replay_commands
from simulator.runtime.ports import Agent
from simulator.scenarios.cast import account_at, open_cast_member, open_member
from simulator.scenarios.population import (
    Crowd,
    Member,
    Population,
    draw_members,
    opening_commands,
)
from simulator.scenarios.scripted_trader import ScriptedTrader, TraderSpec

_SYMBOL: Final = re.compile(r"^([A-Z0-9]+)[-_.]", re.ASCII)
_MAKER_DEPOSIT: Final = 1_000_000_000
"""Of each instrument's maker, in whole units of the valuation asset."""
_MAKER_INVENTORY: Final = 100_000_000
"""The notional that its quotes never lead beyond."""
_FUNDING_INTERVAL_NS: Final = 8 * NS_PER_HOUR
MOST_MEMBERS: Final = 100_000
_LEVELS: Final = 8
_HIGHEST_SPOT_LEVERAGE: Final = 10
"""That a member may draw; it takes what its wallet offers (BOR-5)."""


class ReplayError(ValueError):
    """Files that cannot be replayed together; the message says what would be right."""


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay may have besides its bars. Amounts are whole units of the valuation asset."""

    funding: tuple[str, ...] = ()
    """Files of recorded funding rates, named like files of bars."""
    mark_method: MarkMethod | None = None
    """None: each instrument's own."""
    population: int = 0
    """So many leveraged accounts beside the traders (`population`)."""
    seed: int = 1
    """Of the population."""
    spot_share: int = 0
    """How many of the population trade on spot margin, as a rate in 1e-12. With any, each perpetual
    that is replayed has its spot instrument beside it, at the prices of the same bars."""
    fund: int = 1_000_000
    """What the insurance fund begins with."""
    depth: int = 250_000
    """The notional of each of a maker's levels."""

    def check(self) -> None:
        """Raises ReplayError for a number that cannot be."""
        for name, least in (("population", 0), ("fund", 0), ("depth", 1)):
            if getattr(self, name) < least:
                raise ReplayError(f"{name} is {getattr(self, name)}; {least} or more is right")
        if self.population > MOST_MEMBERS:
            raise ReplayError(f"population is {self.population}; {MOST_MEMBERS} at most is right")
        if not 0 <= self.spot_share <= RATE_ONE:
            raise ReplayError(f"spot share is {format_rate(self.spot_share)}; 0 to 1 is right")


DEFAULT_OPTIONS: Final = ReplayOptions()


class ReplayPlan(msgspec.Struct, frozen=True):
    """What is replayed, on which instruments, with whom."""

    files: dict[int, list[KlineFile]]
    listed: dict[str, ListedInstrument]
    traders: list[TraderSpec]
    begin_ns: int
    end_ns: int
    options: ReplayOptions
    funding: dict[int, tuple[RecordedRate, ...]]
    members: list[Member]

    @property
    def instruments(self) -> dict[str, Instrument]:
        return {symbol: each.terms for symbol, each in self.listed.items()}


def read_files(
    paths: Sequence[str], exchange: ExchangeConfig, with_spot: bool = False
) -> tuple[dict[int, list[KlineFile]], dict[str, ListedInstrument]]:
    """Reads klines files; each is `PATH` with the symbol in its name, or `SYMBOL=PATH`.

    `BTCUSDT-1m-2021-05.csv.gz` is for BTCUSDT-PERP, `BTCUSDT=...` for the spot instrument. Several
    files of one instrument follow each other in time. `with_spot`: the file of a perpetual is also
    that of the spot instrument of its asset, if that has none of its own.

    Raises:
        ReplayError: no instrument for a file, or no such file.
        FeedError: a file cannot be read; with file and line.
    """
    files: dict[int, list[KlineFile]] = {}
    instruments: dict[str, ListedInstrument] = {}
    named = [_symbol_and_path(text) for text in paths]
    if with_spot:
        named += _spot_beside(named, exchange)
    for symbol, path in named:
        listed = exchange.instruments.get(symbol)
        if listed is None:
            known = ", ".join(exchange.instruments)
            raise ReplayError(f"{path}: {symbol} is no instrument; say SYMBOL=FILE with {known}")
        if not path.is_file():
            raise ReplayError(f"{path}: there is no such file")
        terms = listed.terms
        instruments[symbol] = listed
        read = read_klines(path, terms.price_decimals)
        files.setdefault(terms.instrument_id, []).append(read)
    for read_list in files.values():
        read_list.sort(key=lambda each: each.report.first_open_time_ns)
    return files, instruments


def _spot_beside(
    named: Sequence[tuple[str, Path]], exchange: ExchangeConfig
) -> list[tuple[str, Path]]:
    """The files of perpetuals once more, for the spot instruments that have none of their own."""
    given = {symbol for symbol, _ in named}
    found: list[tuple[str, Path]] = []
    for symbol, path in named:
        spot = symbol.removesuffix("-PERP")
        if spot not in given and spot in exchange.instruments:
            found.append((spot, path))
    return found


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
    listed: Mapping[str, ListedInstrument],
    traders: Sequence[TraderSpec],
    options: ReplayOptions = DEFAULT_OPTIONS,
    minor: int = 10**8,
) -> ReplayPlan:
    """Puts a replay together; its times are those of the bars.

    `minor` is what one unit of the valuation asset has.

    Raises:
        ReplayError: an option cannot be.
        FeedError: a file of funding rates cannot be read.
    """
    options.check()
    everything = [each for read in files.values() for each in read]
    begin_ns = min(each.report.first_open_time_ns for each in everything)
    end_ns = max(each.report.last_open_time_ns + each.step_ns for each in everything)
    funding = _read_funding(options.funding, listed)
    chosen = {symbol: _with_options(each, options, funding) for symbol, each in listed.items()}
    first_place = len(chosen) + len(traders)
    return ReplayPlan(
        {key: list(read) for key, read in files.items()},
        chosen,
        list(traders),
        begin_ns,
        end_ns,
        options,
        funding,
        _draw_crowd(options, chosen.values(), (begin_ns, end_ns), (minor, first_place)),
    )


def _draw_crowd(
    options: ReplayOptions,
    chosen: Collection[ListedInstrument],
    window: tuple[int, int],
    scale: tuple[int, int],
) -> list[Member]:
    """Who enters in the first two thirds of a window of world time.

    `scale`: minor units of the valuation asset, and the place of the first account.
    """
    begin_ns, end_ns = window
    enter_until_ns = begin_ns + (end_ns - begin_ns) * 2 // 3
    crowd = Crowd(options.population, options.seed, begin_ns, enter_until_ns, options.spot_share)
    perpetuals = [(each.terms, each.tiers[0][3]) for each in chosen if each.tiers]
    spot = [(each.terms, _HIGHEST_SPOT_LEVERAGE) for each in chosen if not each.tiers]
    for found, share, kind in (
        (perpetuals, RATE_ONE - options.spot_share, "perpetual"),
        (spot, options.spot_share, "spot instrument"),
    ):
        if options.population and share and not found:
            raise ReplayError(f"this population trades a {kind} too; none is replayed")
    return draw_members(crowd, perpetuals, scale[0], scale[1], spot)


def _read_funding(
    paths: Sequence[str], listed: Mapping[str, ListedInstrument]
) -> dict[int, tuple[RecordedRate, ...]]:
    """Recorded rates by instrument, on the interval of its own or of eight hours."""
    found: dict[int, tuple[RecordedRate, ...]] = {}
    for text in paths:
        symbol, path = _symbol_and_path(text)
        if symbol not in listed:
            raise ReplayError(f"{path}: {symbol} is not replayed here, but {', '.join(listed)} is")
        if not listed[symbol].tiers:
            raise ReplayError(f"{path}: {symbol} is a spot instrument, which pays no funding")
        terms = listed[symbol].terms
        interval_ns = terms.funding_interval_ns or _FUNDING_INTERVAL_NS
        found[terms.instrument_id] = read_funding_rates(path, interval_ns)
    return found


def _with_options(
    listed: ListedInstrument,
    options: ReplayOptions,
    funding: Mapping[int, Sequence[RecordedRate]],
) -> ListedInstrument:
    """The instrument with the mark method that was asked for, and with funding if it has rates.

    A spot instrument has neither.
    """
    terms = listed.terms
    if terms.base_asset_id is not None:
        return listed
    interval_ns = terms.funding_interval_ns
    if terms.instrument_id in funding:
        interval_ns = interval_ns or _FUNDING_INTERVAL_NS
    elif options.funding:
        interval_ns = None
    method = options.mark_method or terms.mark_method
    terms = msgspec.structs.replace(terms, mark_method=method, funding_interval_ns=interval_ns)
    return listed._replace(terms=terms)


def genesis(plan: ReplayPlan, exchange: ExchangeConfig) -> list[AnyCommand]:
    """Instruments, the insurance fund, a maker per instrument, then the traders."""
    minor = 10 ** exchange.assets[0].decimals
    chosen = exchange._replace(instruments=plan.listed)
    commands = chosen.genesis(plan.listed, plan.options.fund * minor)
    place = 0
    for terms in plan.instruments.values():
        deposit = _MAKER_DEPOSIT * minor
        stock = maker_config(plan, terms, minor).max_inventory
        commands += open_member(place, deposit, terms, stock, True)
        place += 1
    for spec in plan.traders:
        commands += open_cast_member(place, spec.deposit, [], False)
        place += 1
    return commands + opening_commands(plan.members, place)


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
    if plan.funding:
        found.append(_recorded_funding(plan))
    if plan.members:
        found.append(Population(plan.members, plan.begin_ns))
    return found


def _recorded_funding(plan: ReplayPlan) -> RecordedFunding:
    intervals = {
        terms.instrument_id: terms.funding_interval_ns or _FUNDING_INTERVAL_NS
        for terms in plan.instruments.values()
    }
    return RecordedFunding(plan.funding, intervals, plan.begin_ns)


def maker_config(plan: ReplayPlan, terms: Instrument, minor: int) -> MakerConfig:
    """A maker for an instrument of any price: levels of equal notional around its first price."""
    first_price = plan.files[terms.instrument_id][0].bars[0].open
    level = plan.options.depth * minor // terms.notional(1, first_price)
    level = min(max(terms.lot_size, round_down_to(level, terms.lot_size)), terms.max_quantity)
    inventory = _MAKER_INVENTORY * minor // terms.notional(1, first_price)
    if terms.base_asset_id is not None:
        inventory = min(inventory, AMOUNT_LIMIT // 4 // terms.base_multiplier)
    return MakerConfig(
        level_quantity=level,
        max_inventory=max(level, round_up_to(inventory, terms.lot_size)),
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
    options = plan.options
    if options.population:
        crowd = f"a crowd of {options.population} drawn from seed {options.seed}"
        if options.spot_share:
            crowd += f", {format_rate(options.spot_share)} of it on spot margin"
        traders.append(crowd)
    return "; ".join(names + traders)
