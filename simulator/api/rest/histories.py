"""What happened to an account: fills, ledger, margin calls, liquidations."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from simulator.api import history_shapes
from simulator.api.documents import route
from simulator.api.errors import NotFound
from simulator.api.rest.common import (
    AccountListQuery,
    AccountQuery,
    AccountSymbolListQuery,
    Own,
    RecordIdPath,
    answer,
    api_of,
    blocking,
    history,
)
from simulator.api.rest.lists import answer_list
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import histories as shapes
from simulator.api.shapes.base import Page
from simulator.api.shapes.orders import Fill
from simulator.database.history_items import (
    DeleveragingItem,
    LiquidationItem,
    LiquidationStepItem,
    TakeoverItem,
)
from simulator.database.queries import Histories

router = v1_router("histories", "/accounts/{account}")


def _histories(request: Request) -> Histories:
    return api_of(request).context.histories


@router.get("/fills", **route(Page[Fill], private=True, is_list=True))
async def list_fills(
    request: Request, own: Own, query: Annotated[AccountSymbolListQuery, Query()]
) -> Response:
    """The account's halves of trades."""
    door, account_id, window = own.door, own.account_id, query.window()
    instrument_id = None
    if query.symbol is not None:
        instrument_id = door.numbers.by_symbol(query.symbol).instrument_id
    pages = await history(
        door,
        lambda: _histories(request).fills(
            door.world.world_id, account_id, window, instrument_id=instrument_id
        ),
        lambda row: history_shapes.fills(door.numbers, account_id, row),
    )
    items = [fill for fills in pages.items for fill in fills]
    page = Page(items=items, next=pages.next, seq=pages.seq)
    return answer_list(query, page, Fill)


@router.get("/ledger", **route(Page[shapes.LedgerEntry], private=True, is_list=True))
async def list_ledger(
    request: Request, own: Own, query: Annotated[AccountListQuery, Query()]
) -> Response:
    """LED-2: every transfer into and out of the account's wallets."""
    door, window = own.door, query.window()
    page = await history(
        door,
        lambda: _histories(request).ledger(door.world.world_id, own.account_id, window),
        lambda row: history_shapes.ledger_entry(door.numbers, row),
    )
    return answer_list(query, page, shapes.LedgerEntry)


@router.get("/funding", **route(Page[shapes.FundingPayment], private=True, is_list=True))
async def list_funding_payments(
    request: Request, own: Own, query: Annotated[AccountListQuery, Query()]
) -> Response:
    """FND-2: what the account's positions paid and received at funding stamps."""
    door, window = own.door, query.window()
    page = await history(
        door,
        lambda: _histories(request).funding_payments(door.world.world_id, own.account_id, window),
        lambda row: history_shapes.funding_payment(door.numbers, row),
    )
    return answer_list(query, page, shapes.FundingPayment)


@router.get("/margin-calls", **route(Page[shapes.MarginCall], private=True, is_list=True))
async def list_margin_calls(
    request: Request, own: Own, query: Annotated[AccountListQuery, Query()]
) -> Response:
    """CALL-1: each with its cure, and how it ended."""
    door, window = own.door, query.window()
    page = await history(
        door,
        lambda: _histories(request).margin_calls(door.world.world_id, own.account_id, window),
        lambda row: history_shapes.margin_call(door.numbers, row),
    )
    return answer_list(query, page, shapes.MarginCall)


@router.get("/liquidations", **route(Page[shapes.Liquidation], private=True, is_list=True))
async def list_liquidations(
    request: Request, own: Own, query: Annotated[AccountListQuery, Query()]
) -> Response:
    """LIQ-9: forced closes of the account's wallets."""
    door, window = own.door, query.window()
    page = await history(
        door,
        lambda: _histories(request).liquidations(
            door.world.world_id, window, account_id=own.account_id
        ),
        lambda row: history_shapes.liquidation(door.numbers, row),
    )
    return answer_list(query, page, shapes.Liquidation)


@router.get("/liquidations/{liquidation_id}", **route(shapes.LiquidationDetail, private=True))
async def get_liquidation(
    request: Request,
    own: Own,
    liquidation_id: RecordIdPath,
    query: Annotated[AccountQuery, Query()],
) -> Response:
    """One liquidation with its steps, what the insurance fund took, and what fell to others."""
    door, numbers = own.door, own.door.numbers
    seq = door.world.committed_seq
    found = await blocking(
        lambda: _whole(_histories(request), door.world.world_id, own.account_id, liquidation_id)
    )
    if found is None:
        raise NotFound("the account has no such liquidation", "UNKNOWN_LIQUIDATION")
    row, steps, takeovers, deleveragings = found
    summary = msgspec.structs.asdict(history_shapes.liquidation(numbers, row))
    shape = shapes.LiquidationDetail(
        **summary,
        steps=[history_shapes.liquidation_step(numbers, step) for step in steps],
        takeovers=[history_shapes.takeover(numbers, each) for each in takeovers],
        deleveragings=[history_shapes.deleveraging(numbers, each) for each in deleveragings],
        seq=seq,
    )
    return answer(shape)


_Whole = tuple[
    LiquidationItem, list[LiquidationStepItem], list[TakeoverItem], list[DeleveragingItem]
]


def _whole(
    histories: Histories, world_id: str, account_id: int, liquidation_id: int
) -> _Whole | None:
    row = histories.liquidation(world_id, account_id, liquidation_id)
    if row is None:
        return None
    steps = histories.liquidation_steps(world_id, liquidation_id)
    takeovers = histories.takeovers(world_id, liquidation_id)
    return row, steps, takeovers, histories.deleveragings(world_id, liquidation_id)
