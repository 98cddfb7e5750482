"""What surrounds an exchange: feeds that bring prices, and bots that trade.

All of it acts through commands, as anybody else does, and reads the state without touching it. It
knows world time only, keeps no clock and draws its dice from a seed, so a run can be repeated.
"""
