"""The replay of 19 May 2021 that two modules of tests look at: which bars, and who is in it."""

from tests.e2e.replays import utc

FOLDER = "binance-spot-1m-2021-05-19"
BASES = ("BTC", "ETH", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT", "BCH", "EOS")
BEGIN, END = utc("2021-05-19 09:00"), utc("2021-05-19 15:00")
ANN, BOB = "ann:ETHUSDT-PERP:long:20x:isolated:10000", "bob:BTCUSDT-PERP:long:3x:cross:1000"
