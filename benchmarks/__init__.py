"""Repeatable programs that measure and print a table; they test nothing.

`python -m benchmarks` runs them all, `python -m benchmarks.core_commands` (and so on) one alone.
The machine is usually shared, so each prints processor time beside wall time.
"""
