"""Worlds as stories: what the practice world and a replay are made of, and who acts in them."""
