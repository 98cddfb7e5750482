"""`margin_tiers/*.toml`: the leverage of a pair's isolated wallet, by what it owes (BOR-5)."""

from pathlib import Path

from simulator.config.file import ConfigFile, DecimalText, Rate, Row
from simulator.core.model.instruments import Asset
from simulator.core.model.margin_levels import TierRows, are_sound_tiers
from simulator.core.model.units import AMOUNT_LIMIT


class MarginTierRow(Row):
    initial_level: Rate
    base: DecimalText | None = None
    quote: DecimalText | None = None


class MarginTierTable(Row):
    rows: list[MarginTierRow]


def load_margin_tiers(path: Path, base: Asset, quote: Asset) -> TierRows:
    """The rows of a table, amounts in minor units of either asset.

    Raises:
        ConfigError: caps or levels that do not rise, caps in the last row or missing elsewhere.
    """
    file = ConfigFile(path, MarginTierTable)
    rows: list[tuple[int | None, int | None, int]] = []
    for position, row in enumerate(file.content.rows):
        is_last = position == len(file.content.rows) - 1
        caps = [
            _cap(file, position, (key, text), asset.decimals)
            for key, text, asset in (("base", row.base, base), ("quote", row.quote, quote))
        ]
        if any((cap is None) != is_last for cap in caps):
            raise file.error(
                ("rows", position),
                "base and quote belong in every row but the last, and only there",
            )
        level = int(row.initial_level)
        rows.append((caps[0], caps[1], level))
        if not are_sound_tiers(tuple(rows) if is_last else (*rows, (None, None, level + 1))):
            raise file.error(
                ("rows", position),
                "base, quote and initial_level should rise from row to row, the level from above 1",
            )
    if not rows:
        raise file.error(("rows",), "there should be at least one row")
    return tuple(rows)


def _cap(
    file: ConfigFile[MarginTierTable], position: int, named: tuple[str, str | None], decimals: int
) -> int | None:
    key, text = named
    if text is None:
        return None
    amount = file.decimal(("rows", position, key), text, decimals)
    if not 0 < amount < AMOUNT_LIMIT:
        raise file.error(("rows", position, key), f"{key} should be above 0, below 2^62 units")
    return amount
