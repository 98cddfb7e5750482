"""What numbers mean: calculators on the core's own functions. Nothing here knows a world."""
