"""Makes the pure core live: clocks, the sequencer, the journal port, publishing, recovery, worlds.

Nothing here knows SQL, HTTP or a trading rule.
"""
