"""The exchange's configuration, read into what every world starts from.

`load_exchange` reads `exchange.toml`, `assets.toml`, `instruments.toml` and the tables of tiers
that the instruments name. Everything is checked here, before a world exists, because a mistake
found by the core has no file and no line. The worlds themselves are read by `world`.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from simulator.config.file import ConfigFile, DecimalText, Duration, Rate, Row
from simulator.config.instruments import ListedInstrument, load_instruments
from simulator.config.toml_lines import Where
from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.commands import (
    AnyCommand,
    ConfigureWorld,
    DefineAsset,
    Deposit,
    FundLendingPool,
    ListInstrument,
)
from simulator.core.model.instruments import VALUATION_ASSET, Asset, WorldParameters
from simulator.core.model.margin_levels import LevelRows, are_sound_levels
from simulator.core.model.units import AMOUNT_LIMIT, NS_PER_SECOND, RATE_ONE
from simulator.runtime.world import Limits

MAX_ASSET_DECIMALS: Final = 10
MAX_PUBLIC_INTERVAL_NS: Final = 10 * NS_PER_SECOND
NS_PER_MS: Final = NS_PER_SECOND // 1000
_CODE: Final = re.compile(r"[A-Z0-9]{1,16}", re.ASCII)


class ApiRate(NamedTuple):
    """How many per second one caller may do, and how many at once."""

    per_second: int
    burst: int


class ApiConfig(NamedTuple):
    """How much the door lets in, and how it tells its news."""

    orders: ApiRate
    """Placing, amending and canceling, per user."""
    requests: ApiRate
    """All over REST, the others over websocket; per user, or per host without a token."""
    guests: ApiRate
    """Guests who join, per host."""
    public_interval_ms: int
    """Public news of the websocket is collected for so long; 0: it leaves at once."""
    max_body_bytes: int
    """Of a request's body, and of a websocket frame from a client."""
    timeout_ms: int
    """In which a request must have come whole and its answer be ready."""
    permessage_deflate: bool = False
    """Whether the websocket compresses frames for clients that can."""


class ExchangeConfig(NamedTuple):
    """What every world of this exchange starts from, and the door to all of them."""

    parameters: WorldParameters
    limits: Limits
    api: ApiConfig
    assets: tuple[Asset, ...]
    instruments: dict[str, ListedInstrument]
    """By symbol, in the order of the file."""
    pools: tuple[tuple[int, int], ...] = ()
    """What may be lent of each asset (BOR-2)."""

    def genesis(self, symbols: Iterable[str], fund_deposit: int) -> list[AnyCommand]:
        """The commands that a world begins with; `fund_deposit` goes to the insurance fund.

        It has the assets that its instruments trade; where one is a spot instrument, they are lent.
        """
        chosen = [self.instruments[symbol] for symbol in symbols]
        traded = {each.terms.base_asset_id for each in chosen} - {None}
        held = {VALUATION_ASSET} | traded
        commands: list[AnyCommand] = [
            DefineAsset(asset) for asset in self.assets if asset.asset_id in held
        ]
        commands.append(ConfigureWorld(self.parameters))
        commands += [
            FundLendingPool(asset_id, amount)
            for asset_id, amount in self.pools
            if traded and asset_id in held
        ]
        commands += [ListInstrument(listed.terms, listed.tiers) for listed in chosen]
        if fund_deposit:
            commands.append(Deposit(INSURANCE_FUND, VALUATION_ASSET, fund_deposit))
        return commands


def load_exchange(directory: Path) -> ExchangeConfig:
    """Reads the exchange's own files of a configuration directory.

    Raises:
        ConfigError: with file, line, what is wrong and what would be right.
    """
    asset_file = ConfigFile(directory / "assets.toml", AssetsFile)
    assets = _load_assets(asset_file)
    valuation = assets[0]
    file = ConfigFile(directory / "exchange.toml", ExchangeFile)
    parameters = _load_parameters(file, valuation.decimals)
    return ExchangeConfig(
        parameters,
        _load_limits(file),
        _load_api(file),
        assets,
        load_instruments(directory, assets, parameters),
        _load_pools(asset_file),
    )


# -- exchange.toml -------------------------------------------------------------------------------


class LevelRow(Row):
    leverage: int
    call: Rate
    liquidation: Rate


class WorldRow(Row):
    call_ratio: Rate
    clear_ratio: Rate
    call_repeat: Duration
    page_size: int
    fund_unload_interval: Duration
    fund_unload_notional: DecimalText
    client_order_window: Duration
    client_order_minimum: int
    deposit_limit: DecimalText
    transfer_level: Rate
    cross_levels: list[LevelRow]
    isolated_levels: list[LevelRow]
    fund_notional_cap: DecimalText | None = None


class RuntimeRow(Row):
    most_commands: int
    slice: Duration
    batches_in_flight: int
    most_waiting: int
    snapshot_every: int
    idle_pause: Duration | None = None


class RateRow(Row):
    per_second: int
    burst: int


class ApiRow(Row):
    orders: RateRow
    requests: RateRow
    guests: RateRow
    max_body_bytes: int
    timeout: Duration
    public_interval: Duration | None = None
    permessage_deflate: bool = False


class ExchangeFile(Row):
    world: WorldRow
    runtime: RuntimeRow
    api: ApiRow


def _load_parameters(file: ConfigFile[ExchangeFile], decimals: int) -> WorldParameters:
    row = file.content.world
    if not 0 < row.call_ratio <= RATE_ONE:
        raise file.error(("world", "call_ratio"), "call_ratio should be above 0 and at most 1")
    if row.clear_ratio < RATE_ONE:
        raise file.error(("world", "clear_ratio"), "clear_ratio should be 1 or more")
    if row.transfer_level < RATE_ONE:
        raise file.error(("world", "transfer_level"), "transfer_level should be 1 or more")
    _expect_positive(file, ("world",), row, ("page_size", "client_order_minimum"))
    cap = None
    if row.fund_notional_cap is not None:
        cap = _amount(file, "fund_notional_cap", row.fund_notional_cap, decimals)
    notional, deposit_limit = (
        _amount(file, name, text, decimals)
        for name, text in (
            ("fund_unload_notional", row.fund_unload_notional),
            ("deposit_limit", row.deposit_limit),
        )
    )
    return WorldParameters(
        call_ratio=int(row.call_ratio),
        clear_ratio=int(row.clear_ratio),
        call_repeat_ns=int(row.call_repeat),
        page_size=row.page_size,
        fund_unload_interval_ns=int(row.fund_unload_interval),
        fund_unload_notional=notional,
        client_order_window_ns=int(row.client_order_window),
        client_order_minimum=row.client_order_minimum,
        deposit_limit=deposit_limit,
        fund_notional_cap=cap,
        cross_levels=_levels(file, "cross_levels", row.cross_levels),
        isolated_levels=_levels(file, "isolated_levels", row.isolated_levels),
        transfer_level=int(row.transfer_level),
    )


def _levels(file: ConfigFile[ExchangeFile], name: str, rows: list[LevelRow]) -> LevelRows:
    """BOR-5: the products of spot margin and their levels."""
    levels: LevelRows = ()
    for position, row in enumerate(rows):
        levels = (*levels, (row.leverage, int(row.call), int(row.liquidation)))
        if not are_sound_levels(levels):
            raise file.error(
                ("world", name, position),
                f"{name} should have leverages that rise from 2 on, each with levels of "
                "1 < liquidation < call < leverage / (leverage - 1)",
            )
    if not levels:
        raise file.error(("world", name), f"{name} should have at least one leverage")
    return levels


def _amount(file: ConfigFile[ExchangeFile], name: str, text: str, decimals: int) -> int:
    where: Where = ("world", name)
    amount = file.decimal(where, text, decimals)
    if not 0 < amount < AMOUNT_LIMIT:
        raise file.error(where, f"{name} should be above 0 and below 2^62 units")
    return amount


def _load_limits(file: ConfigFile[ExchangeFile]) -> Limits:
    row = file.content.runtime
    names = ("most_commands", "batches_in_flight", "most_waiting", "snapshot_every")
    _expect_positive(file, ("runtime",), row, names)
    return Limits(
        most_commands=row.most_commands,
        slice_ns=int(row.slice),
        batches_in_flight=row.batches_in_flight,
        most_waiting=row.most_waiting,
        snapshot_every=row.snapshot_every,
        idle_pause_ns=None if row.idle_pause is None else int(row.idle_pause),
    )


def _load_api(file: ConfigFile[ExchangeFile]) -> ApiConfig:
    row = file.content.api
    interval = row.public_interval or 0
    if interval > MAX_PUBLIC_INTERVAL_NS:
        raise file.error(("api", "public_interval"), "public_interval should be at most 10s")
    _expect_positive(file, ("api",), row, ("max_body_bytes",))
    return ApiConfig(
        orders=_load_rate(file, "orders", row.orders),
        requests=_load_rate(file, "requests", row.requests),
        guests=_load_rate(file, "guests", row.guests),
        public_interval_ms=interval // NS_PER_MS,
        max_body_bytes=row.max_body_bytes,
        timeout_ms=row.timeout // NS_PER_MS,
        permessage_deflate=row.permessage_deflate,
    )


def _load_rate(file: ConfigFile[ExchangeFile], name: str, row: RateRow) -> ApiRate:
    _expect_positive(file, ("api", name), row, ("per_second", "burst"))
    return ApiRate(row.per_second, row.burst)


def _expect_positive(
    file: ConfigFile[ExchangeFile], table: Where, row: Row, names: Iterable[str]
) -> None:
    for name in names:
        if getattr(row, name) < 1:
            raise file.error((*table, name), f"{name} {getattr(row, name)} should be 1 or more")


# -- assets.toml ---------------------------------------------------------------------------------


class AssetRow(Row):
    id: int
    code: str
    decimals: int
    haircut: Rate = Rate(0)
    borrow_rate: Rate = Rate(0)
    """Per day (BOR-3)."""
    borrow_cap: DecimalText | None = None
    lending_pool: DecimalText = DecimalText("0")


class AssetsFile(Row):
    valuation: str
    asset: list[AssetRow]


def _load_assets(file: ConfigFile[AssetsFile]) -> tuple[Asset, ...]:
    """The assets, the valuation asset first."""
    assets: dict[int, Asset] = {}
    for position, row in enumerate(file.content.asset):
        where: Where = ("asset", position)
        if row.id < 1 or row.id in assets:
            raise file.error((*where, "id"), f"id {row.id} should be positive and not yet taken")
        if _CODE.fullmatch(row.code) is None:
            raise file.error((*where, "code"), f'code "{row.code}" should be like "USDT"')
        if not 0 <= row.decimals <= MAX_ASSET_DECIMALS:
            raise file.error(
                (*where, "decimals"), f"decimals {row.decimals} should be 0 to {MAX_ASSET_DECIMALS}"
            )
        for key, value in (("haircut", row.haircut), ("borrow_rate", row.borrow_rate)):
            if not 0 <= value < RATE_ONE:
                raise file.error((*where, key), f"{key} should be 0 or more, and below 1")
        if row.haircut and row.id == VALUATION_ASSET:
            raise file.error((*where, "haircut"), "the valuation asset has no haircut")
        cap = None
        if row.borrow_cap is not None:
            cap = file.decimal((*where, "borrow_cap"), row.borrow_cap, row.decimals)
        terms = (row.decimals, int(row.haircut), int(row.borrow_rate), cap)
        assets[row.id] = Asset(row.id, row.code, *terms)
    valuation = assets.get(VALUATION_ASSET)
    if valuation is None or valuation.code != file.content.valuation:
        raise file.error(
            ("valuation",),
            f'valuation "{file.content.valuation}" should be the code of the asset with '
            f"id {VALUATION_ASSET}",
        )
    return tuple(assets[key] for key in sorted(assets))


def _load_pools(file: ConfigFile[AssetsFile]) -> tuple[tuple[int, int], ...]:
    """What the lending pools begin with; an asset without a pool is not lent."""
    pools: list[tuple[int, int]] = []
    for position, row in enumerate(file.content.asset):
        where: Where = ("asset", position, "lending_pool")
        amount = file.decimal(where, row.lending_pool, row.decimals)
        if amount < 0:
            raise file.error(where, "lending_pool should be 0 or more")
        if amount:
            pools.append((row.id, amount))
    return tuple(pools)
