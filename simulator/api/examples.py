"""The examples of the OpenAPI document: requests of a little story, and what was answered.

`examples.json` is recorded from a real exchange by `python -m tests.api.record_examples`; a test
tells the story again and compares. Each operation has its examples under its id.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

FILE: Final = Path(__file__).parent / "examples.json"

_JSON: Final = "application/json"


class Example(msgspec.Struct, kw_only=True):
    """One request and its answer. `said` is what it is an example of."""

    name: str
    said: str
    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    status: int
    media_type: str
    """Empty of an answer that says nothing (204)."""
    answer: Any


@cache
def load() -> dict[str, list[Example]]:
    """By operation id."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, list[Example]])


def add_to(operation: dict[str, Any]) -> None:
    """Puts an operation's examples where OpenAPI has them: parameters, body, answers."""
    for example in load().get(operation["operationId"], ()):
        for parameter in operation.get("parameters", ()):
            values = example.path if parameter["in"] == "path" else example.query
            if parameter["name"] in values:
                _add(parameter, example, values[parameter["name"]])
        if example.body is not None:
            _add(operation["requestBody"]["content"][_JSON], example, example.body)
        if example.media_type:
            content = operation["responses"][str(example.status)]["content"]
            _add(content[example.media_type], example, example.answer)


def _add(place: dict[str, Any], example: Example, value: Any) -> None:
    place.setdefault("examples", {})[example.name] = {"summary": example.said, "value": value}
