"""The story behind the examples of the OpenAPI document: Ann and Bob at the test venue.

Everything in it is the same each time it is told, but for what chance makes up (tokens, ids of
users and of requests) and the wall clock; in the recording those are words of our own.
"""

from typing import Any

import httpx

from simulator.api.documents import operations
from simulator.api.examples import Example
from tests.api.venue import BTC, ETH, Json, Venue, open_spot_market, order_body

INVENTED: Json = {
    "user_id": "user-of-the-example",
    "token": "token-of-the-example",
    "token_expires": 1_702_592_000_000,
    "token_id": "token-id-of-the-example",
    "created": 1_700_000_000_000,
    "expires": 1_702_592_000_000,
    "api_key": "api-key-of-the-example",
    "secret": "secret-of-the-example",
    "csrf_token": "csrf-token-of-the-example",
    "request_id": "0123456789abcdef",
    "server_time": 1_700_000_000_000,
}
"""What stands in the recording instead of what is different each time."""


CONTROL = {
    "create_world",
    "pause_world",
    "resume_world",
    "set_market_state",
    "set_world_speed",
    "step_world",
}
RUNNING: Json = {"time": 1_700_000_000_000, "seq": 120}


class Story:
    """Asks the venue by operation id, and remembers requests and answers."""

    def __init__(self, venue: Venue, document: Json) -> None:
        self.venue = venue
        self.examples: dict[str, list[Example]] = {}
        self._places = {
            operation["operationId"]: (method.upper(), path)
            for path, method, operation in operations(document)
        }

    async def ask(
        self,
        operation: str,
        said: str,
        token: str | None = None,
        body: Any = None,
        **values: Any,
    ) -> Any:
        """One request. Values named in the path go there, the others into the query."""
        method, path = self._places[operation]
        in_path = {name: value for name, value in values.items() if f"{{{name}}}" in path}
        query = {name: value for name, value in values.items() if name not in in_path}
        response = await self.venue.client.request(
            method,
            path.format(**in_path),
            params=query,
            json=body,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
        )
        told = self.examples.setdefault(operation, [])
        example = Example(
            name=f"example-{len(told) + 1}",
            said=said,
            path=_without_chance(in_path, INVENTED),
            query=query,
            body=body,
            status=response.status_code,
            media_type=_media_type(response),
            answer=_without_chance(_answer(response), _invented(operation)),
        )
        told.append(example)
        return _answer(response)


def _media_type(response: httpx.Response) -> str:
    return response.headers["content-type"].partition(";")[0] if response.content else ""


def _answer(response: httpx.Response) -> Any:
    """None of an answer that says nothing (204)."""
    if not response.content:
        return None
    return response.text if "csv" in response.headers["content-type"] else response.json()


def _invented(operation: str) -> Json:
    """A world that runs by itself is at another time and seq whenever the story is told."""
    return {**INVENTED, **RUNNING} if operation in CONTROL else INVENTED


def _without_chance(value: Any, invented: Json) -> Any:
    if isinstance(value, dict):
        return {
            key: invented[key] if key in invented else _without_chance(each, invented)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without_chance(each, invented) for each in value]
    return value


class Guest:
    """Somebody of the story, and their requests."""

    def __init__(self, story: Story, joined: Json) -> None:
        self._story = story
        self.account_id: int = joined["account_id"]
        self.token: str = joined["token"]

    async def ask(self, operation: str, said: str, body: Any = None, **values: Any) -> Any:
        return await self._story.ask(
            operation, said, self.token, body, **{"account": self.account_id, **values}
        )


async def tell(venue: Venue) -> dict[str, list[Example]]:
    """The examples by operation id."""
    document = (await venue.client.get("/v1/openapi.json")).json()
    story = Story(venue, document)
    ann = Guest(story, await story.ask("join", "Joining", body={"display_name": "Ann"}))
    bob = Guest(story, await story.ask("join", "Joining without a name", body={}))
    await _set_up(story, bob)
    await _trade(ann, bob)
    await _look_around(story)
    await _lose(venue, ann, bob)
    await _read(bob)
    await _borrow(venue, story, ann)
    await _own_a_world(story, ann.token, bob.token)
    await _identify(story, bob)
    return story.examples


async def _set_up(story: Story, bob: Guest) -> None:
    await story.ask("list_accounts", "The caller's accounts", bob.token)
    await story.ask("list_accounts", "Without a token")
    mode = {"symbol": BTC, "margin_mode": "ISOLATED"}
    await bob.ask("set_margin_mode", "Margin of its own for BTC", mode)
    await bob.ask("set_leverage", "Twenty times", {"symbol": BTC, "leverage": 20})
    too_high = {"symbol": BTC, "leverage": 1_000}
    await bob.ask("set_leverage", "More than the risk tier allows", too_high)
    transfer = {"source": "CROSS", "target": "SPOT", "amount": "1000"}
    await bob.ask("transfer", "From CROSS to SPOT", transfer)
    await bob.ask("transfer", "More than there is", {**transfer, "amount": "1000000"})
    await bob.ask("get_account", "Fees and settings")


async def _trade(ann: Guest, bob: Guest) -> None:
    await ann.ask("set_leverage", "Twenty times", {"symbol": BTC, "leverage": 20})
    offer = order_body(side="SELL", price="20000", quantity="0.6", client_order_id="offer-1")
    await ann.ask("place_order", "A limit order that rests", offer)
    await ann.ask("place_order", "The same request again (ORD-7)", offer)
    market = {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "0.5"}
    await bob.ask("preview_order", "What a market order would do", market)
    await bob.ask("preview_order", "Too much", {**market, "quantity": "40"})
    await bob.ask("place_order", "A market order", market)
    await bob.ask("place_order", "Too much", order_body(quantity="40"))
    await bob.ask("place_order", "A price with a sign", order_body(price="-5"))
    bid = order_body(price="19500", quantity="0.01", client_order_id="bid-1")
    order_id = (await bob.ask("place_order", "A bid", bid))["order"]["order_id"]
    await bob.ask("list_orders", "Open orders", symbol=BTC)
    await bob.ask("get_order", "By its number", order_id=order_id)
    await bob.ask("get_order", "There is none", order_id=order_id + 1_000)
    await bob.ask("get_order_by_client_id", "By its own id", client_order_id="bid-1")
    await bob.ask("amend_order", "A better price", {"price": "19600"}, order_id=order_id)
    await bob.ask("amend_order", "Off the tick", {"price": "19600.05"}, order_id=order_id)
    await bob.ask("cancel_order", "Canceled", order_id=order_id)
    await bob.ask("cancel_order", "It is gone already", order_id=order_id)
    await bob.ask("place_order", "Another bid", order_body(symbol=ETH, price="1450"))
    await bob.ask("cancel_all_orders", "All on one instrument", symbol=ETH)
    await _wait_for_prices(bob)
    await bob.ask("list_positions", "A long of half a bitcoin")
    await bob.ask("list_wallets", "SPOT, CROSS and the isolated wallet")


async def _wait_for_prices(bob: Guest) -> None:
    """A bracket, a batch, and a dead man's switch; nothing is left of them."""
    exit_order = {"symbol": BTC, "side": "SELL", "order_type": "STOP_MARKET", "reduce_only": True}
    entry = order_body(price="19000", quantity="0.01", client_order_id="entry-1")
    stop = {**exit_order, "trigger_price": "18000"}
    bracket = {"list_type": "OTO", "orders": [entry, stop]}
    placed = await bob.ask("place_order_list", "An entry and its stop", bracket)
    await bob.ask("place_order_list", "The same request again (ORD-7)", bracket)
    oco = {"list_type": "OCO", "orders": [entry, entry]}
    await bob.ask("place_order_list", "Two limit orders are no OCO", oco)
    await bob.ask("cancel_order_list", "All of it", order_id=placed["list_id"])
    await bob.ask("cancel_order_list", "It is gone already", order_id=placed["list_id"])
    closing = {**exit_order, "close_position": True, "trigger_price": "19000"}
    closing.pop("reduce_only")
    await bob.ask("place_order", "A stop for the whole position", closing)
    met = {**closing, "trigger_price": "20500"}
    await bob.ask("place_order", "A trigger that is met already", met)
    orders = [order_body(price="19100", quantity="0.01"), order_body(price="1", quantity="0.01")]
    batch = await bob.ask("place_orders", "One is taken, one is not", {"orders": orders})
    order_id = batch["items"][0]["result"]["order"]["order_id"]
    await bob.ask("cancel_orders", "One of them is open", {"order_ids": [order_id, 999]})
    await bob.ask("set_countdown", "Half a minute", {"countdown": 30_000, "symbol": BTC})
    await bob.ask("list_countdowns", "The switches that are armed")
    await bob.ask("set_countdown", "Disarmed", {"countdown": None, "symbol": BTC})
    await bob.ask("set_countdown", "Too short", {"countdown": 10, "symbol": BTC})
    await bob.ask("cancel_all_orders", "All on one instrument", symbol=BTC)


async def _look_around(story: Story) -> None:
    await story.ask("health", "The process lives")
    await story.ask("ready", "And it serves")
    await story.ask("list_worlds", "All worlds")
    world = {"world": "practice"}
    await story.ask("get_world", "Status and clock", **world)
    await story.ask("get_world", "There is no such world", world="nowhere")
    await story.ask("get_clock", "World time", **world)
    await story.ask("list_instruments", "All terms", **world)
    await story.ask("get_instrument", "With its risk tiers", symbol=BTC, **world)
    await story.ask("list_risk_tiers", "As CSV", symbol=ETH, format="csv", **world)
    await story.ask("list_risk_tiers", "Of one instrument", symbol=BTC, **world)
    await story.ask("get_depth", "Five levels", symbol=BTC, levels=5, **world)
    await story.ask("get_depth", "No levels", symbol=BTC, levels=0, **world)
    await story.ask("list_marks", "All prices", **world)
    await story.ask("list_statistics", "The last 24 hours", **world)
    await story.ask("list_trades", "The newest first", symbol=BTC, limit=2, **world)
    await story.ask("list_funding_rates", "The newest first", symbol=BTC, limit=2, **world)
    candles = {"symbol": BTC, "interval": "1h", "source": "MARK", **world}
    await story.ask("list_candles", "Hours of the mark price", **candles)
    await story.ask("list_candles", "As CSV", format="csv", **candles)
    await _calculate(story)


async def _calculate(story: Story) -> None:
    trade: Json = {"world": "practice", "symbol": BTC, "entry": "20000"}
    long: Json = {**trade, "side": "LONG", "leverage": 10}
    await story.ask("calculate_liquidation", "Ten times", **long)
    await story.ask("calculate_liquidation", "Too high", **{**long, "leverage": 500})
    await story.ask("calculate_pnl", "Five percent up", exit="21000", **long)
    await story.ask("calculate_target", "Where a long breaks even", side="LONG", **trade)
    await story.ask("calculate_size", "A hundred at stake", risk="100", stop="19500", **trade)
    await story.ask("calculate_size", "A stop at the entry", risk="100", stop="20000", **trade)
    all_in: Json = {**trade, "balance": "1000", "leverage": 10}
    await story.ask("calculate_largest", "With a thousand", **all_in)
    await story.ask("calculate_margin", "Ten times", **long)
    side: Json = {"world": "practice", "symbol": BTC, "side": "LONG"}
    fills = "0.1@20000,0.3@18000,-0.2@19000"
    await story.ask("calculate_average", "Bought twice, sold once", fills=fills, **side)
    await _calculate_holding(story, {**side, "entry": "20000"})


async def _calculate_holding(story: Story, long: Json) -> None:
    loan: Json = {"world": "practice", "principal": "16000", "daily_rate": "0.0003"}
    await story.ask("calculate_interest", "A day of a loan", hours=24, assets="20000", **loan)
    await story.ask("calculate_funding", "A day at 0.01 %", rate="0.0001", hours=24, **long)
    others = f"{ETH}:SHORT:2:1500:1450"
    cross: Json = {**long, "balance": "3000", "mark": "19500", "others": others}
    await story.ask("calculate_cross", "Beside a short of ETH", **cross)
    odds: Json = {**long, "leverage": 20, "volatility": "0.8", "paths": 500, "steps": 50}
    await story.ask("calculate_odds", "Within a day", hours=24, **odds)


async def _lose(venue: Venue, ann: Guest, bob: Guest) -> None:
    """The mark falls: a margin call first, then a liquidation, part of which Ann buys."""
    await venue.set_index({1: 19_090_00})
    await ann.ask("place_order", "A bid near the mark", order_body(price="19050", quantity="0.2"))
    await bob.ask("list_margin_calls", "A call that stands, and its cure")
    await venue.set_index({1: 19_070_00})


async def _borrow(venue: Venue, story: Story, ann: Guest) -> None:
    """A market for ETH itself, two of them borrowed, and one paid back."""
    await open_spot_market(venue)
    await story.ask("list_assets", "Haircuts, rates and pools", world="practice")
    loan: Json = {"wallet": "CROSS", "asset": "ETH", "amount": "2"}
    await ann.ask("get_borrowable", "How much more", asset="ETH")
    await ann.ask("borrow", "Two of it", loan)
    await ann.ask("borrow", "Too much", {**loan, "amount": "1000"})
    await ann.ask("repay", "Half of it", {**loan, "amount": "1"})
    await ann.ask("repay", "There is no debt in USDT", {"wallet": "CROSS"})
    await ann.ask("set_cross_leverage", "Five times", {"leverage": 5})
    await ann.ask("set_cross_leverage", "There is no four", {"leverage": 4})
    await ann.ask("list_interest", "The newest first", limit=2)


async def _read(bob: Guest) -> None:
    await bob.ask("list_margin_calls", "A call that ended in a liquidation")
    told = await bob.ask("list_liquidations", "What was liquidated")
    liquidation_id = told["items"][0]["liquidation_id"]
    await bob.ask("get_liquidation", "Step by step", liquidation_id=liquidation_id)
    await bob.ask("explain_liquidation", "Why, and what to do", liquidation_id=liquidation_id)
    await bob.ask("explain_margin_call", "Why, and how it ends", margin_call_id=1)
    await bob.ask("explain_margin_call", "There is none", margin_call_id=1_000)
    await bob.ask("get_attribution", "From the beginning")
    await bob.ask("get_attribution", "A period of no time", **{"from": 5, "to": 4})
    await bob.ask("list_funding_payments", "The newest first", limit=2)
    await bob.ask("list_fills", "The newest first", limit=2)
    await bob.ask("list_ledger", "From the beginning", order="OLDEST", limit=3)
    await bob.ask("list_ledger", "As CSV", format="csv", limit=3)
    await bob.ask("list_order_history", "Open and ended orders", limit=2)
    await bob.ask("list_order_history", "No cursor", after="yesterday")


async def _own_a_world(story: Story, ann: str, bob: str) -> None:
    world = {"world": "anns-class"}
    request = {**world, "title": "Ann's class", "seed": 7}
    await story.ask("create_world", "A world of one's own", ann, request)
    await story.ask("create_world", "The name is taken", ann, request)
    await story.ask("set_world_speed", "A minute in a second", ann, {"speed": "60"}, **world)
    step = {"milliseconds": 1_000}
    await story.ask("step_world", "It is not paused", ann, step, **world)
    instrument = {"symbol": BTC, **world}
    auction = {"state": "AUCTION"}
    await story.ask("set_market_state", "Orders gather", ann, auction, **instrument)
    await story.ask("set_market_state", "It is not his", bob, {"state": "OPEN"}, **instrument)
    await story.ask("pause_world", "Time stands", ann, **world)
    await story.ask("step_world", "One second", ann, step, **world)
    await story.ask("resume_world", "It is not his", bob, **world)
    await story.ask("resume_world", "Time goes on", ann, **world)


async def _identify(story: Story, bob: Guest) -> None:
    """Bob, a guest so far, signs up; Cat signs up at once."""
    password = "correct horse battery"
    name = {"name": "bob", "password": password}
    await story.ask("upgrade", "A guest keeps its accounts", bob.token, name)
    await story.ask("upgrade", "Once is enough", bob.token, name)
    await story.ask("sign_up", "Signing up at once", body={**name, "name": "cat"})
    await story.ask("sign_up", "The name is taken", body=name)
    await story.ask("log_in", "With name and password", body=name)
    await story.ask("log_in", "The wrong password", body={**name, "password": "guessed it"})
    token = (await story.ask("log_in", "Once more", body=name))["token"]
    await story.ask("get_me", "Who one is", token)
    tokens = await story.ask("list_tokens", "Where one is logged in", token)
    other = next(each["token_id"] for each in tokens["items"] if not each["current"])
    await story.ask("revoke_token", "Logged out elsewhere", token, token_id=other)
    opened = await story.ask("open_account", "One more account", token, {"label": "grid bot"})
    own = {"account": opened["account_id"]}
    deposit = {"wallet": "CROSS", "asset": "USDT", "amount": "5000"}
    await story.ask("deposit", "Paper money", token, deposit, **own)
    await story.ask("deposit", "Too much", token, {**deposit, "amount": "1000000"}, **own)
    mode = {"position_mode": "ONE_WAY"}
    await story.ask("set_position_mode", "As it is", token, mode, **own)
    mode = {"position_mode": "HEDGE"}
    await story.ask("set_position_mode", "Long and short side by side", token, mode, **own)
    await story.ask("reset", "A fresh start", token, **own)
    request = {"label": "grid bot", "scopes": ["READ", "TRADE"]}
    key = await story.ask("create_api_key", "For a bot", token, request, **own)
    await story.ask("list_api_keys", "Without their secrets", token, **own)
    await story.ask("delete_api_key", "It opens nothing more", token, api_key=key["api_key"], **own)
    await story.ask("log_out", "Logged out", token)
