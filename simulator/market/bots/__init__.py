"""Who trades when nobody is there: market makers and noise traders, driven as agents."""
