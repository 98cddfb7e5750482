"""docs/errors.md is of this code, and names every code that can be answered, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from simulator.api import errors
from simulator.api.catalogue import CANCELS, HALTS, PROBLEMS, REFUSALS
from simulator.api.error_page import PAGE, page
from simulator.core.model.enums import CancelReason, HaltReason
from simulator.core.model.rejects import RejectReason
from simulator.runtime import errors as runtime_errors

ROOT = Path(__file__).parents[2] / "simulator"
NEVER_ANSWERED = {"FORBIDDEN", "REFUSED", "WORLD_UNAVAILABLE"}
"""Codes of classes whose every instance has a code of its own."""
PROBLEM_CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.ApiProblem)
}


def _codes_of_classes() -> Iterator[str]:
    for kind in (*vars(errors).values(), *vars(runtime_errors).values()):
        if isinstance(kind, type) and isinstance(getattr(kind, "code", None), str):
            yield kind.code  # type: ignore[attr-defined]  # found to be there


def _codes_given(tree: ast.AST) -> Iterator[str]:
    """Second arguments of calls like `NotFound("...", "UNKNOWN_WORLD")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in PROBLEM_CLASSES:
                given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "code")]
                for code in given:
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value


def _status_of(code: str, tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in PROBLEM_CLASSES and code in [*_codes_given(node)]:
                yield PROBLEM_CLASSES[node.func.id].status


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run python -m simulator.api.error_page"


def test_every_code_of_the_api_is_in_the_catalogue_and_no_other() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "api").rglob("*.py")]
    given = {code for tree in trees for code in _codes_given(tree)}
    assert {"UNKNOWN_WORLD", "TOO_MANY_CHANNELS"} <= given, "the search finds what is known"
    found = given | {*_codes_of_classes()} - NEVER_ANSWERED
    assert found == PROBLEMS.keys()
    for code in given:
        for tree in trees:
            for status in _status_of(code, tree):
                assert PROBLEMS[code].status == status, code
    for kind in PROBLEM_CLASSES.values():
        if kind.code not in NEVER_ANSWERED:
            assert PROBLEMS[kind.code].status == kind.status, kind


def test_every_reason_of_the_core_is_in_the_catalogue_in_its_order() -> None:
    assert [*REFUSALS] == [*RejectReason]
    assert [*CANCELS] == [*CancelReason]
    assert [*HALTS] == [each for each in HaltReason if each != HaltReason.NONE]


def test_every_code_stands_on_the_page_once() -> None:
    text, _, _ = page().partition("## Why an order was canceled")
    for code in (*PROBLEMS, *(each.name for each in REFUSALS)):
        assert text.count(f"| `{code}` |") == 1, code
