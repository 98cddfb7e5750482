"""`simulator account borrow`, `repay`, `interest`, `assets`: what they ask and what they say."""

from tests.cli.fake_server import CommandLine, FakeServer
from tests.cli.shapes import Json, held, preview, wallet

IN_DEBT = wallet(
    margin_level="4.33333",
    call_level="1.3",
    liquidation_level="1.1",
    borrow_leverage=3,
    assets=[held(), held(asset="ETH", balance="2", borrowed="2", interest="0.00000834", value="0")],
)
ENTRY: Json = {"wallet": "CROSS", "asset": "ETH", "seq": 9, "time": 1, "wallets": [IN_DEBT]}


def test_a_loan_says_what_it_costs_and_how_near_a_call_is(
    trader: CommandLine, server: FakeServer
) -> None:
    loan = {**ENTRY, "amount": "2", "interest": "0.00000834"}
    server.answers["POST", "/accounts/17/borrow"] = (201, loan)
    done = trader("account", "borrow", "2", "ETH")
    assert server.last.body == {"amount": "2", "wallet": "CROSS", "asset": "ETH"}
    assert "Borrowed 2 ETH; the first hour costs 0.00000834 ETH." in done.out
    assert "CROSS: margin level 4.3333; call at 1.3, liquidation at 1.1" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_all_is_repaid_without_an_amount(trader: CommandLine, server: FakeServer) -> None:
    paid = {**ENTRY, "interest": "0.00000834", "principal": "2"}
    server.answers["POST", "/accounts/17/repay"] = (200, paid)
    done = trader("account", "repay", "all", "ETH", "--wallet", "isolated", "--symbol", "ETHUSDT")
    assert server.last.body == {"wallet": "ISOLATED", "asset": "ETH", "symbol": "ETHUSDT"}
    assert "Repaid 0.00000834 of interest and 2 of the loan in ETH." in done.out


def test_how_much_more_and_the_product_of_cross(trader: CommandLine, server: FakeServer) -> None:
    most = {"wallet": "CROSS", "symbol": None, "asset": "BTC", "amount": "0.5"}
    terms = {"daily_borrow_rate": "0.0001", "seq": 1, "time": 1}
    server.answers["GET", "/accounts/17/borrowable"] = (200, most | terms)
    assert trader("account", "borrowable", "BTC").out == "Up to 0.5 BTC, at 0.01 % a day.\n"
    server.answers["PUT", "/accounts/17/cross-leverage"] = (200, {"leverage": 5, "seq": 1})
    assert trader("account", "cross-leverage", "5").out == "Spot margin in CROSS: 5x\n"


def test_the_hours_of_interest(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/accounts/17/interest"] = (200, {"items": [], "next": None, "seq": 1})
    assert trader("account", "interest").out == "This account has owed nothing yet.\n"
    charge = {"seq": 1, "time": 1_700_000_000_000, "wallet_id": 5, "asset": "ETH"}
    owed = {"principal": "2", "daily_borrow_rate": "0.0001", "interest": "0.00000834"}
    listed = {"items": [charge | owed], "next": None, "seq": 1}
    server.answers["GET", "/accounts/17/interest"] = (200, listed)
    assert "0.00000834" in trader("account", "interest").out


def test_each_asset_of_each_wallet(trader: CommandLine, server: FakeServer) -> None:
    items = [IN_DEBT, wallet(kind="ISOLATED", symbol="ETHUSDT")]
    server.answers["GET", "/accounts/17/wallets"] = (200, {"items": items, "seq": 1, "time": 1})
    lines = trader("account", "assets").out.splitlines()
    assert [line for line in lines if "0.00000834" in line]
    assert [line for line in lines if "ETHUSDT" in line]


def test_a_preview_of_a_spot_order_says_what_it_would_borrow(
    trader: CommandLine, server: FakeServer
) -> None:
    spot = preview(paid_asset="USDT", margin_locked="3000", borrowed="2700", margin_moved="300")
    spot["call_distance"] = "0.01"
    server.answers["POST", "/accounts/17/orders/preview"] = (200, spot)
    marks = {"items": [], "seq": 1, "time": 1}
    server.answers["GET", "/worlds/practice/marks"] = (200, marks)
    done = trader("order", "place", "ETHUSDT", "buy", "2", "--preview", "--no-repay")
    assert "2700 USDT" in done.out.replace(",", "")
    assert "at an index 1.00 % worse than now: that is near" in done.out
    assert server.asked[0].body["auto_repay"] is False
    assert "auto_borrow" not in server.asked[0].body
