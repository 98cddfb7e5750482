"""A server of prepared answers over real HTTP, and the command line run against it in-process.

It stands for routes whose own tests are elsewhere: what is tested here is what the command line
asks for, and what it makes of the answer.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from simulator.cli import main

Answers = dict[tuple[str, str], tuple[int, Any]]


class Asked(NamedTuple):
    """A request as it arrived; `target` is the path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class FakeServer:
    """`answers` is by method and path; an answer that is text is sent as CSV."""

    def __init__(self, url: str, answers: Answers) -> None:
        self.url = url
        self.answers = answers
        self.asked: list[Asked] = []

    @property
    def last(self) -> Asked:
        return self.asked[-1]


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    fake = FakeServer(f"http://127.0.0.1:{listener.server_port}", {})

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            asked = Asked(
                self.command,
                self.path.removeprefix("/v1"),
                {name.lower(): value for name, value in self.headers.items()},
                json.loads(body) if body else None,
            )
            fake.asked.append(asked)
            missing = (404, {"code": "NO_SUCH_ROUTE", "detail": asked.target, "status": 404})
            path = urlsplit(asked.target).path
            status, answer = fake.answers.get((asked.method, path), missing)
            content = answer if isinstance(answer, str) else json.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Length", str(0 if status == 204 else len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """What was asked is in `asked`."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._answer)
    listener.RequestHandlerClass = Handler
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield fake
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    def problem(self) -> Any:
        """The one document on standard error, beside nothing on standard output."""
        assert self.out == ""
        return json.loads(self.err)


class CommandLine:
    """The command line in-process, with a home of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], credentials: Path) -> None:
        self._capsys = capsys
        self.credentials = credentials

    def __call__(self, *tokens: str) -> Outcome:
        code = 0
        try:
            main(tokens)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self._capsys.readouterr()
        return Outcome(code, out, err)

    def log_in(self, server: str) -> None:
        """As if somebody had logged in."""
        login = {
            "server": server,
            "token": "the-token",
            "account_id": 17,
            "world": "practice",
            "user_id": "u",
        }
        self.credentials.write_text(json.dumps(login))
        self.credentials.chmod(0o600)
