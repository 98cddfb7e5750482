"""Shapes of who somebody is: names, logins, tokens, API keys, more accounts."""

from typing import Annotated, Literal

import msgspec

from simulator.api.shapes.accounts import Account, DisplayName
from simulator.api.shapes.base import PRINTABLE, RequestShape, Shape

UserName = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$(?!\n)", examples=["ann"])
]
Password = Annotated[
    str, msgspec.Meta(min_length=10, max_length=200, examples=["correct horse battery"])
]
Label = Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE, examples=["grid bot"])]
WorldName = Annotated[str, msgspec.Meta(max_length=64, examples=["practice"])]
Scope = Literal["READ", "TRADE", "TRANSFER"]


class SignUpRequest(RequestShape):
    name: UserName
    password: Password
    display_name: DisplayName | None = None


class UpgradeRequest(RequestShape):
    """A guest chooses a name and a password, and keeps its accounts."""

    name: UserName
    password: Password


class LoginRequest(RequestShape):
    """With `cookie` the token is set as a cookie that scripts cannot read."""

    name: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE, examples=["ann"])]
    password: Annotated[str, msgspec.Meta(max_length=200, examples=["correct horse battery"])]
    cookie: bool = False


class Login(Shape, frozen=True):
    """`token` is null if it was set as a cookie; then `csrf_token` goes with unsafe methods."""

    user_id: str
    token: str | None
    token_expires: int
    csrf_token: str | None


class Me(Shape, frozen=True):
    user_id: str
    kind: Literal["GUEST", "USER"]
    name: str | None
    display_name: str | None
    is_admin: bool
    accounts: list[Account]


class Token(Shape, frozen=True):
    """`token_id` names a token and opens nothing. `current`: the one this request came with."""

    token_id: str
    created: int
    expires: int
    current: bool


class Tokens(Shape, frozen=True):
    items: list[Token]


class NewAccountRequest(RequestShape):
    label: Label
    world: WorldName | None = None
    """By default the practice world."""


class NewAccount(Shape, frozen=True):
    account_id: int
    world: str
    label: str
    seq: int


class ApiKeyRequest(RequestShape):
    label: Label
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=3)]


class ApiKey(Shape, frozen=True):
    api_key: str
    label: str
    scopes: list[Scope]
    created: int


class ApiKeys(Shape, frozen=True):
    items: list[ApiKey]


class NewApiKey(Shape, frozen=True):
    """The secret is shown this once."""

    api_key: str
    secret: str
    label: str
    scopes: list[Scope]
    created: int
