"""`simulator export`: a whole list as CSV, to standard output or into a file."""

import csv
import io
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from simulator.client.methods.histories import ACCOUNT_LISTS, TOP_LISTS, WORLD_LISTS
from simulator.commandline.failures import UsageError
from simulator.commandline.output import print_json, say
from simulator.commandline.session import AccountOptions, connected

LISTS = sorted(name.replace("_", "-") for name in (*ACCOUNT_LISTS, *WORLD_LISTS, *TOP_LISTS))


def export(
    name: Annotated[str, Parameter(help=f"One of {', '.join(LISTS)}.")],
    symbol: Annotated[
        str | None, Parameter(help="Instrument; trades and candles need one.")
    ] = None,
    /,
    *,
    csv_file: Annotated[
        Path | None, Parameter(name="--csv", help="Write to this file [default: print].")
    ] = None,
    interval: Annotated[str | None, Parameter(help="Of candles: 1m to 1d.")] = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Export a whole list as CSV with one header row; with --json as a list of objects.

    Example: simulator export ledger --csv ledger.csv

    Example: simulator export candles BTCUSDT-PERP --interval 1h --csv candles.csv
    """
    if name.replace("_", "-") not in LISTS:
        raise UsageError(f'there is no list "{name}"; there are {", ".join(LISTS)}')
    if symbol is None and "{symbol}" in WORLD_LISTS.get(name, ""):
        raise UsageError(f"{name} are those of one instrument; name it, like BTCUSDT-PERP")
    filters = None if interval is None else {"interval": interval}
    with connected(options) as client:
        text = client.export_csv(name.replace("-", "_"), symbol, filters=filters)
    rows = list(csv.DictReader(io.StringIO(text)))
    if csv_file is not None:
        _write(csv_file, text)
        if options.json:
            print_json({"list": name, "file": str(csv_file), "rows": len(rows)})
        else:
            say(f"{len(rows):,} rows in {csv_file}")
    elif options.json:
        print_json(rows)
    else:
        sys.stdout.write(text)


def _write(path: Path, text: str) -> None:
    """The whole list or nothing: a file that ends midway would look like a short list."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
