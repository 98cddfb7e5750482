"""Reading one TOML file into a struct, with errors that name file, line, what is wrong and right.

Decimals stand in quotes and are read exactly (UNIT-1); durations are text like "24h". A key that
nobody reads is an error, for it is most often a misspelled one. Leaves out what the values mean:
that is `world_config`.
"""

import difflib
import re
import tomllib
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from simulator.config.toml_lines import Where, line_numbers
from simulator.core.model.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from simulator.decimal_text import DecimalError, parse_decimal, parse_rate

_UNITS: Final = {
    "ms": NS_PER_SECOND // 1000,
    "s": NS_PER_SECOND,
    "m": NS_PER_MINUTE,
    "h": NS_PER_HOUR,
    "d": 24 * NS_PER_HOUR,
}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d)", re.ASCII)
_SYNTAX_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_PATH: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")
_FIELD: Final = re.compile(r"^Object (contains unknown|missing required) field `(.*)`$")
_WORDS: Final = {
    "`int`": "a whole number without quotes",
    "`str`": 'text in quotes ("…")',
    "`bool`": "true or false",
    "`decimal`": 'a decimal in quotes ("0.5")',
    "Invalid decimal string": 'expected a decimal in quotes ("0.5")',
    "`_Unquoted`": "a number without quotes",
    "`array`": "a list",
    "`object`": "a table",
}

RowT = TypeVar("RowT", bound="Row")


class Row(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The base of every table that a file may hold."""


class DecimalText(str):
    """A decimal in quotes, whose scale only the rest of the file tells."""


class Rate(int):
    """A decimal fraction in quotes, as an integer in 1e-12."""


class Duration(int):
    """Text like "500ms", "60s", "5m", "24h" or "7d", as nanoseconds."""


class _Unquoted:
    """A number with a point but without quotes: it would have been read inexactly."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class ConfigError(ValueError):
    """A file that cannot be used: where, what is wrong, and what would be right."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        self.path = path
        self.line = line
        self.problem = problem
        place = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{place}: {problem}")


class ConfigFile(Generic[RowT]):
    """One file's content, and the lines that its values stand on."""

    def __init__(self, path: Path, row_type: type[RowT], inheriting: str | None = None) -> None:
        """Reads and converts; tables of the list `inheriting` take the rest from `[defaults]`.

        Raises:
            ConfigError: unreadable, no TOML, or not of the form that `row_type` says.
        """
        self.path = _shown(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(self.path, None, "there is no such file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(self.path, None, f"cannot be read as UTF-8: {error}") from error
        try:
            data = tomllib.loads(text, parse_float=_Unquoted)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax_error(text, str(error)) from error
        self._lines = line_numbers(text)
        if inheriting is not None:
            self._inherit(data, inheriting)
        self.content: RowT = self._convert(data, row_type)

    def error(self, where: Where, problem: str) -> ConfigError:
        """An error at a key; if the key is not written, at the table that it is missing from."""
        while where and where not in self._lines:
            where = where[:-1]
        return ConfigError(self.path, self._lines.get(where, 1), problem)

    def has(self, where: Where) -> bool:
        """Whether the key is written in the file."""
        return where in self._lines

    def decimal(self, where: Where, text: str, decimals: int) -> int:
        """A decimal that must be exact in `decimals` decimals."""
        try:
            return parse_decimal(text, decimals)
        except DecimalError as error:
            raise self.error(where, f"{where[-1]}: {error}") from error

    def _inherit(self, data: dict[str, Any], name: str) -> None:
        defaults, tables = data.pop("defaults", {}), data.get(name, [])
        if not isinstance(defaults, dict) or not isinstance(tables, list):
            raise self.error((name,), f"expected a table [defaults] and tables [[{name}]]")
        for position, table in enumerate(tables):
            for key, value in defaults.items():
                if isinstance(table, dict) and key not in table:
                    table[key] = value
                    self._lines[(name, position, key)] = self._lines[("defaults", key)]

    def _syntax_error(self, text: str, message: str) -> ConfigError:
        place = _SYNTAX_PLACE.search(message)
        line = None
        if place is not None:
            line = int(place[1]) if place[1] else text.count("\n") + 1
        return ConfigError(self.path, line, f"no valid TOML: {_SYNTAX_PLACE.sub('', message)}")

    def _convert(self, data: dict[str, Any], row_type: type[RowT]) -> RowT:
        try:
            return msgspec.convert(data, row_type, dec_hook=_read_value)
        except msgspec.ValidationError as error:
            raise self._form_error(str(error), row_type) from error

    def _form_error(self, message: str, row_type: type[Row]) -> ConfigError:
        match = _PATH.match(message)
        problem, path = (match[1], match[2] or "") if match is not None else (message, "")
        where: Where = tuple(key if key else int(position) for key, position in _STEP.findall(path))
        field = _FIELD.match(problem)
        if field is None:
            for word, meaning in _WORDS.items():
                problem = problem.replace(word, meaning).replace("Expected", "expected")
            name = next((step for step in reversed(where) if isinstance(step, str)), None)
            return self.error(where, problem if name is None else f"{name}: {problem}")
        name = field[2]
        if field[1] == "missing required":
            return self.error(where, f"{name} is missing")
        known = _field_names(row_type, where)
        close = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        return self.error((*where, name), f"{name} is no key here; {advice}")


def _read_value(kind: type, value: object) -> object:
    """The hook by which msgspec reads decimals, rates and durations."""
    if not isinstance(value, str):
        example = "24h" if kind is Duration else "0.05"
        raise ValueError(f'expected text in quotes like "{example}", got {value}')
    if kind is Duration:
        return Duration(parse_duration(value))
    if kind is Rate:
        return Rate(parse_rate(value))
    return DecimalText(value)


def parse_duration(text: str) -> int:
    """Nanoseconds of a text like "500ms", "60s", "5m", "24h", "7d".

    Raises:
        ValueError: anything else.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no duration like "500ms", "60s", "5m", "24h" or "7d"')
    return int(match[1]) * _UNITS[match[2]]


def _shown(path: Path) -> Path:
    """The path as a reader would write it: relative to where they are, if it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _field_names(row_type: type[Row], where: Where) -> Sequence[str]:
    """The keys that the table at `where` may have."""
    current: Any = row_type
    for step in where:
        if isinstance(step, int):
            current = typing.get_args(current)[0]
        else:
            current = typing.get_type_hints(current)[step]
    return tuple(typing.get_type_hints(current))
