"""What became of an account, and why: attribution of its equity, and cards that explain."""

from typing import Annotated, Final

from fastapi import Query, Request, Response
from pydantic import Field

from simulator.analytics.gathering import Kind, NotExplainedError, Subject
from simulator.analytics.journals import StoredJournal
from simulator.api import analysis_shapes
from simulator.api.analyses import Span
from simulator.api.documents import route
from simulator.api.errors import MalformedRequest, NotFound
from simulator.api.rest.common import (
    AccountQuery,
    Own,
    OwnAccount,
    RecordIdPath,
    answer,
    api_of,
    blocking,
)
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import analyses as shapes
from simulator.api.wire import NS_PER_MS

router = v1_router("analyses", "/accounts/{account}")

_LATEST: Final = 1 << 43
"""Milliseconds; in nanoseconds it is below 2^63."""


class PeriodQuery(AccountQuery):
    begin: Annotated[
        int | None,
        Field(
            alias="from",
            ge=0,
            lt=_LATEST,
            description="World time in milliseconds; by default when the account was opened.",
        ),
    ] = None
    end: Annotated[
        int | None,
        Field(
            alias="to",
            ge=0,
            lt=_LATEST,
            description="World time in milliseconds; by default now.",
        ),
    ] = None


@router.get("/attribution", **route(shapes.Attribution, private=True))
async def get_attribution(
    request: Request, own: Own, query: Annotated[PeriodQuery, Query()]
) -> Response:
    """Where the change of the account's equity came from: price, fees, funding and so on."""
    world = own.door.world
    last_seq, now_ns = world.committed_seq, world.state.time_ns
    api = api_of(request)
    histories = api.context.histories
    opened = await blocking(lambda: histories.opened(world.world_id, own.account_id))
    if opened is None:
        raise AssertionError(f"account {own.account_id} has no row")
    opened_seq, opened_ns = opened

    def span(past: StoredJournal) -> Span:
        begin, end = opened_seq - 1, last_seq
        if query.begin is not None:
            begin = max(begin, past.seq_at(query.begin * NS_PER_MS - 1))
        if query.end is not None:
            end = min(end, past.seq_at(query.end * NS_PER_MS))
        if end < begin:
            raise ValueError("`to` should not be before `from`, nor before the account was opened")
        return Span(begin, end)

    try:
        found, read = await api.analyses.attribution(world.world_id, own.account_id, span)
    except ValueError as error:
        raise MalformedRequest(str(error)) from error
    begin_ns = opened_ns if query.begin is None else query.begin * NS_PER_MS
    end_ns = now_ns if query.end is None else query.end * NS_PER_MS
    return answer(analysis_shapes.attribution(own.door.numbers, found, read, (begin_ns, end_ns)))


@router.get("/liquidations/{liquidation_id}/explanation", **route(shapes.Explanation, private=True))
async def explain_liquidation(
    request: Request,
    own: Own,
    liquidation_id: RecordIdPath,
    query: Annotated[AccountQuery, Query()],
) -> Response:
    """LIQ-9: why it happened, who took the other side, and what would have avoided it."""
    histories = api_of(request).context.histories
    world_id = own.door.world.world_id
    row = await blocking(lambda: histories.liquidation(world_id, own.account_id, liquidation_id))
    if row is None:
        raise NotFound("the account has no such liquidation", "UNKNOWN_LIQUIDATION")
    return await _explain(request, own, Subject(Kind.LIQUIDATION, liquidation_id, row.started_seq))


@router.get("/margin-calls/{margin_call_id}/explanation", **route(shapes.Explanation, private=True))
async def explain_margin_call(
    request: Request,
    own: Own,
    margin_call_id: RecordIdPath,
    query: Annotated[AccountQuery, Query()],
) -> Response:
    """CALL-1: why it was issued, how it ends, and what would have avoided it."""
    histories = api_of(request).context.histories
    world_id = own.door.world.world_id
    row = await blocking(lambda: histories.margin_call(world_id, own.account_id, margin_call_id))
    if row is None:
        raise NotFound("the account has no such margin call", "UNKNOWN_MARGIN_CALL")
    return await _explain(request, own, Subject(Kind.MARGIN_CALL, margin_call_id, row.issued_seq))


async def _explain(request: Request, own: OwnAccount, subject: Subject) -> Response:
    """A card that takes longer than a request waits is there when it is asked for again."""
    world = own.door.world
    analyses = api_of(request).analyses
    try:
        found = await analyses.explanation(world.world_id, subject, world.committed_seq)
    except NotExplainedError as error:
        raise NotFound(str(error), "NOT_EXPLAINED") from error
    return answer(analysis_shapes.explanation(own.door.numbers, found))
