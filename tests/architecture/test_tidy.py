"""Taste made executable: what `tidy` finds in the tree must be nothing.

The second half feeds each check a small bad example, so that no check is silently blind.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import tidy

ROOT = Path(__file__).parents[2]
RULE_BOOK = ROOT / "docs" / "rules.md"
MAX_TEST_MODULE_LINES = 600

Check = Callable[[ast.Module], Iterator[tidy.Finding]]


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def report(path: Path, findings: Iterator[tidy.Finding]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line}: {problem}" for line, problem in findings]


SHIPPED = python_files("simulator", "benchmarks", "migrations")
ALL = SHIPPED + python_files("tests")
CORE = python_files("simulator/core")


def test_the_tree_is_where_it_is_looked_for() -> None:
    assert len(CORE) > 10
    assert ROOT / "simulator" / "core" / "exchange.py" in CORE
    assert Path(__file__) in ALL


def test_functions_are_short() -> None:
    assert [line for path in ALL for line in report(path, tidy.long_functions(tree_of(path)))] == []


def test_modules_are_short() -> None:
    found = [line for path in SHIPPED for line in report(path, tidy.long_module(text_of(path)))]
    for path in python_files("tests"):
        found += report(path, tidy.long_module(text_of(path), MAX_TEST_MODULE_LINES))
    assert found == []


def test_modules_say_what_they_are() -> None:
    assert [
        line for path in ALL for line in report(path, tidy.missing_docstring(tree_of(path)))
    ] == []


def test_nothing_is_left_unfinished() -> None:
    assert [
        line for path in ALL for line in report(path, tidy.unfinished(text_of(path), tree_of(path)))
    ] == []


def test_no_failure_is_swallowed() -> None:
    assert [
        line for path in ALL for line in report(path, tidy.swallowed_failures(tree_of(path)))
    ] == []


def test_the_core_counts_in_integers() -> None:
    """UNIT-1."""
    assert [
        line for path in CORE for line in report(path, tidy.impure_numbers(tree_of(path)))
    ] == []


def test_the_core_is_pure() -> None:
    assert [
        line for path in CORE for line in report(path, tidy.impure_imports(tree_of(path)))
    ] == []


def test_the_core_depends_on_no_memory_order() -> None:
    assert [line for path in CORE for line in report(path, tidy.memory_order(tree_of(path)))] == []


# -- the rule book -------------------------------------------------------------------------------


def test_every_rule_named_is_defined() -> None:
    defined = tidy.codes_defined(text_of(RULE_BOOK))
    documents = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    found: list[str] = []
    for path in [*ALL, *sorted((ROOT / "config").rglob("*.toml")), *documents]:
        for line, code in tidy.codes_named(text_of(path)):
            if code not in defined:
                found.append(f"{path.relative_to(ROOT)}:{line}: {code} is not in docs/rules.md")
    assert found == []


def test_every_rule_defined_has_a_test() -> None:
    tested = {
        code
        for path in python_files("tests")
        if path.parent != Path(__file__).parent
        for _, code in tidy.codes_named(text_of(path))
    }
    defined = tidy.codes_defined(text_of(RULE_BOOK))
    assert [code for code in defined if code not in tested] == []


def test_every_rule_is_defined_once() -> None:
    defined = tidy.codes_defined(text_of(RULE_BOOK))
    assert len(defined) > 40
    assert sorted(defined) == sorted(set(defined))


# -- the checks see what they should -------------------------------------------------------------

LONG = "def long() -> None:\n" + "    print()\n" * 70


@pytest.mark.parametrize(
    ("check", "source", "problem"),
    [
        (tidy.long_functions, LONG, "long has 71 lines"),
        (tidy.missing_docstring, "x = 1", "does not say what it is"),
        (tidy.swallowed_failures, "try:\n    f()\nexcept:\n    raise", "bare except"),
        (tidy.swallowed_failures, "try:\n    f()\nexcept Exception:\n    pass", "swallows"),
        (tidy.swallowed_failures, "try:\n    f()\nexcept (OSError, Exception):\n    ...", "every"),
        (tidy.swallowed_failures, "with contextlib.suppress(Exception):\n    f()", "suppresses"),
        (tidy.impure_numbers, "x = 0.5", "float 0.5"),
        (tidy.impure_numbers, "x = a / b", "true division"),
        (tidy.impure_numbers, "x /= b", "true division"),
        (tidy.impure_numbers, "x = float(y)", "integers"),
        (tidy.impure_numbers, "x = round(y)", "round"),
        (tidy.impure_imports, "import time", "imports time"),
        (tidy.impure_imports, "from datetime import datetime", "imports datetime"),
        (tidy.impure_imports, "from simulator.settings import x", "imports simulator.settings"),
        (tidy.impure_imports, "from . import x", "imports ."),
        (tidy.memory_order, "for x in {1, 2}:\n    f()", "iterates over a set"),
        (tidy.memory_order, "y = [x for x in set(z)]", "iterates over a set"),
        (tidy.memory_order, "a: set[int] = f()\nfor x in a:\n    f()", "iterates over a set"),
        (tidy.memory_order, "self.a = {1}\nfor x in self.a:\n    f()", "iterates over a set"),
        (tidy.memory_order, "for x in a.keys() & b:\n    f()", "iterates over a set"),
        (tidy.memory_order, "def f(a: frozenset[int]):\n    return list(a)", "list() of a set"),
        (tidy.memory_order, "a = set()\na.pop()", "pop()"),
        (tidy.memory_order, "x = hash(y)", "hash()"),
        (tidy.memory_order, "x = id(y)", "id()"),
    ],
)
def test_a_check_sees_a_bad_example(check: Check, source: str, problem: str) -> None:
    findings = list(check(ast.parse(source)))
    assert [line for _, line in findings if problem in line] != []


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (tidy.swallowed_failures, "try:\n    f()\nexcept Exception:\n    log()\n    raise"),
        (tidy.swallowed_failures, "try:\n    f()\nexcept KeyError:\n    pass"),
        (tidy.impure_numbers, "x = a // b"),
        (tidy.impure_imports, "from simulator.core.model import units"),
        (tidy.memory_order, "a = {1}\nfor x in sorted(a):\n    f()"),
        (tidy.memory_order, "a = {1}\nb = x in a"),
        (tidy.memory_order, "a = {}\nfor x in a:\n    f()"),
    ],
)
def test_a_check_leaves_a_good_example_alone(check: Check, source: str) -> None:
    assert list(check(ast.parse(source))) == []


@pytest.mark.parametrize(
    "source",
    ["x = 1  # TO" + "DO later\n", 'x = "FIX' + 'ME"\n', "raise NotImplemented" + "Error\n"],
)
def test_a_note_of_work_left_over_is_seen(source: str) -> None:
    assert len(list(tidy.unfinished(source, ast.parse(source)))) == 1


def test_a_long_module_is_seen() -> None:
    assert list(tidy.long_module("\n" * 501)) == [(501, "the module has 501 lines, more than 500")]
    assert list(tidy.long_module("\n" * 500)) == []


def test_codes_are_read_from_text_and_test_names() -> None:
    text = "# LIQ-3 and (TIME-2)\ndef test_mark_1_moves() -> None:\n    time_1 = led_4\n"
    assert list(tidy.codes_named(text)) == [(1, "LIQ-3"), (1, "TIME-2"), (2, "MARK-1")]
    assert tidy.codes_defined("### LIQ-3 The ladder\nLIQ-4\n### UNIT-1\n") == ["LIQ-3", "UNIT-1"]
