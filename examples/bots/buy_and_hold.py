"""Buys once and holds: the shortest bot there is. Needs a server (`make run`)."""

import sys

from simulator.client import Client

client = Client(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
client.join_as_guest("buy and hold")
bought = client.place_order("BTCUSDT-PERP", "BUY", "0.05")
print(f"bought {bought.order.filled_quantity} at {bought.order.average_price}")
(position,) = client.positions().items
print(f"worth {position.notional}, liquidation price {position.liquidation_price}")
