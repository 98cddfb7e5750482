"""Guests, their accounts and wallets, and who may see them."""

from pathlib import Path

import pytest

from simulator.core.model.enums import PositionSide
from simulator.database.identity import LinkedAccount
from simulator.runtime.clocks import ClockMode, WorldClock
from tests.api.venue import BTC, ETH, START_NS, Json, Trader, Venue, open_venue

pytestmark = pytest.mark.anyio


async def test_a_guest_gets_an_account_with_paper_money(venue: Venue) -> None:
    response = await venue.client.post("/v1/guests", json={"display_name": "Ann"})
    guest = response.json()
    assert response.status_code == 201
    assert guest["world"] == "practice"
    trader = Trader(venue.client, guest)
    spot, cross = await trader.items("/wallets")
    assert (spot["kind"], spot["balance"], spot["maintenance_margin"]) == ("SPOT", "0", None)
    assert (cross["kind"], cross["asset"], cross["balance"]) == ("CROSS", "USDT", "10000")
    assert cross["available_balance"] == cross["withdrawable"] == "10000"
    assert cross["margin_ratio"] is None
    assert guest["seq"] <= (await trader.get("/wallets"))["seq"]
    own = await venue.client.get("/v1/accounts", headers=trader.headers)
    assert own.json()["items"] == [
        {"account_id": trader.account_id, "world": "practice", "label": "practice"}
    ]


async def test_each_guest_is_somebody_else(venue: Venue) -> None:
    ann, bob = await venue.join(), await venue.join()
    assert ann.account_id != bob.account_id
    assert ann.token != bob.token


async def test_an_account_has_the_settings_of_wal_3(venue: Venue) -> None:
    trader = await venue.join()
    account = await trader.get()
    assert account["open_orders"] == 0
    assert account["settings"][0] == {"symbol": BTC, "margin_mode": "ISOLATED", "leverage": 3}
    await trader.set_up(BTC, "CROSS", 20)
    account = await trader.get()
    assert account["settings"][0] == {"symbol": BTC, "margin_mode": "CROSS", "leverage": 20}
    await trader.place()
    assert (await trader.get())["open_orders"] == 1


async def test_settings_refuse_with_reason_and_numbers(venue: Venue) -> None:
    trader = await venue.join()
    response = await trader.call("PUT", "/leverage", json={"symbol": BTC, "leverage": 1000})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "LEVERAGE_NOT_ALLOWED")
    highest = (await venue.public(f"/instruments/{BTC}"))["max_leverage"]
    assert (problem["needed"], problem["available"]) == ("1000", str(highest))
    assert problem["seq"] == venue.world.committed_seq
    await trader.place()
    body = {"symbol": BTC, "margin_mode": "CROSS"}
    response = await trader.call("PUT", "/margin-mode", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "OPEN_POSITION_OR_ORDER")


async def test_transfers_move_money_between_own_wallets(venue: Venue) -> None:
    trader = await venue.join()
    body = {"source": "CROSS", "target": "SPOT", "amount": "2500.5"}
    response = await trader.call("POST", "/transfers", json=body)
    assert response.status_code == 201
    transfer = response.json()
    assert (transfer["amount"], transfer["asset"]) == ("2500.5", "USDT")
    assert [each["balance"] for each in transfer["wallets"]] == ["2500.5", "7499.5"]
    too_much = {"source": "CROSS", "target": "SPOT", "amount": "7499.50000001"}
    response = await trader.call("POST", "/transfers", json=too_much)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "INSUFFICIENT_BALANCE")
    assert (problem["needed"], problem["available"]) == ("7499.50000001", "7499.5")
    assert "needed 7499.50000001, available 7499.5" in problem["detail"]


async def test_margin_is_added_to_an_isolated_position(venue: Venue) -> None:
    maker, taker = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20000")
    await taker.place(price="20000")
    (before,) = await taker.items("/positions")
    body = {
        "source": "CROSS",
        "target": "ISOLATED",
        "amount": "10",
        "symbol": BTC,
        "position_side": "LONG",
    }
    response = await taker.call("POST", "/transfers", json=body)
    assert response.status_code == 201, response.text
    (isolated,) = [each for each in response.json()["wallets"] if each["kind"] == "ISOLATED"]
    assert (isolated["symbol"], isolated["position_side"]) == (BTC, "LONG")
    (after,) = await taker.items("/positions")
    assert float(after["margin"]) == pytest.approx(float(before["margin"]) + 10)
    assert float(after["liquidation_price"]) < float(before["liquidation_price"])
    short = await taker.call("POST", "/transfers", json={**body, "position_side": "SHORT"})
    assert (short.status_code, short.json()["code"]) == (404, "UNKNOWN_WALLET")


async def test_positions_show_what_the_formulas_give(venue: Venue) -> None:
    """1 BTC, 20,000 notional at 3x isolated: the newcomer's numbers of MARG-7 and MARG-8."""
    maker, taker = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20000", quantity="0.3")
    await taker.place(price="20000", quantity="0.3")
    (position,) = await taker.items("/positions")
    assert (position["symbol"], position["side"], position["quantity"]) == (BTC, "LONG", "0.3")
    assert (position["entry_price"], position["mark_price"]) == ("20000", "20000")
    assert (position["notional"], position["margin"]) == ("6000", "2000")
    assert (position["unrealized_pnl"], position["roi"]) == ("0", "0")
    assert position["liquidation_status"] == "OK"
    rate = float(
        (await venue.public(f"/instruments/{BTC}"))["risk_tiers"][0]["maintenance_margin_rate"]
    )
    expected = 20_000 * (1 - 1 / 3) / (1 - rate)
    assert float(position["liquidation_price"]) == pytest.approx(expected, abs=0.01)
    assert float(position["bankruptcy_price"]) == pytest.approx(20_000 * 2 / 3, abs=0.01)
    await venue.set_index({1: 21_000_00})
    (position,) = await taker.items("/positions")
    assert (position["unrealized_pnl"], position["roi"]) == ("300", "0.142857142857")
    exposure = venue.world.state.exposures[taker.account_id][1]
    assert exposure.long is not None
    assert exposure.long.side == PositionSide.LONG


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer nobody", "Basic YTpi", "x" * 400]
)
async def test_without_a_good_token_nothing_private_is_told(venue: Venue, header: str) -> None:
    trader = await venue.join()
    for method, path in (
        ("GET", "/v1/accounts"),
        ("GET", f"/v1/accounts/{trader.account_id}/wallets"),
        ("DELETE", f"/v1/accounts/{trader.account_id}/orders"),
    ):
        before = venue.hash()
        response = await venue.client.request(method, path, headers={"Authorization": header})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["code"] == "NOT_AUTHENTICATED"
        assert venue.hash() == before


async def test_a_revoked_token_is_refused_once_it_is_forgotten(venue: Venue) -> None:
    trader = await venue.join()
    await trader.get("/wallets")
    api = venue.app.state.api
    api.context.identities.revoke_token(trader.token)
    (caller,) = [
        await api.callers.of_token(trader.token)  # still remembered
    ]
    api.callers.forget(caller.user.user_id)
    assert (await trader.call("GET", "/wallets")).status_code == 401


PRIVATE = [
    ("GET", "", None),
    ("GET", "/wallets", None),
    ("GET", "/positions", None),
    ("GET", "/orders", None),
    ("GET", "/orders?status=ALL", None),
    ("GET", "/orders/1", None),
    ("GET", "/fills", None),
    ("GET", "/ledger", None),
    ("GET", "/margin-calls", None),
    ("GET", "/liquidations", None),
    ("GET", "/liquidations/1", None),
    ("POST", "/transfers", {"source": "CROSS", "target": "SPOT", "amount": "1"}),
    ("PUT", "/leverage", {"symbol": BTC, "leverage": 5}),
    ("PUT", "/margin-mode", {"symbol": ETH, "margin_mode": "CROSS"}),
    (
        "POST",
        "/orders",
        {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "1"},
    ),
    (
        "POST",
        "/orders/preview",
        {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "1"},
    ),
    ("PATCH", "/orders/1", {"price": "19000"}),
    ("DELETE", "/orders/1", None),
    ("DELETE", "/orders", None),
]


@pytest.mark.parametrize(("method", "path", "body"), PRIVATE)
async def test_other_peoples_accounts_are_not_there(
    venue: Venue, method: str, path: str, body: object
) -> None:
    owner, stranger = await venue.join(), await venue.join()
    await owner.place()
    before = venue.hash()
    for account in (owner.account_id, 1, 999_999):
        url = f"/v1/accounts/{account}{path}"
        response = await venue.client.request(method, url, headers=stranger.headers, json=body)
        assert response.status_code == 404, response.text
        assert response.json()["code"] == "UNKNOWN_ACCOUNT"
    assert venue.hash() == before


async def test_other_peoples_orders_are_not_there(venue: Venue) -> None:
    owner, stranger = await venue.join(), await venue.join()
    order_id = (await owner.place())["order"]["order_id"]
    before = venue.hash()
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"price": "19000"})):
        response = await stranger.call(method, f"/orders/{order_id}", json=body)
        assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_ORDER")
    assert venue.hash() == before


async def test_an_account_belongs_to_its_world(venue: Venue) -> None:
    trader = await venue.join()
    assert (await trader.get("/wallets", world="practice"))["items"]
    response = await trader.call("GET", "/wallets", params={"world": "elsewhere"})
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_ACCOUNT")


async def test_an_account_that_its_world_does_not_know_is_not_there(venue: Venue) -> None:
    """Identities outlive the journal of a world that was begun anew."""
    trader = await venue.join()
    api = venue.app.state.api
    user_id = (await api.callers.of_token(trader.token)).user.user_id
    lost = LinkedAccount("practice", 500, "lost", 1)
    api.context.identities.link_account(user_id, lost)
    api.callers.forget(user_id)
    response = await venue.client.get("/v1/accounts/500/wallets", headers=trader.headers)
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_ACCOUNT")


async def test_a_paused_world_takes_cancels_only(database: Path) -> None:
    clock = WorldClock(ClockMode.REAL, START_NS)
    async with open_venue(database, clock=clock) as venue:
        trader = await venue.join()
        order_id = (await trader.place())["order"]["order_id"]
        clock.pause()
        response = await trader.call("POST", "/transfers", json=PRIVATE[11][2])
        assert (response.status_code, response.json()["code"]) == (503, "WORLD_PAUSED")
        response = await venue.client.post("/v1/guests")
        assert (response.status_code, response.json()["code"]) == (503, "WORLD_PAUSED")
        assert (await trader.items("/orders")) != []
        response = await trader.call("DELETE", f"/orders/{order_id}")
        assert response.status_code == 200


async def test_hedge_mode(venue: Venue) -> None:
    """WAL-3: a long and a short position, and what orders and positions then say."""
    ann = await venue.join()
    for mode, status in (("ONE_WAY", 200), ("BOTH", 422), ("HEDGE", 200)):
        response = await ann.call("PUT", "/position-mode", json={"position_mode": mode})
        assert response.status_code == status
    assert (await ann.get())["position_mode"] == "HEDGE"
    bob = await venue.join()
    for side in ("BUY", "SELL"):
        price = "20000" if side == "SELL" else "19990"
        await bob.place(side=side, price=price, quantity="0.1")
    market: Json = {"order_type": "MARKET", "price": None}
    bought = await ann.place(side="BUY", quantity="0.02", position_side="LONG", **market)
    assert (bought["order"]["position_side"], bought["order"]["reduce_only"]) == ("LONG", False)
    await ann.place(side="SELL", quantity="0.01", position_side="SHORT", **market)
    held = [(each["side"], each["quantity"]) for each in await ann.items("/positions")]
    assert held == [("LONG", "0.02"), ("SHORT", "0.01")]
    closing = await ann.place(side="SELL", quantity="0.05", position_side="LONG", **market)
    assert (closing["order"]["reduce_only"], closing["order"]["filled_quantity"]) == (True, "0.02")
    history = await ann.items("/orders", status="ALL")
    assert {each["position_side"] for each in history} == {"LONG", "SHORT"}
    response = await ann.call("PUT", "/position-mode", json={"position_mode": "ONE_WAY"})
    assert response.json()["code"] == "OPEN_POSITION_OR_ORDER"
    unnamed = await ann.call("POST", "/orders", json=closing_request())
    assert unnamed.json()["code"] == "POSITION_SIDE_MISMATCH"


def closing_request() -> dict[str, str]:
    """A reduction that names no position."""
    return {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "0.01"}
