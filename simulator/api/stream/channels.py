"""The names of channels, and what they are about.

Public: `depth:SYMBOL`, `trades:SYMBOL`, `mark:SYMBOL`, `statistics:SYMBOL`,
`candles:SYMBOL:INTERVAL` (of LAST, or with `:MARK` or `:INDEX` of that), `marks`, `statistics`,
`liquidations`. Private: `account:ID`.
"""

from typing import Final, NamedTuple

from simulator.api.errors import NotFound
from simulator.api.wire import Numbers
from simulator.database.candles import INTERVALS_S

_OF_SYMBOL: Final = ("depth", "trades", "mark", "statistics")
_OF_WORLD: Final = ("marks", "statistics", "liquidations")
_CANDLE_SOURCES: Final = ("LAST", "MARK", "INDEX")
_LONGEST_ID: Final = 16


class Channel(NamedTuple):
    """A channel of one world; `name` is what clients call it."""

    kind: str
    subject: int
    """The instrument or account that it is about; 0 for the whole world."""
    name: str


MARKS: Final = Channel("marks", 0, "marks")
STATISTICS: Final = Channel("statistics", 0, "statistics")
LIQUIDATIONS: Final = Channel("liquidations", 0, "liquidations")


def parse_channel(name: str, numbers: Numbers) -> Channel:
    """Raises NotFound."""
    kind, separator, rest = name.partition(":")
    if not separator and kind in _OF_WORLD:
        return Channel(kind, 0, name)
    if separator and kind in _OF_SYMBOL:
        return Channel(kind, numbers.by_symbol(rest).instrument_id, name)
    if kind == "candles":
        symbol, _, series = rest.partition(":")
        interval, is_named, source = series.partition(":")
        if interval in INTERVALS_S and (not is_named or source in _CANDLE_SOURCES):
            return Channel(kind, numbers.by_symbol(symbol).instrument_id, name)
    if kind == "account" and rest.isascii() and rest.isdigit() and len(rest) <= _LONGEST_ID:
        return Channel(kind, int(rest), f"account:{int(rest)}")
    raise NotFound(
        "there is no such channel; there are depth:SYMBOL, trades:SYMBOL, mark:SYMBOL, "
        f"statistics:SYMBOL, candles:SYMBOL:INTERVAL ({', '.join(INTERVALS_S)}), marks, "
        "statistics, liquidations and account:ID",
        "UNKNOWN_CHANNEL",
    )


def depth_channel(instrument_id: int, symbol: str) -> Channel:
    return Channel("depth", instrument_id, f"depth:{symbol}")


def account_channel(account_id: int) -> Channel:
    return Channel("account", account_id, f"account:{account_id}")
