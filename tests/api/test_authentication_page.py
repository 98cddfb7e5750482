"""docs/authentication.md: its two signing examples run as written against a real server."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.api.sockets import serving
from tests.api.test_authentication import make_key, sign_up
from tests.api.venue import Venue

PAGE = (Path(__file__).parents[2] / "docs" / "authentication.md").read_text(encoding="utf-8")
SH = shutil.which("bash") or "bash"

pytestmark = pytest.mark.anyio


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


@pytest.mark.parametrize(
    ("language", "command"), [("python", [sys.executable, "-c"]), ("sh", [SH, "-euc"])]
)
async def test_the_example_signs_a_request(venue: Venue, language: str, command: list[str]) -> None:
    ann = await sign_up(venue)
    key = await make_key(ann, "READ")
    async with serving(venue.app) as address:
        environment = {
            **os.environ,
            "SERVER": address.replace("ws://", "http://").removesuffix("/v1/ws"),
            "ACCOUNT": str(ann.account_id),
            "API_KEY": key["api_key"],
            "API_SECRET": key["secret"],
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            example(language),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    kinds = [each["kind"] for each in json.loads(printed)["items"]]
    assert kinds == ["SPOT", "CROSS"]
