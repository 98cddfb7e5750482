"""How every list is answered: as JSON, or as CSV for `?format=csv`, from the same shapes."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from fastapi import Response

from simulator.api.csv_text import csv_text
from simulator.api.documents import CSV, JSON, NEXT_CURSOR
from simulator.api.rest.common import FormatQuery
from simulator.api.shapes.base import Shape


class ListShape(Protocol):
    """A shape with `items`; one that comes in pages has `next`, too."""

    @property
    def items(self) -> Sequence[Shape]: ...


def answer_list(query: FormatQuery, shape: ListShape, item: type[Shape]) -> Response:
    """Answers items of the shape `item` in the format that the query asks for.

    In CSV the cursor of the next page is the header `X-Next-Cursor`, left out at the end.
    """
    if query.format == "json":
        return Response(msgspec.json.encode(shape), media_type=JSON)
    following: str | None = getattr(shape, "next", None)
    headers = {} if following is None else {NEXT_CURSOR: following}
    return Response(csv_text(item, shape.items), headers=headers, media_type=CSV)
