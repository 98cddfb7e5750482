"""A margin exchange simulator: practice, teach and replay leveraged trading with paper money."""

__version__ = "0.1.0"
