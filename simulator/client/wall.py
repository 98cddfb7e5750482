"""The wall clock of the client's machine, which signatures carry; the exchange has its own."""

import time


def wall_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
