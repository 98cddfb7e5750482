"""Passwords, sealed secrets, and the server's key."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from simulator.cli import app
from simulator.database import schema
from simulator.database.credentials import ApiKey, Credentials, NameTakenError
from simulator.database.engine import reading
from simulator.database.identity import Identities, UnknownUserError
from simulator.database.sealing import Sealer, ServerKeyError, sealer_from_file
from simulator.settings import read_settings

KEY, OTHER_KEY = "k" * 32, "o" * 32
PASSWORD = "correct horse battery"


@pytest.fixture
def credentials(engine: Engine) -> Credentials:
    return Credentials(engine, Sealer(KEY))


@pytest.fixture
def ann(engine: Engine, credentials: Credentials) -> str:
    user_id = Identities(engine).create_guest(5, 100).user.user_id
    credentials.sign_up(user_id, "Ann", PASSWORD, 6)
    return user_id


def test_a_password_is_stored_as_argon2(engine: Engine, credentials: Credentials, ann: str) -> None:
    with reading(engine) as connection:
        row = connection.execute(select(schema.user_names)).one()
    assert row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in row.password_hash
    found = credentials.user_of_password("aNN", PASSWORD)
    assert found is not None
    assert (found.user_id, found.name, found.kind) == (ann, "Ann", "USER")
    assert credentials.user_of_password("ann", PASSWORD + " ") is None
    assert credentials.user_of_password("bob", PASSWORD) is None


def test_a_closed_user_cannot_log_in(engine: Engine, credentials: Credentials, ann: str) -> None:
    Identities(engine).close_user(ann, 7)
    assert credentials.user_of_password("ann", PASSWORD) is None


def test_a_name_is_one_users(engine: Engine, credentials: Credentials, ann: str) -> None:
    other = Identities(engine).create_guest(5, 100).user.user_id
    assert not credentials.is_free("ANN")
    with pytest.raises(NameTakenError):
        credentials.sign_up(other, "ANN", PASSWORD, 6)
    with pytest.raises(UnknownUserError):
        credentials.sign_up("nobody", "bob", PASSWORD, 6)


def test_a_secret_is_sealed_with_the_servers_key(
    engine: Engine, credentials: Credentials, ann: str
) -> None:
    wanted = ApiKey("", ann, "practice", 2, "bot", ("READ", "TRADE"), 7)
    made, secret = credentials.create_api_key(wanted)
    with reading(engine) as connection:
        row = connection.execute(select(schema.api_keys)).one()
    assert secret.encode() not in row.sealed_secret
    found = credentials.find_api_key(made.api_key)
    assert found is not None
    assert (found[0], found[1], found[2].user_id) == (made, secret, ann)
    with pytest.raises(ServerKeyError, match="sealed with another one"):
        Credentials(engine, Sealer(OTHER_KEY)).find_api_key(made.api_key)


def test_the_key_file_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "simulator.key"
    sealed = sealer_from_file(path).seal("secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sealer_from_file(path).open(sealed) == "secret"
    path.write_text("short")
    with pytest.raises(ServerKeyError, match="holds no key"):
        sealer_from_file(path)
    with pytest.raises(ServerKeyError, match="cannot be used"):
        sealer_from_file(tmp_path)
    with pytest.raises(ServerKeyError, match="32 characters"):
        Sealer("short")


def test_the_key_lies_beside_the_database_or_is_a_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'some.db'}"
    settings = read_settings({"SIMULATOR_DATABASE_URL": url})
    sealed = settings.load_sealer().seal("secret")
    assert (tmp_path / "some.key").is_file()
    assert settings.load_sealer().open(sealed) == "secret"
    given = read_settings({"SIMULATOR_DATABASE_URL": url, "SIMULATOR_SECRET_KEY": OTHER_KEY})
    with pytest.raises(ServerKeyError):
        given.load_sealer().open(sealed)


def test_the_command_line_makes_an_admin(
    engine: Engine, credentials: Credentials, ann: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_admin() -> bool:
        user = credentials.user_of_password("ann", PASSWORD)
        assert user is not None
        return user.is_admin

    url = str(engine.url)
    app(["admin", "ann", "--database", url], result_action="return_value")
    assert is_admin()
    assert "ann is now an admin" in capsys.readouterr().out
    app(["admin", "ann", "--revoke", "--database", url], result_action="return_value")
    assert not is_admin()
    with pytest.raises(UnknownUserError, match="nobody has signed up as 'bob'"):
        app(["admin", "bob", "--database", url], result_action="return_value")
