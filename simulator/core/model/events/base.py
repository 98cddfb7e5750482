"""What every event is: a frozen array with an integer tag."""

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The base of all events."""
