"""Records the examples of the OpenAPI document: `python -m tests.api.record_examples`.

To be run when the story or the answers of the API changed; what differs is for a person to read.
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from simulator.api.examples import FILE
from simulator.database.migrating import migrate
from tests.api.example_story import tell
from tests.api.venue import open_venue


async def record() -> bytes:
    """The file's content: JSON for people."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "examples.db"
        await asyncio.to_thread(migrate, f"sqlite:///{database}")
        async with open_venue(database) as venue:
            examples = await tell(venue)
    ordered = {operation: examples[operation] for operation in sorted(examples)}
    return msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(asyncio.run(record()))
