"""Where in a TOML text each key and array element stands: what `tomllib` does not tell.

`line_numbers` walks a text that `tomllib` has already accepted, so it checks no syntax. It
leaves values unread: only keys, and the shape that nests them, matter here.
"""

from bisect import bisect_right
from typing import Final

Where = tuple[str | int, ...]
"""A path into the data: keys and array positions, as in `("instrument", 3, "tick_size")`."""

_BLANK: Final = " \t\r\n"
_END_OF_BARE_VALUE: Final = ",]}#\n"


def line_numbers(text: str) -> dict[Where, int]:
    """The line (from 1) of every key, table header and array element."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Where, int] = {}
        self._starts = [0] + [i + 1 for i, char in enumerate(text) if char == "\n"]
        self._table_counts: dict[Where, int] = {}

    def scan(self) -> None:
        table: Where = ()
        while self._skip_to_token():
            if self._peek("["):
                table = self._header()
            else:
                self._key_value(table)

    def _peek(self, expected: str) -> bool:
        return self.text.startswith(expected, self.at)

    def _skip_to_token(self) -> bool:
        """Over blanks and comments; false at the end of the text."""
        while self.at < len(self.text):
            if self._peek("#"):
                newline = self.text.find("\n", self.at)
                self.at = len(self.text) if newline < 0 else newline
            elif self.text[self.at] in _BLANK:
                self.at += 1
            else:
                return True
        return False

    def _mark(self, where: Where) -> None:
        self.lines.setdefault(where, bisect_right(self._starts, self.at))

    def _header(self) -> Where:
        start, is_array = self.at, self._peek("[[")
        self.at += 2 if is_array else 1
        keys = self._keys("]")
        self.at += 2 if is_array else 1
        end, self.at = self.at, start
        where: Where = ()
        for number, key in enumerate(keys, start=1):
            where = (*where, key)
            if is_array and number == len(keys):
                self._table_counts[where] = self._table_counts.get(where, 0) + 1
            self._mark(where)
            if where in self._table_counts:
                where = (*where, self._table_counts[where] - 1)
                self._mark(where)
        self.at = end
        return where

    def _key_value(self, table: Where) -> None:
        start = self.at
        keys = self._keys("=")
        end, self.at = self.at + 1, start
        where = table
        for key in keys:
            where = (*where, key)
            self._mark(where)
        self.at = end
        self._value(where)

    def _keys(self, end: str) -> list[str]:
        """A dotted key, up to the character that ends it."""
        keys: list[str] = []
        bare = ""
        while not self._peek(end):
            char = self.text[self.at]
            if char in "\"'":
                start = self.at
                self._string()
                keys.append(self.text[start + 1 : self.at - 1])
                continue
            if char == "." or char in _BLANK:
                keys += [bare] if bare else []
                bare = ""
            else:
                bare += char
            self.at += 1
        return keys + ([bare] if bare else [])

    def _value(self, where: Where) -> None:
        self._skip_to_token()
        if self._peek("["):
            self._array(where)
        elif self._peek("{"):
            self._inline_table(where)
        elif self.text[self.at] in "\"'":
            self._string()
        else:
            while self.at < len(self.text) and self.text[self.at] not in _END_OF_BARE_VALUE:
                self.at += 1

    def _array(self, where: Where) -> None:
        self.at += 1
        position = 0
        while self._skip_to_token() and not self._peek("]"):
            if self._peek(","):
                self.at += 1
                continue
            self._mark((*where, position))
            self._value((*where, position))
            position += 1
        self.at += 1

    def _inline_table(self, where: Where) -> None:
        self.at += 1
        while self._skip_to_token() and not self._peek("}"):
            if self._peek(","):
                self.at += 1
            else:
                self._key_value(where)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        delimiter = quote * 3 if self._peek(quote * 3) else quote
        self.at += len(delimiter)
        while not self._peek(delimiter):
            self.at += 2 if quote == '"' and self._peek("\\") else 1
        self.at += len(delimiter)
        while len(delimiter) == 3 and self._peek(quote):
            self.at += 1
