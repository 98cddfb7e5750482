"""Where index prices come from: files of bars, and a seeded generator."""
