"""Who owns what: users, their login tokens, and their accounts in worlds.

A token is opaque and random; the database keeps its SHA-256 only, so what leaks from it logs
nobody in. Names live here and nowhere else: journals know accounts by number. All times are wall
times, given by the caller.
"""

import secrets
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from simulator.database.engine import reading, writing
from simulator.database.schema import login_tokens, user_accounts, user_names, users

GUEST: Final = "GUEST"
SIGNED_UP: Final = "USER"

_USER_ID_BYTES: Final = 12
_TOKEN_BYTES: Final = 32


class UnknownUserError(Exception):
    """There is no such user, or it was closed."""


class AccountTakenError(Exception):
    """The account belongs to another user."""


class User(msgspec.Struct, frozen=True):
    user_id: str
    kind: str
    display_name: str | None
    created_ns: int
    name: str | None = None
    """Of who signed up; none of a guest."""
    is_admin: bool = False


class Login(msgspec.Struct, frozen=True):
    """Whose a token is, and until when."""

    user: User
    expires_ns: int


class NewLogin(msgspec.Struct, frozen=True):
    """A user and a token that is shown this once and stored nowhere."""

    user: User
    token: str
    expires_ns: int


class LinkedAccount(msgspec.Struct, frozen=True):
    """An account of a user in a world."""

    world_id: str
    account_id: int
    label: str
    created_ns: int


class Identities:
    """Users and what they own, in one database. All methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- users and tokens --------------------------------------------------------------------------

    def create_guest(
        self, now_ns: int, lifetime_ns: int, display_name: str | None = None
    ) -> NewLogin:
        """A new user without a password, and its first token."""
        user = User(secrets.token_urlsafe(_USER_ID_BYTES), GUEST, display_name, now_ns)
        with writing(self._engine) as connection:
            connection.execute(
                insert(users).values(
                    user_id=user.user_id,
                    kind=user.kind,
                    display_name=user.display_name,
                    created_ns=user.created_ns,
                )
            )
            token = _add_token(connection, user.user_id, now_ns, now_ns + lifetime_ns)
        return NewLogin(user, token, now_ns + lifetime_ns)

    def create_token(self, user_id: str, now_ns: int, lifetime_ns: int) -> str:
        """One more token for a user; tokens that have expired are removed.

        Raises:
            UnknownUserError: there is no such user, or it was closed.
        """
        with writing(self._engine) as connection:
            there = select(users.c.user_id).where(
                users.c.user_id == user_id, users.c.closed_ns.is_(None)
            )
            if connection.execute(there).one_or_none() is None:
                raise UnknownUserError(f"there is no user {user_id!r}")
            connection.execute(delete(login_tokens).where(login_tokens.c.expires_ns <= now_ns))
            return _add_token(connection, user_id, now_ns, now_ns + lifetime_ns)

    def user_of_token(self, token: str, now_ns: int) -> User | None:
        """Whose token it is; none if it is unknown, revoked or expired, or the user closed."""
        login = self.login_of_token(token, now_ns)
        return None if login is None else login.user

    def login_of_token(self, token: str, now_ns: int) -> Login | None:
        """As `user_of_token`, with the time at which the token expires."""
        query = (
            select(login_tokens.c.expires_ns, *user_columns())
            .join_from(login_tokens, users)
            .join(user_names, isouter=True)
            .where(
                login_tokens.c.token_hash == hash_of(token),
                login_tokens.c.expires_ns > now_ns,
                users.c.closed_ns.is_(None),
            )
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Login(User(*row[1:]), row[0])

    def revoke_token(self, token: str) -> None:
        """Logs out; a token that is unknown is as good as revoked."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(login_tokens).where(login_tokens.c.token_hash == hash_of(token))
            )

    def close_user(self, user_id: str, now_ns: int) -> None:
        """Ends a user's logins. Its accounts stay, and so does what the journals say of them."""
        with writing(self._engine) as connection:
            connection.execute(delete(login_tokens).where(login_tokens.c.user_id == user_id))
            connection.execute(
                update(users)
                .where(users.c.user_id == user_id, users.c.closed_ns.is_(None))
                .values(closed_ns=now_ns)
            )

    # -- accounts ----------------------------------------------------------------------------------

    def link_account(self, user_id: str, account: LinkedAccount) -> None:
        """Makes the user the owner of an account; again for the same user changes nothing.

        Raises:
            AccountTakenError: it belongs to another user.
            UnknownUserError: there is no such user.
        """
        with writing(self._engine) as connection:
            there = select(users.c.user_id).where(users.c.user_id == user_id)
            if connection.execute(there).one_or_none() is None:
                raise UnknownUserError(f"there is no user {user_id!r}")
            owner = _owner(connection, account.world_id, account.account_id)
            if owner is None:
                values = {"user_id": user_id, **msgspec.structs.asdict(account)}
                connection.execute(insert(user_accounts).values(values))
            elif owner != user_id:
                raise AccountTakenError(
                    f"account {account.account_id} of world {account.world_id!r} "
                    "belongs to another user"
                )

    def accounts_of(self, user_id: str, world_id: str | None = None) -> list[LinkedAccount]:
        """A user's accounts, in one world or in all, by world and number."""
        table = user_accounts.c
        query = (
            select(table.world_id, table.account_id, table.label, table.created_ns)
            .where(table.user_id == user_id)
            .order_by(table.world_id, table.account_id)
        )
        if world_id is not None:
            query = query.where(table.world_id == world_id)
        with reading(self._engine) as connection:
            return [LinkedAccount(*row) for row in connection.execute(query)]

    def find_account(self, world_id: str, account_id: int) -> LinkedAccount | None:
        """An account, whoever owns it."""
        table = user_accounts.c
        query = select(table.world_id, table.account_id, table.label, table.created_ns).where(
            table.world_id == world_id, table.account_id == account_id
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else LinkedAccount(*row)

    def owner_of(self, world_id: str, account_id: int) -> str | None:
        """The user id of an account's owner; none if it has none."""
        with reading(self._engine) as connection:
            return _owner(connection, world_id, account_id)


def user_columns() -> tuple[ColumnElement[Any], ...]:
    """What a `User` is made of; needs an outer join of `users` with `user_names`."""
    return (
        users.c.user_id,
        users.c.kind,
        users.c.display_name,
        users.c.created_ns,
        user_names.c.name,
        func.coalesce(user_names.c.is_admin, false()),
    )


def hash_of(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _add_token(connection: Connection, user_id: str, now_ns: int, expires_ns: int) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    connection.execute(
        insert(login_tokens).values(
            token_hash=hash_of(token), user_id=user_id, created_ns=now_ns, expires_ns=expires_ns
        )
    )
    return token


def _owner(connection: Connection, world_id: str, account_id: int) -> str | None:
    query = select(user_accounts.c.user_id).where(
        user_accounts.c.world_id == world_id, user_accounts.c.account_id == account_id
    )
    return connection.execute(query).scalar_one_or_none()
