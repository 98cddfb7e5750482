"""The vocabulary of the exchange: units, instruments, commands, events, reasons of refusal."""
