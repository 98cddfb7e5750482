"""The pure core: a command goes in, events come out.

Integers only. No input or output, no clock, no randomness, no float. A rule reads the state,
checks, and emits events; `state.apply` is the only place where an event changes the state.
Same commands, same events, same hash, on any machine.
"""
