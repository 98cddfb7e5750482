"""Dice that depend on their keys alone: the same keys give the same draws on any machine.

A stream is BLAKE2b over the keys and a counter, read as integers; there is no hidden state to
save, so whoever is restarted draws on from (seed, purpose, time) as if nothing had happened.
Integers only: a normal draw is in 1e-12, made of twelve uniform ones.
"""

from hashlib import blake2b
from struct import unpack

from simulator.core.model.units import RATE_ONE

_KEY_BYTES = 16
_WORDS_PER_BLOCK = 8
_NORMAL_TERMS = 12
_NORMAL_BYTES = 4 * _NORMAL_TERMS
_NORMAL_MEAN = _NORMAL_TERMS * ((1 << 32) - 1) // 2
"""Twelve uniform draws of 32 bits have this mean and a standard deviation of 2^32."""


class Dice:
    """One stream of draws."""

    def __init__(self, *keys: int) -> None:
        """Keys are signed integers below 2^127: a seed, a purpose, ids, a time."""
        self._prefix = b"".join(key.to_bytes(_KEY_BYTES, "little", signed=True) for key in keys)
        self._blocks = 0
        self._words: tuple[int, ...] = ()
        self._used = 0

    def _block(self, size: int) -> bytes:
        self._blocks += 1
        counter = self._blocks.to_bytes(8, "little")
        return blake2b(self._prefix + counter, digest_size=size).digest()

    def word(self) -> int:
        """64 random bits."""
        if self._used == len(self._words):
            self._words = unpack("<8Q", self._block(8 * _WORDS_PER_BLOCK))
            self._used = 0
        self._used += 1
        return self._words[self._used - 1]

    def below(self, bound: int) -> int:
        """A uniform integer from 0 to `bound - 1`; the bias is under `bound / 2^64`."""
        return self.word() * bound >> 64

    def between(self, low: int, high: int) -> int:
        """A uniform integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, rate: int) -> bool:
        """True with a probability given in 1e-12."""
        return self.below(RATE_ONE) < rate

    def normal(self) -> int:
        """A draw with mean 0 and standard deviation 1, in 1e-12, nearly normal, within +-6."""
        total: int = sum(unpack("<12I", self._block(_NORMAL_BYTES)))
        return (total - _NORMAL_MEAN) * RATE_ONE >> 32
