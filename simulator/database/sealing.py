"""The server's key: secrets that must be read again are stored sealed with it.

The secret of an API key is needed to check a signature, so it cannot be a hash. The key lies
outside the database, in a file beside it or in a setting: whoever has the one has not the other.
"""

import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

_SHORTEST_KEY: Final = 32


class ServerKeyError(ValueError):
    """The server's key cannot be used, or is not the one a secret was sealed with."""


class Sealer:
    """Seals and opens short texts."""

    def __init__(self, key: str) -> None:
        if len(key) < _SHORTEST_KEY:
            raise ServerKeyError(f"the server's key should have {_SHORTEST_KEY} characters or more")
        self._fernet = Fernet(urlsafe_b64encode(sha256(key.encode()).digest()))

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Raises ServerKeyError."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise ServerKeyError(
                "a stored secret cannot be read with this server's key: it was sealed with "
                "another one. Start with the key it was made with (SIMULATOR_SECRET_KEY, or the "
                "key file beside the database), or delete the API key and make a new one"
            ) from None


def sealer_from_file(path: Path) -> Sealer:
    """The key in the file, which is made at the first start, for its owner's eyes only.

    Raises:
        ServerKeyError: the file cannot be read or written, or holds no key.
    """
    try:
        key = _read_or_create(path)
    except (OSError, UnicodeError) as error:
        raise ServerKeyError(f"the server's key file {path} cannot be used: {error}") from error
    if len(key) < _SHORTEST_KEY:
        raise ServerKeyError(f"the server's key file {path} holds no key; restore or delete it")
    return Sealer(key)


def _read_or_create(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    key = Fernet.generate_key().decode()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(key + "\n")
    return key
