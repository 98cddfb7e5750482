"""Why the runtime does not take a command.

WorldUnavailable
├── WorldHalted     an invariant broke or the database failed: the world stands, its journal is kept
├── WorldPaused     paused: only cancels are taken
├── WorldBusy       too many commands wait already: nothing is taken until there are fewer
└── WorldClosed     the world is stopping or archived
"""


class WorldUnavailable(Exception):
    """The command was not executed."""

    code = "WORLD_UNAVAILABLE"


class WorldHalted(WorldUnavailable):
    code = "WORLD_HALTED"


class WorldPaused(WorldUnavailable):
    code = "WORLD_PAUSED"


class WorldBusy(WorldUnavailable):
    code = "WORLD_BUSY"


class WorldClosed(WorldUnavailable):
    code = "WORLD_CLOSED"


class JournalCorrupt(Exception):
    """The stored journal contradicts itself; the message names world and seq."""
