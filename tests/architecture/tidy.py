"""The rules of taste that linters cannot see, as functions from source text to findings.

Each check takes a parsed module and yields `(line, what is wrong)`. `test_tidy` runs them over
the tree, and over small bad examples, so that a check that finds nothing is noticed.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from typing import Final

Finding = tuple[int, str]

MAX_FUNCTION_LINES: Final = 70
MAX_MODULE_LINES: Final = 500

PURE_MODULES: Final = {
    "bisect",
    "collections",
    "collections.abc",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "msgspec",
    "operator",
    "typing",
}
"""All that the core may import besides itself: the pure part of the standard library, msgspec."""

BROAD: Final = {"Exception", "BaseException"}
SET_TYPES: Final = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}
ORDERED_BY_ITERATION: Final = {"list", "tuple", "iter", "enumerate", "zip", "map", "fromkeys"}
"""Calls that would fix the accidental order of a set; sorted(), sum(), len() and so on do not."""

FAMILIES: Final = "UNIT|WAL|ORD|MAT|MARG|CALL|LIQ|MARK|FND|BOR|LED|TIME"
_CODE: Final = re.compile(rf"\b({FAMILIES})-([1-9][0-9]*)\b")
_CODE_IN_TEST_NAME: Final = re.compile(rf"(?<=_)({FAMILIES})_([1-9][0-9]*)(?![0-9])", re.IGNORECASE)
_TEST_NAME: Final = re.compile(r"\bdef (test_\w+)")
_DEFINITION: Final = re.compile(rf"^### (({FAMILIES})-[1-9][0-9]*)\b", re.MULTILINE)
_UNFINISHED: Final = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


# -- every module --------------------------------------------------------------------------------


def long_functions(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines, more than {MAX_FUNCTION_LINES}"


def long_module(text: str, limit: int = MAX_MODULE_LINES) -> Iterator[Finding]:
    lines = len(text.splitlines())
    if lines > limit:
        yield lines, f"the module has {lines} lines, more than {limit}"


def missing_docstring(tree: ast.Module) -> Iterator[Finding]:
    """An empty `__init__.py` needs none."""
    if tree.body and not ast.get_docstring(tree):
        yield 1, "the module does not say what it is: it should open with a docstring"


def unfinished(text: str, tree: ast.Module) -> Iterator[Finding]:
    """Notes of work left over, in comments and strings, and functions that only say so."""
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            match = _UNFINISHED.search(token.string)
            if match is not None:
                yield token.start[0], f"{match[1]}: decide, assert or delete"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "NotImplemented" + "Error":
            yield node.lineno, f"{node.id}: a seam is a protocol or an abstract method"


def swallowed_failures(tree: ast.Module) -> Iterator[Finding]:
    """Bare handlers, and broad ones that go on as if nothing had happened."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield node.lineno, "a bare except: name what can be handled"
            elif _is_broad(node.type) and all(_does_nothing(line) for line in node.body):
                yield node.lineno, "swallows every exception"
        elif isinstance(node, ast.Call) and _called(node) == "suppress":
            if any(_is_broad(argument) for argument in node.args):
                yield node.lineno, "suppresses every exception"


def _is_broad(kind: ast.expr) -> bool:
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(part, ast.Name) and part.id in BROAD for part in parts)


def _does_nothing(line: ast.stmt) -> bool:
    is_constant = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    return is_constant or isinstance(line, ast.Pass | ast.Continue | ast.Break)


# -- the core ------------------------------------------------------------------------------------


def impure_numbers(tree: ast.Module) -> Iterator[Finding]:
    """Floats in any form: literals, true division, conversion."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, f"the float {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "true division: use a named division of model.units"
        elif isinstance(node, ast.Name) and node.id in ("float", "complex"):
            yield node.lineno, f"{node.id}: numbers are integers"
        elif isinstance(node, ast.Call) and _called(node) == "round":
            yield node.lineno, "round(): use a named division of model.units"


def impure_imports(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        for name in names:
            if name not in PURE_MODULES and not name.startswith("simulator.core"):
                yield getattr(node, "lineno", 1), f"imports {name}: the core is pure"


def memory_order(tree: ast.Module) -> Iterator[Finding]:
    """What differs from run to run: hash(), id(), and the order of a set."""
    sets = _names_of_sets(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _called(node)
            if isinstance(node.func, ast.Name) and name in ("hash", "id"):
                yield node.lineno, f"{name}() differs from run to run"
            elif name in ORDERED_BY_ITERATION and any(_is_set(arg, sets) for arg in node.args):
                yield node.lineno, f"{name}() of a set has no order"
            elif name == "pop" and isinstance(node.func, ast.Attribute) and not node.args:
                if _is_set(node.func.value, sets):
                    yield node.lineno, "a set's pop() has no order"
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets):
            yield node.iter.lineno, "iterates over a set, which has no order"
        elif isinstance(node, ast.Starred) and _is_set(node.value, sets):
            yield node.lineno, "unpacks a set, which has no order"


def _names_of_sets(tree: ast.Module) -> set[str]:
    """Variables and attributes that are annotated as sets or assigned one."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            kind = node.annotation
            base = kind.value if isinstance(kind, ast.Subscript) else kind
            if isinstance(base, ast.Name) and base.id in SET_TYPES:
                names.add(node.arg if isinstance(node, ast.arg) else _name(node.target))
        elif isinstance(node, ast.Assign) and _is_set(node.value, set()):
            names.update(_name(target) for target in node.targets)
    return names - {""}


def _is_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call) and _called(node) in ("set", "frozenset"):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub):
        return _is_set(node.left, names) or _is_keys(node.left)
    return _name(node) in names


def _is_keys(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _called(node) in ("keys", "items")


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _called(node: ast.Call) -> str:
    return _name(node.func)


# -- the rule book -------------------------------------------------------------------------------


def codes_named(text: str) -> Iterator[tuple[int, str]]:
    """Every rule code in a text (`LIQ-3`) or in the name of a test (`test_liq_3_...`)."""
    for number, line in enumerate(text.splitlines(), start=1):
        for family, code in _CODE.findall(line):
            yield number, f"{family}-{code}"
        for name in _TEST_NAME.findall(line):
            for family, code in _CODE_IN_TEST_NAME.findall(name):
                yield number, f"{family.upper()}-{code}"


def codes_defined(rule_book: str) -> list[str]:
    """The codes that the rule book has a heading for, in its order."""
    return [code for code, _ in _DEFINITION.findall(rule_book)]
