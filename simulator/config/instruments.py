"""`instruments.toml`: the contracts, their filters and fees (UNIT-1, ORD-2, MAT-3).

What a trader sees (a tick of "0.1") becomes what the core counts in. Each check says which key of
which instrument is wrong and what would be right.
"""

import re
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from simulator.config.file import ConfigFile, DecimalText, Rate, Row, parse_duration
from simulator.config.margin_tiers import load_margin_tiers
from simulator.config.risk_tiers import TierRow, load_risk_tiers
from simulator.config.toml_lines import Where
from simulator.core.model.enums import InstrumentKind, LiquidationPolicy, MarkMethod
from simulator.core.model.instruments import (
    FUNDING_RATE_HOURS,
    Asset,
    Instrument,
    WorldParameters,
)
from simulator.core.model.margin_levels import TierRows
from simulator.core.model.units import AMOUNT_LIMIT, NS_PER_HOUR, PREMIUM_SAMPLE_NS, RATE_ONE
from simulator.decimal_text import MAX_DIGITS, format_rate

MAX_INSTRUMENT_ID: Final = 100_000
LONGEST_FUNDING_INTERVAL_NS: Final = FUNDING_RATE_HOURS * NS_PER_HOUR
_CODE: Final = re.compile(r"[A-Z0-9]{1,16}", re.ASCII)
_FILE_NAME: Final = re.compile(r"[a-z0-9_]+", re.ASCII)


class ListedInstrument(NamedTuple):
    """An instrument's terms and its risk table, which a spot instrument has none of."""

    terms: Instrument
    tiers: tuple[TierRow, ...]


class InstrumentRow(Row):
    id: int
    symbol: str
    kind: Literal["perpetual", "spot"]
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: DecimalText
    lot_size: DecimalText
    min_quantity: DecimalText
    max_quantity: DecimalText
    max_market_quantity: DecimalText
    min_notional: DecimalText
    price_band: Rate
    max_open_orders: int
    max_trigger_orders: int
    maker_fee: Rate
    taker_fee: Rate
    liquidation_fee: Rate
    sell_assumption: Rate
    mark_method: Literal["index", "median"]
    index_staleness: str
    default_leverage: int
    risk_tiers: str | None = None
    """Of a perpetual; spot margin has levels (BOR-5)."""
    margin_tiers: str | None = None
    """Of a spot instrument's isolated wallets; left out: any debt has the leverage chosen."""
    index_blend: Rate = Rate(0)
    funding_interval: str = "never"
    funding_interest: Rate = Rate(RATE_ONE // 10_000)
    funding_clamp: Rate = Rate(5 * RATE_ONE // 10_000)
    funding_cap: Rate = Rate(2 * RATE_ONE // 100)
    impact_notional: DecimalText | None = None
    liquidation_policy: Literal["ladder", "full_close", "percent_steps", "takeover_only"] = "ladder"
    liquidation_step: Rate = Rate(20 * RATE_ONE // 100)
    liquidation_cooldown: str = "30s"


class InstrumentsFile(Row):
    instrument: list[InstrumentRow]


def load_instruments(
    directory: Path, assets: tuple[Asset, ...], parameters: WorldParameters
) -> dict[str, ListedInstrument]:
    """All instruments by symbol, in the order of the file.

    Raises:
        ConfigError: a value that cannot be, an id or symbol used twice, no instrument at all.
    """
    file = ConfigFile(directory / "instruments.toml", InstrumentsFile, inheriting="instrument")
    products = tuple(product for product, _, _ in parameters.isolated_levels)
    around = _Surroundings(directory, assets, products)
    instruments: dict[str, ListedInstrument] = {}
    ids: set[int] = set()
    for position, row in enumerate(file.content.instrument):
        reader = _InstrumentReader(file, position, row, around)
        reader.expect("symbol", row.symbol not in instruments, "is listed already")
        reader.expect("id", row.id not in ids, "is taken already; ids are never shared")
        tiers = reader.tiers()
        instruments[row.symbol] = ListedInstrument(reader.terms(), tiers)
        ids.add(row.id)
    if not instruments:
        raise file.error((), "there should be at least one [[instrument]]")
    return instruments


class _Surroundings(NamedTuple):
    """What the other files say that an instrument may name."""

    directory: Path
    assets: tuple[Asset, ...]
    products: tuple[int, ...]
    """Leverages of isolated spot margin (BOR-5)."""


class _InstrumentReader:
    """One `[[instrument]]` with its place in the file, for errors."""

    def __init__(
        self,
        file: ConfigFile[InstrumentsFile],
        position: int,
        row: InstrumentRow,
        around: _Surroundings,
    ) -> None:
        self.file = file
        self.position = position
        self.row = row
        self.around = around
        self.quote = around.assets[0]
        self.assets = {asset.code: asset for asset in around.assets}

    def terms(self) -> Instrument:
        """The terms in the core's integers."""
        row = self.row
        self._check_names()
        self._check_decimals()
        self._check_rates()
        self.expect("max_open_orders", row.max_open_orders >= 1, "should be 1 or more")
        self.expect("max_trigger_orders", row.max_trigger_orders >= 1, "should be 1 or more")
        tick = self._step("tick_size", row.tick_size, "price_decimals", row.price_decimals)
        lot = self._step("lot_size", row.lot_size, "quantity_decimals", row.quantity_decimals)
        smallest = self._quantity("min_quantity", row.min_quantity, lot)
        largest = self._quantity("max_quantity", row.max_quantity, lot)
        largest_market = self._quantity("max_market_quantity", row.max_market_quantity, lot)
        self.expect("max_quantity", smallest <= largest, "should be at least min_quantity")
        self.expect(
            "max_market_quantity",
            smallest <= largest_market <= largest,
            "should lie between min_quantity and max_quantity",
        )
        extra_decimals = self.quote.decimals - row.price_decimals - row.quantity_decimals
        return Instrument(
            instrument_id=row.id,
            symbol=row.symbol,
            kind=InstrumentKind[row.kind.upper()],
            base=row.base,
            quote_asset_id=self.quote.asset_id,
            price_decimals=row.price_decimals,
            quantity_decimals=row.quantity_decimals,
            notional_multiplier=10**extra_decimals,
            tick_size=tick,
            lot_size=lot,
            min_quantity=smallest,
            max_quantity=largest,
            max_market_quantity=largest_market,
            min_notional=self._amount("min_notional", row.min_notional),
            price_band_rate=int(row.price_band),
            max_open_orders=row.max_open_orders,
            max_trigger_orders=row.max_trigger_orders,
            maker_fee_rate=int(row.maker_fee),
            taker_fee_rate=int(row.taker_fee),
            liquidation_fee_rate=int(row.liquidation_fee),
            sell_assumption_rate=int(row.sell_assumption),
            mark_method=MarkMethod[row.mark_method.upper()],
            index_staleness_ns=self._staleness(),
            default_leverage=row.default_leverage,
            index_blend_rate=int(row.index_blend),
            funding_interval_ns=self._funding_interval(),
            funding_interest_rate=int(row.funding_interest),
            funding_clamp_rate=int(row.funding_clamp),
            funding_cap_rate=int(row.funding_cap),
            impact_notional=self._impact_notional(),
            liquidation_policy=LiquidationPolicy[row.liquidation_policy.upper()],
            liquidation_step_rate=int(row.liquidation_step),
            liquidation_cooldown_ns=self._cooldown(),
            **self._spot_terms(),
        )

    def _spot_terms(self) -> dict[str, Any]:
        """UNIT-4: what a spot instrument trades, and that its mark is its index."""
        row = self.row
        if row.kind != "spot":
            self.expect("margin_tiers", row.margin_tiers is None, "belongs to spot instruments")
            return {}
        base = self.assets.get(row.base)
        if base is None:
            where = ("instrument", self.position, "base")
            raise self.file.error(where, f"base {row.base} should be an asset of assets.toml")
        self.expect("mark_method", row.mark_method == "index", 'should be "index" for spot')
        self.expect("funding_interval", row.funding_interval == "never", "is for perpetuals")
        spare = base.decimals - row.quantity_decimals
        self.expect("quantity_decimals", spare >= 0, "should be at most those of the base asset")
        tiers: TierRows = ()
        if row.margin_tiers is not None:
            path = self._table("margin_tiers", row.margin_tiers)
            tiers = load_margin_tiers(path, base, self.quote)
        return {
            "base_asset_id": base.asset_id,
            "base_multiplier": 10**spare,
            "margin_tiers": tiers,
        }

    def tiers(self) -> tuple[TierRow, ...]:
        """The risk table that the instrument names."""
        name = self.row.risk_tiers
        if self.row.kind == "spot":
            self.expect("risk_tiers", name is None, "belongs to perpetuals; spot has margin_tiers")
            products = self.around.products
            holds = self.row.default_leverage in products
            self.expect("default_leverage", holds, f"should be one of {products}")
            return ()
        if name is None:
            where = ("instrument", self.position)
            raise self.file.error(where, "a perpetual needs risk_tiers")
        tiers = load_risk_tiers(self._table("risk_tiers", name), self.quote.decimals)
        self.expect(
            "default_leverage",
            1 <= self.row.default_leverage <= tiers[0][3],
            f"should be 1 to {tiers[0][3]}, the max_leverage of its first risk tier",
        )
        return tiers

    def _table(self, key: str, name: str) -> Path:
        """The file of a table in the folder that the key is named after."""
        path = self.around.directory / key / f"{name}.toml"
        self.expect(
            key,
            _FILE_NAME.fullmatch(name) is not None and path.is_file(),
            f"should name a file in {key}/, without .toml",
        )
        return path

    def expect(self, key: str, holds: bool, advice: str) -> None:
        """Refuses the key's value, as written, unless `holds`."""
        if not holds:
            written = getattr(self.row, key)
            raise self.file.error(
                ("instrument", self.position, key),
                f"{key} {_as_written(written)} of {self.row.symbol} {advice}",
            )

    def _check_names(self) -> None:
        row = self.row
        self.expect("id", 1 <= row.id < MAX_INSTRUMENT_ID, f"should be 1 to {MAX_INSTRUMENT_ID}")
        self.expect("base", _CODE.fullmatch(row.base) is not None, 'should be like "BTC"')
        self.expect(
            "quote",
            row.quote == self.quote.code,
            f'should be "{self.quote.code}", the valuation asset',
        )
        symbol = f"{row.base}{row.quote}" + ("-PERP" if row.kind == "perpetual" else "")
        self.expect("symbol", row.symbol == symbol, f'should be "{symbol}", base, quote and kind')

    def _check_decimals(self) -> None:
        row = self.row
        for key in ("price_decimals", "quantity_decimals"):
            self.expect(key, getattr(row, key) >= 0, "should be 0 or more")
        self.expect(
            "quantity_decimals",
            row.price_decimals + row.quantity_decimals <= self.quote.decimals,
            f"and price_decimals {row.price_decimals} should add up to at most "
            f"{self.quote.decimals}, the decimals of {self.quote.code}",
        )

    def _check_rates(self) -> None:
        row = self.row
        self.expect("price_band", 0 < row.price_band < RATE_ONE, "should lie between 0 and 1")
        for key in ("taker_fee", "liquidation_fee", "sell_assumption"):
            self.expect(key, 0 <= getattr(row, key) < RATE_ONE, "should be 0 or more, below 1")
        self.expect(
            "maker_fee",
            -row.taker_fee <= row.maker_fee < RATE_ONE,
            "should be below 1, and as a rebate no more than the taker_fee pays for",
        )
        for key in ("index_blend", "funding_clamp", "funding_cap"):
            self.expect(key, 0 <= getattr(row, key) < RATE_ONE, "should be 0 or more, below 1")
        self.expect(
            "funding_interest", abs(row.funding_interest) < RATE_ONE, "should be between -1 and 1"
        )
        self.expect(
            "liquidation_step", 0 < row.liquidation_step <= RATE_ONE, "should be above 0, at most 1"
        )

    def _step(self, key: str, text: str, decimals_key: str, decimals: int) -> int:
        """A tick or a lot: a positive whole number of the instrument's units (UNIT-1)."""
        where: Where = ("instrument", self.position, key)
        self.file.decimal(where, text, MAX_DIGITS)
        fraction = text.partition(".")[2]
        self.expect(
            key, len(fraction.rstrip("0")) <= decimals, f"is finer than {decimals_key} {decimals}"
        )
        step = self.file.decimal(where, text, decimals)
        self.expect(key, 0 < step < AMOUNT_LIMIT, "should be above 0")
        return step

    def _quantity(self, key: str, text: str, lot: int) -> int:
        where: Where = ("instrument", self.position, key)
        quantity = self.file.decimal(where, text, self.row.quantity_decimals)
        self.expect(
            key,
            0 < quantity < AMOUNT_LIMIT and quantity % lot == 0,
            f"should be a positive multiple of lot_size {self.row.lot_size}",
        )
        return quantity

    def _amount(self, key: str, text: str) -> int:
        where: Where = ("instrument", self.position, key)
        amount = self.file.decimal(where, text, self.quote.decimals)
        self.expect(key, 0 <= amount < AMOUNT_LIMIT, "should be 0 or more, below 2^62 units")
        return amount

    def _impact_notional(self) -> int | None:
        text = self.row.impact_notional
        if text is None:
            return None
        notional = self._amount("impact_notional", text)
        self.expect("impact_notional", notional > 0, "should be above 0")
        return notional

    def _funding_interval(self) -> int | None:
        return read_funding_interval(
            self.file, ("instrument", self.position, "funding_interval"), self.row.funding_interval
        )

    def _cooldown(self) -> int:
        text = self.row.liquidation_cooldown
        try:
            return parse_duration(text)
        except ValueError as error:
            raise self.file.error(
                ("instrument", self.position, "liquidation_cooldown"),
                f"liquidation_cooldown {error}",
            ) from error

    def _staleness(self) -> int | None:
        text = self.row.index_staleness
        if text == "never":
            return None
        try:
            return parse_duration(text)
        except ValueError as error:
            where: Where = ("instrument", self.position, "index_staleness")
            raise self.file.error(where, f'index_staleness: {error}, nor "never"') from error


def read_funding_interval(file: ConfigFile[Any], where: Where, text: str) -> int | None:
    """Nanoseconds of a `funding_interval`; none for "never" (FND-2).

    Raises:
        ConfigError: no duration, more than 8 hours, or no whole number of premium samples.
    """
    if text == "never":
        return None
    try:
        interval = parse_duration(text)
    except ValueError as error:
        raise file.error(where, f'funding_interval {error}; or "never"') from error
    if not 0 < interval <= LONGEST_FUNDING_INTERVAL_NS or interval % PREMIUM_SAMPLE_NS:
        raise file.error(
            where, f'funding_interval "{text}" should be at most "8h", in whole 5 seconds'
        )
    return interval


def _as_written(value: object) -> str:
    if isinstance(value, Rate):
        return f'"{format_rate(value)}"'
    return f'"{value}"' if isinstance(value, str) else str(value)
