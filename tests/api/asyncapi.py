"""Writes docs/asyncapi.yaml: `python -m tests.api.asyncapi`."""

import json
from pathlib import Path
from typing import Final

import yaml

from simulator.api.websocket.document import document

FILE: Final = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
_HEAD: Final = "# Written by `python -m tests.api.asyncapi` from the shapes of the code.\n"


def text() -> str:
    """What the file should say. Through JSON, so that nothing is shared and YAML has no aliases."""
    plain = json.loads(json.dumps(document()))
    return _HEAD + yaml.safe_dump(plain, sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
