"""How users prove who they are: names with passwords, tokens in a list, API keys of an account.

A password is kept as argon2, a login token as its hash, an API key's secret sealed with the
server's key. All methods block, and checking a password takes long on purpose: call from a thread.
"""

import secrets
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from simulator.database.engine import reading, writing
from simulator.database.identity import GUEST, SIGNED_UP, UnknownUserError, User, user_columns
from simulator.database.schema import api_keys, login_tokens, user_names, users
from simulator.database.sealing import Sealer

_API_KEY_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_TOKEN_ID_BYTES: Final = 12

_hasher = PasswordHasher()
_NOBODYS_HASH: Final = _hasher.hash("nobody's")
"""Checked when there is no such name, so that the answer takes as long."""


class NameTakenError(Exception):
    """Another user has the name."""


class AlreadySignedUpError(Exception):
    """The user has a name and a password."""


class StoredToken(msgspec.Struct, frozen=True):
    """`token_id` is the beginning of the token's hash: it names the token and opens nothing."""

    token_id: str
    created_ns: int
    expires_ns: int


class ApiKey(msgspec.Struct, frozen=True):
    api_key: str
    user_id: str
    world_id: str
    account_id: int
    label: str
    scopes: tuple[str, ...]
    created_ns: int


class Credentials:
    """See the module."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    # -- names and passwords -----------------------------------------------------------------------

    def is_free(self, name: str) -> bool:
        query = select(user_names.c.user_id).where(user_names.c.name_key == name.casefold())
        with reading(self._engine) as connection:
            return connection.execute(query).one_or_none() is None

    def sign_up(self, user_id: str, name: str, password: str, now_ns: int) -> None:
        """Makes a guest a user with a name and a password.

        Raises:
            NameTakenError: another user has the name.
            AlreadySignedUpError: the user is no guest.
            UnknownUserError: there is no such user.
        """
        password_hash = _hasher.hash(password)
        try:
            with writing(self._engine) as connection:
                self._check_guest(connection, user_id)
                values = {
                    "user_id": user_id,
                    "name": name,
                    "name_key": name.casefold(),
                    "password_hash": password_hash,
                    "is_admin": False,
                    "created_ns": now_ns,
                }
                connection.execute(insert(user_names).values(values))
                renamed = update(users).where(users.c.user_id == user_id)
                connection.execute(renamed.values(kind=SIGNED_UP))
        except IntegrityError as error:
            raise NameTakenError(f"the name {name} is taken") from error

    def _check_guest(self, connection: Connection, user_id: str) -> None:
        query = select(users.c.kind).where(users.c.user_id == user_id, users.c.closed_ns.is_(None))
        kind = connection.execute(query).scalar_one_or_none()
        if kind is None:
            raise UnknownUserError(f"there is no user {user_id!r}")
        if kind != GUEST:
            raise AlreadySignedUpError(f"user {user_id!r} has signed up before")

    def user_of_password(self, name: str, password: str) -> User | None:
        """The user, if the password is right; it takes the same time if there is no such name."""
        query = (
            select(user_names.c.password_hash, *user_columns())
            .join_from(user_names, users)
            .where(user_names.c.name_key == name.casefold(), users.c.closed_ns.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        try:
            _hasher.verify(_NOBODYS_HASH if row is None else row[0], password)
        except VerifyMismatchError:
            return None
        return None if row is None else User(*row[1:])

    def grant_admin(self, name: str, granted: bool = True) -> None:
        """Raises UnknownUserError."""
        grant = update(user_names).where(user_names.c.name_key == name.casefold())
        with writing(self._engine) as connection:
            if connection.execute(grant.values(is_admin=granted)).rowcount == 0:
                raise UnknownUserError(f"nobody has signed up as {name!r}")

    # -- login tokens ------------------------------------------------------------------------------

    def tokens_of(self, user_id: str, now_ns: int) -> list[StoredToken]:
        """A user's tokens that have not expired, the newest first."""
        table = login_tokens.c
        query = (
            select(table.token_hash, table.created_ns, table.expires_ns)
            .where(table.user_id == user_id, table.expires_ns > now_ns)
            .order_by(table.created_ns.desc(), table.token_hash)
        )
        with reading(self._engine) as connection:
            return [StoredToken(token_id_of(row[0]), *row[1:]) for row in connection.execute(query)]

    def revoke_token_by_id(self, user_id: str, token_id: str) -> bool:
        """Whether the user had such a token."""
        table = login_tokens.c
        with writing(self._engine) as connection:
            hashes = connection.execute(select(table.token_hash).where(table.user_id == user_id))
            for (token_hash,) in hashes.all():
                if token_id_of(token_hash) == token_id:
                    connection.execute(delete(login_tokens).where(table.token_hash == token_hash))
                    return True
        return False

    # -- API keys ----------------------------------------------------------------------------------

    def create_api_key(self, wanted: ApiKey) -> tuple[ApiKey, str]:
        """The key with a new id, and its secret, which is shown this once."""
        made = msgspec.structs.replace(wanted, api_key=secrets.token_urlsafe(_API_KEY_BYTES))
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        values = msgspec.structs.asdict(made)
        values["scopes"] = " ".join(made.scopes)
        values["sealed_secret"] = self._sealer.seal(secret)
        with writing(self._engine) as connection:
            connection.execute(insert(api_keys).values(values))
        return made, secret

    def api_keys_of(self, world_id: str, account_id: int) -> list[ApiKey]:
        table = api_keys.c
        query = (
            select(*_api_key_columns())
            .where(table.world_id == world_id, table.account_id == account_id)
            .order_by(table.created_ns, table.api_key)
        )
        with reading(self._engine) as connection:
            return [_api_key(row) for row in connection.execute(query)]

    def find_api_key(self, api_key: str) -> tuple[ApiKey, str, User] | None:
        """The key, its secret and its user; none if it is unknown or the user closed.

        Raises:
            ServerKeyError: the secret was sealed with another key of the server.
        """
        columns = (*_api_key_columns(), api_keys.c.sealed_secret, *user_columns())
        query = (
            select(*columns)
            .join_from(api_keys, users)
            .join(user_names, isouter=True)
            .where(api_keys.c.api_key == api_key, users.c.closed_ns.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        width = len(_api_key_columns())
        return _api_key(row[:width]), self._sealer.open(row[width]), User(*row[width + 1 :])

    def delete_api_key(self, world_id: str, account_id: int, api_key: str) -> bool:
        """Whether the account had such a key."""
        table = api_keys.c
        gone = delete(api_keys).where(
            table.api_key == api_key, table.world_id == world_id, table.account_id == account_id
        )
        with writing(self._engine) as connection:
            return connection.execute(gone).rowcount > 0


def token_id_of(token_hash: bytes) -> str:
    return token_hash[:_TOKEN_ID_BYTES].hex()


def _api_key_columns() -> tuple[ColumnElement[Any], ...]:
    table = api_keys.c
    return (
        table.api_key,
        table.user_id,
        table.world_id,
        table.account_id,
        table.label,
        table.scopes,
        table.created_ns,
    )


def _api_key(row: Any) -> ApiKey:
    api_key, user_id, world_id, account_id, label, scopes, created_ns = row
    return ApiKey(api_key, user_id, world_id, account_id, label, tuple(scopes.split()), created_ns)
