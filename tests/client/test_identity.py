"""Users, API keys, deposits, resets and worlds of one's own: the client against a real server."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from simulator.client import (
    AsyncClient,
    Client,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Refused,
    Stream,
    Unavailable,
)
from tests.client.servers import small_server

pytestmark = pytest.mark.anyio

BTC = "BTCUSDT-PERP"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_server(tmp_path_factory.mktemp("server")) as server:
        yield server.url


def cross_balance(client: Client) -> Decimal:
    (cross,) = [each for each in client.wallets().items if each.kind == "CROSS"]
    return cross.balance


def test_a_guest_becomes_a_user_and_keeps_the_account(url: str) -> None:
    with Client(url) as guest, Client(url) as later:
        guest.join_as_guest("Ann")
        guest.sign_up("ann", PASSWORD)
        me = guest.me()
        assert (me.kind, me.name, me.accounts[0].account_id) == ("USER", "ann", guest.account_id)
        later.log_in("ann", PASSWORD)
        assert later.account_id == guest.account_id
        later.log_out()
        with pytest.raises(NotAuthenticated):
            later.me()
        with pytest.raises(NotAuthenticated):
            later.log_in("ann", "not her password")
        with pytest.raises(Refused, match="taken"):
            later.sign_up("ANN", PASSWORD)


def test_a_login_elsewhere_is_seen_and_ended(url: str) -> None:
    with Client(url) as here, Client(url) as elsewhere:
        here.sign_up("fay", PASSWORD)
        elsewhere.log_in("fay", PASSWORD)
        theirs, mine = here.tokens().items
        assert (theirs.current, mine.current) == (False, True)
        assert theirs.created < theirs.expires
        here.revoke_token(theirs.token_id)
        with pytest.raises(NotAuthenticated):
            elsewhere.me()
        assert [each.token_id for each in here.tokens().items] == [mine.token_id]
        with pytest.raises(NotFound, match="UNKNOWN_TOKEN"):
            here.revoke_token(theirs.token_id)


def test_paper_money_has_a_limit_and_a_reset_begins_anew(url: str) -> None:
    with Client(url) as client:
        client.sign_up("bob", PASSWORD)
        client.deposit("5000")
        assert cross_balance(client) == 105_000
        with pytest.raises(Refused) as refused:
            client.deposit("1000000")
        assert refused.value.code == "DEPOSIT_LIMIT"
        client.place_order(BTC, "BUY", "0.01")
        assert client.reset().run == 2
        assert cross_balance(client) == 100_000
        assert client.positions().items == []


def test_a_key_signs_and_does_only_what_it_may(url: str) -> None:
    with Client(url) as owner:
        owner.sign_up("cat", PASSWORD)
        second = owner.open_account("second")
        key = owner.create_api_key("reader", ["READ"])
        assert [each.label for each in owner.api_keys().items] == ["reader"]
        with Client(
            url, api_key=key.api_key, api_secret=key.secret, account_id=owner.account_id
        ) as bot:
            assert cross_balance(bot) == 100_000
            assert bot.order_history(limit=1).items == []
            with pytest.raises(Forbidden):
                bot.place_order(BTC, "BUY", "0.01")
            with pytest.raises(NotFound):
                bot.wallets(account_id=second.account_id)
            owner.delete_api_key(key.api_key)
            with pytest.raises(NotAuthenticated):
                bot.wallets()


async def test_a_key_opens_the_websocket(url: str) -> None:
    async with AsyncClient(url) as owner:
        await owner.sign_up("dan", PASSWORD)
        key = await owner.create_api_key("bot")
        async with (
            AsyncClient(
                url, api_key=key.api_key, api_secret=key.secret, account_id=owner.account_id
            ) as bot,
            Stream(bot) as stream,
        ):
            placed = await stream.place_order(BTC, "BUY", "0.01")
            assert placed.order.status == "FILLED"


def test_a_world_of_ones_own_is_paused_and_stepped(url: str) -> None:
    with Client(url) as owner, Client(url) as other:
        owner.sign_up("eve", PASSWORD)
        other.join_as_guest("Mallory")
        world = owner.create_world("eves-class", title="Eve's class", seed=3).world
        account = owner.open_account("trader", world)
        paused = owner.pause_world(world)
        with pytest.raises(Forbidden):
            other.resume_world(world)
        stepped = owner.step_world(2_000, world)
        assert stepped.clock.time == paused.clock.time + 2_000
        with Client(url, token=owner.token, world=world, account_id=account.account_id) as trader:
            with pytest.raises(Unavailable):
                trader.place_order(BTC, "BUY", "0.01")
            assert owner.set_world_speed(60, world).clock.speed == 60
            assert owner.resume_world(world).status == "RUNNING"
            trader.deposit("1000")
            assert cross_balance(trader) > 0
