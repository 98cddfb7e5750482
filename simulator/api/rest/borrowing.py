"""Borrowing by hand: loans, repayments, how much more, and what it cost."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response

from simulator.api import history_shapes, names, present
from simulator.api.documents import route
from simulator.api.errors import MalformedRequest, NotFound
from simulator.api.receipts import first_interest, repaid
from simulator.api.rest.common import (
    AccountListQuery,
    AccountQuery,
    OneSymbol,
    Own,
    answer,
    api_of,
    decoder,
    durable,
    history,
    read_body,
    submit,
)
from simulator.api.rest.lists import answer_list
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import borrowing as shapes
from simulator.api.shapes.base import Page
from simulator.api.wire import milliseconds
from simulator.core.model.commands import BorrowFunds, RepayFunds, SetCrossLeverage
from simulator.core.model.enums import WalletKind
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from simulator.core.rules.borrowing import most_borrowable
from simulator.decimal_text import format_rate

router = v1_router("borrowing", "/accounts/{account}")

InWorld = Annotated[AccountQuery, Query()]

_borrow_decoder = decoder(shapes.BorrowRequest)
_repay_decoder = decoder(shapes.RepayRequest)
_leverage_decoder = decoder(shapes.CrossLeverageRequest)


class BorrowableQuery(AccountQuery):
    wallet: Annotated[
        Literal["CROSS", "ISOLATED"], Query(description="Which wallet would owe it.")
    ] = "CROSS"
    asset: Annotated[
        str | None, Query(max_length=20, description="Its code; the valuation asset if left out.")
    ] = None
    symbol: OneSymbol = None


@router.post("/borrow", **route(shapes.Loan, status=201, body=shapes.BorrowRequest, private=True))
async def borrow(request: Request, own: Own, query: InWorld) -> Response:
    """BOR-1, BOR-2: lends to CROSS, or to the isolated wallet of a pair."""
    body: shapes.BorrowRequest = await read_body(request, _borrow_decoder)
    door, numbers = own.door, own.door.numbers
    asset_id = numbers.asset_id(body.asset)
    command = BorrowFunds(
        own.account_id,
        names.WALLET_KINDS[body.wallet],
        asset_id,
        numbers.parse_amount(body.amount, asset_id),
        _pair_of(own, body.wallet, body.symbol),
    )
    receipt = await submit(door, command, asset_id=asset_id)
    shape = shapes.Loan(
        wallet=body.wallet,
        asset=numbers.asset_code(asset_id),
        amount=numbers.amount(command.amount, asset_id),
        interest=numbers.amount(first_interest(receipt), asset_id),
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
        wallets=present.wallets(numbers, door.world.state, own.account_id),
    )
    return answer(await durable(door.world, shape), 201)


@router.post("/repay", **route(shapes.Repayment, body=shapes.RepayRequest, private=True))
async def repay(request: Request, own: Own, query: InWorld) -> Response:
    """BOR-1: out of the wallet's free balance, interest first."""
    body: shapes.RepayRequest = await read_body(request, _repay_decoder)
    door, numbers = own.door, own.door.numbers
    asset_id = numbers.asset_id(body.asset)
    command = RepayFunds(
        own.account_id,
        names.WALLET_KINDS[body.wallet],
        asset_id,
        None if body.amount is None else numbers.parse_amount(body.amount, asset_id),
        _pair_of(own, body.wallet, body.symbol),
    )
    receipt = await submit(door, command, asset_id=asset_id)
    interest, principal = repaid(receipt)
    shape = shapes.Repayment(
        wallet=body.wallet,
        asset=numbers.asset_code(asset_id),
        interest=numbers.amount(interest, asset_id),
        principal=numbers.amount(principal, asset_id),
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
        wallets=present.wallets(numbers, door.world.state, own.account_id),
    )
    return answer(await durable(door.world, shape))


@router.get("/borrowable", **route(shapes.Borrowable, private=True))
async def get_borrowable(own: Own, query: Annotated[BorrowableQuery, Query()]) -> Response:
    """BOR-2: the most that would be lent now: pool, cap and margin are looked at."""
    door, numbers = own.door, own.door.numbers
    asset_id = numbers.asset_id(query.asset)
    state = door.world.state
    kind = names.WALLET_KINDS[query.wallet]
    pair = _pair_of(own, query.wallet, query.symbol)
    wallet_id = _wallet_id(own, kind, pair)
    shape = shapes.Borrowable(
        wallet=query.wallet,
        symbol=query.symbol,
        asset=numbers.asset_code(asset_id),
        amount=numbers.amount(most_borrowable(state, wallet_id, asset_id), asset_id),
        daily_borrow_rate=format_rate(state.assets[asset_id].borrow_rate),
        seq=state.seq,
        time=present.world_time(door.world),
    )
    return answer(await durable(door.world, shape))


@router.put(
    "/cross-leverage",
    **route(shapes.CrossLeverageSet, body=shapes.CrossLeverageRequest, private=True),
)
async def set_cross_leverage(request: Request, own: Own, query: InWorld) -> Response:
    """BOR-5: 3 or 5 times; with a debt, the margin of the other product must be covered."""
    body: shapes.CrossLeverageRequest = await read_body(request, _leverage_decoder)
    receipt = await submit(own.door, SetCrossLeverage(own.account_id, body.leverage))
    return answer(shapes.CrossLeverageSet(leverage=body.leverage, seq=receipt.seq))


@router.get("/interest", **route(Page[shapes.InterestCharge], private=True, is_list=True))
async def list_interest(
    request: Request, own: Own, query: Annotated[AccountListQuery, Query()]
) -> Response:
    """BOR-3: the hours of interest on what the account's wallets owed."""
    door, window = own.door, query.window()
    histories = api_of(request).context.histories
    page = await history(
        door,
        lambda: histories.interest(door.world.world_id, own.account_id, window),
        lambda row: history_shapes.interest_charge(door.numbers, row),
    )
    return answer_list(query, page, shapes.InterestCharge)


def _pair_of(own: Own, wallet: str, symbol: str | None) -> int | None:
    """The instrument of an isolated wallet. Raises MalformedRequest, NotFound."""
    if (wallet == "ISOLATED") != (symbol is not None):
        raise MalformedRequest("symbol: an ISOLATED wallet has the one of its pair, CROSS has none")
    return None if symbol is None else own.door.numbers.by_symbol(symbol).instrument_id


def _wallet_id(own: Own, kind: WalletKind, pair: int | None) -> int:
    """Raises NotFound: the isolated wallet of a pair comes into being with its first transfer."""
    state = own.door.world.state
    if kind is WalletKind.CROSS or pair is None:
        return state.accounts[own.account_id].cross_wallet_id
    wallet = state.isolated_wallets.get((own.account_id, pair, None))
    if wallet is None:
        reason = RejectReason.UNKNOWN_WALLET
        raise NotFound(REJECT_TEXTS[reason], reason.name)
    return wallet.wallet_id
