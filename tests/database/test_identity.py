"""Users, tokens, and who owns which account."""

import pytest
from sqlalchemy import Engine, select

from simulator.database import schema
from simulator.database.engine import reading
from simulator.database.identity import (
    AccountTakenError,
    Identities,
    LinkedAccount,
    UnknownUserError,
)
from simulator.database.writer import DatabaseJournal

HOUR = 3_600 * 10**9


@pytest.fixture
def identities(engine: Engine) -> Identities:
    journal = DatabaseJournal(engine)
    for world_id in ("practice", "class"):
        journal.create_world(world_id, world_id, 1, "", 1)
    return Identities(engine)


def test_a_guest_is_known_by_its_token(identities: Identities) -> None:
    login = identities.create_guest(now_ns=5, lifetime_ns=HOUR, display_name="Ann")
    assert login.expires_ns == 5 + HOUR
    assert identities.user_of_token(login.token, 6) == login.user
    assert (login.user.kind, login.user.display_name) == ("GUEST", "Ann")
    assert identities.user_of_token(login.token + "x", 6) is None
    assert identities.user_of_token("", 6) is None
    assert identities.user_of_token("\ud800", 6) is None


def test_a_token_expires(identities: Identities) -> None:
    login = identities.create_guest(0, HOUR)
    assert identities.user_of_token(login.token, HOUR - 1) is not None
    assert identities.user_of_token(login.token, HOUR) is None


def test_a_token_is_not_stored(identities: Identities, engine: Engine) -> None:
    login = identities.create_guest(0, HOUR)
    with reading(engine) as connection:
        row = connection.execute(select(schema.login_tokens)).one()
    assert login.token.encode() not in row.token_hash
    assert len(row.token_hash) == 32


def test_logging_out_ends_one_token(identities: Identities) -> None:
    login = identities.create_guest(0, HOUR)
    second = identities.create_token(login.user.user_id, 1, HOUR)
    identities.revoke_token(login.token)
    identities.revoke_token(login.token)
    assert identities.user_of_token(login.token, 2) is None
    assert identities.user_of_token(second, 2) == login.user


def test_a_closed_user_is_logged_out_and_keeps_its_accounts(identities: Identities) -> None:
    login = identities.create_guest(0, HOUR)
    user_id = login.user.user_id
    identities.link_account(user_id, LinkedAccount("practice", 2, "main", 1))
    identities.close_user(user_id, 3)
    assert identities.user_of_token(login.token, 4) is None
    assert identities.owner_of("practice", 2) == user_id
    with pytest.raises(UnknownUserError, match="no user"):
        identities.create_token(user_id, 5, HOUR)


def test_expired_tokens_are_removed(identities: Identities, engine: Engine) -> None:
    login = identities.create_guest(0, HOUR)
    identities.create_token(login.user.user_id, HOUR + 1, HOUR)
    with reading(engine) as connection:
        assert len(connection.execute(select(schema.login_tokens)).all()) == 1


def test_accounts_belong_to_one_user(identities: Identities) -> None:
    ann = identities.create_guest(0, HOUR).user.user_id
    bob = identities.create_guest(0, HOUR).user.user_id
    first = LinkedAccount("practice", 7, "main", 1)
    second = LinkedAccount("practice", 9, "bot", 2)
    in_class = LinkedAccount("class", 7, "main", 3)
    for account in (second, first, in_class, first):
        identities.link_account(ann, account)
    assert identities.accounts_of(ann) == [in_class, first, second]
    assert identities.accounts_of(ann, "practice") == [first, second]
    assert identities.accounts_of(bob) == []
    assert identities.owner_of("practice", 7) == ann
    assert identities.owner_of("class", 9) is None
    with pytest.raises(AccountTakenError, match="account 7 of world 'practice'"):
        identities.link_account(bob, first)
    with pytest.raises(UnknownUserError, match="no user 'nobody'"):
        identities.link_account("nobody", LinkedAccount("practice", 8, "x", 1))


def test_ids_and_tokens_are_random(identities: Identities) -> None:
    logins = [identities.create_guest(0, HOUR) for _ in range(20)]
    assert len({login.token for login in logins} | {login.user.user_id for login in logins}) == 40
    assert all(len(login.token) >= 43 for login in logins)
