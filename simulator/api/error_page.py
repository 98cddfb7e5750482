"""Writes docs/errors.md, the page of all codes: `python -m simulator.api.error_page`.

A test says when the page is older than the code.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from simulator.api.catalogue import CANCELS, HALTS, PROBLEMS, REFUSALS
from simulator.api.errors import refused
from simulator.api.stream.readers import encode
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason

PAGE: Final = Path(__file__).parents[2] / "docs" / "errors.md"

_INTRODUCTION: Final = """\
# All codes

This page is written by `python -m simulator.api.error_page`; edit `simulator/api/catalogue.py`.

Whatever is not done is answered with a problem (RFC 9457, `application/problem+json`). Act on
`code`; `detail` is for people. `needed` and `available` are numbers in the unit of what
was refused. `seq` is the journal entry of the refusal; without one the request never reached the
exchange. Over the websocket the same object is the `error` of the answer.

```json
{example}
```
"""


def page() -> str:
    """The page's text."""
    return "\n".join(
        [
            _INTRODUCTION.format(example=_example()),
            "## Problems of the door",
            "",
            *_table(
                ("status", "code", "meaning", "what to do"),
                (
                    (str(entry.status), f"`{code}`", entry.meaning, entry.advice)
                    for code, entry in sorted(PROBLEMS.items(), key=lambda each: each[1].status)
                ),
            ),
            "",
            "## Refusals by the rules of the exchange",
            "",
            "In the order in which they are checked: of several the first is told (ORD-10).",
            "",
            *_table(("status", "code", "meaning", "what to do"), _refusals()),
            "",
            "## Why an order was canceled",
            "",
            "`cancel_reason` of an order that ended with a part not filled.",
            "",
            *_table(
                ("reason", "meaning", "what to do"),
                ((f"`{reason.name}`", *said) for reason, said in CANCELS.items()),
            ),
            "",
            "## Why an instrument is halted",
            "",
            "`halt_reason` of an instrument whose `market_state` is HALTED. Its orders can only be",
            "canceled.",
            "",
            *_table(
                ("reason", "meaning"),
                ((f"`{reason.name}`", said) for reason, said in HALTS.items()),
            ),
            "",
        ]
    )


def _example() -> str:
    problem = refused(RejectReason.INSUFFICIENT_MARGIN, "30344.5322534", "9696.80507", seq=127)
    return encode(problem.shape("5f66e87c314c3859")).decode()


def _refusals() -> Iterator[tuple[str, ...]]:
    for reason, text in REFUSALS.items():
        status = refused(reason, None, None).status
        meaning = REJECT_TEXTS[reason]
        yield str(status), f"`{reason.name}`", f"{meaning[0].upper()}{meaning[1:]}.", text


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (header, ("---",) * len(header), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
