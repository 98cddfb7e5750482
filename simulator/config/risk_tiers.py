"""`risk_tiers/*.toml`: bands of notional with their rates and leverage caps (MARG-2).

A table's deductions follow from its rows by the recurrence of MARG-2; where a row states its
`cum`, it is compared.
"""

import re
from pathlib import Path
from typing import Final

from simulator.config.file import ConfigFile, DecimalText, Rate, Row
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.decimal_text import format_decimal

TierRow = tuple[int, int | None, int, int]
"""(floor, cap, maintenance_margin_rate, max_leverage), as `ListInstrument` carries it."""

_TIER_NUMBER: Final = re.compile(r"^tier (\d+): ")


class TierTableRow(Row):
    floor: DecimalText
    maintenance_margin_rate: Rate
    max_leverage: int
    cap: DecimalText | None = None
    cum: DecimalText | None = None


class TierTable(Row):
    rows: list[TierTableRow]


def load_risk_tiers(path: Path, decimals: int) -> tuple[TierRow, ...]:
    """The rows of a table, amounts in `decimals` decimals.

    Raises:
        ConfigError: a hole or an overlap, rates that do not rise, a `cum` that does not follow.
    """
    file = ConfigFile(path, TierTable)
    rows: list[TierRow] = []
    expected = "0"
    for position, row in enumerate(file.content.rows):
        floor = _amount(file, position, "floor", row.floor, decimals)
        if floor != _amount(file, position, "floor", expected, decimals):
            raise file.error(
                ("rows", position, "floor"),
                f'floor "{row.floor}" should be "{expected}", where the tier above it ends',
            )
        cap = _cap(file, position, row, decimals)
        if cap is not None and cap <= floor:
            raise file.error(
                ("rows", position, "cap"),
                f'cap "{row.cap}" should be above the floor "{row.floor}"',
            )
        expected = row.cap or expected
        rows.append((floor, cap, int(row.maintenance_margin_rate), row.max_leverage))
    _check_deductions(file, rows, decimals)
    return tuple(rows)


def _cap(
    file: ConfigFile[TierTable], position: int, row: TierTableRow, decimals: int
) -> int | None:
    """Every tier but the last has a cap."""
    is_last = position == len(file.content.rows) - 1
    if row.cap is None:
        if not is_last:
            raise file.error(("rows", position), "cap is missing; only the last tier has none")
        return None
    cap = _amount(file, position, "cap", row.cap, decimals)
    if is_last:
        raise file.error(
            ("rows", position, "cap"), f'cap "{row.cap}" should be left out; the last tier has none'
        )
    return cap


def _amount(file: ConfigFile[TierTable], position: int, key: str, text: str, decimals: int) -> int:
    amount = file.decimal(("rows", position, key), text, decimals)
    if not 0 <= amount < AMOUNT_LIMIT:
        raise file.error(("rows", position, key), f"{key} should be 0 or more, below 2^62 units")
    return amount


def _check_deductions(file: ConfigFile[TierTable], rows: list[TierRow], decimals: int) -> None:
    try:
        tiers = derive_deductions(rows)
    except ValueError as error:
        number = _TIER_NUMBER.match(str(error))
        position = 0 if number is None else int(number[1]) - 1
        raise file.error(("rows", position), str(error)) from error
    for position, (row, tier) in enumerate(zip(file.content.rows, tiers, strict=True)):
        if row.cum is None:
            continue
        given = file.decimal(("rows", position, "cum"), row.cum, decimals)
        if given != tier.deduction:
            right = format_decimal(tier.deduction, decimals)
            raise file.error(
                ("rows", position, "cum"), f'cum "{row.cum}" should be "{right}" (MARG-2)'
            )
