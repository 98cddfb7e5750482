"""Makes a market on a grid: buys below the price, sells above it, and takes each step it earns.

Where an order fills, its counterpart is placed one step further on. When the price has left the
grid, the grid follows. Needs a server (`make run`); Ctrl-C ends it and cancels its orders.
"""

import asyncio
import sys
from decimal import Decimal

from simulator.client import AsyncClient, Bot, Refused
from simulator.client.answers import Fill, Side

SYMBOL = "BTCUSDT-PERP"
STEP = Decimal("0.0006")  # between two levels, as a fraction of the price: above twice the fee
LEVELS = 4  # on each side
QUANTITY = Decimal("0.005")


class GridMaker(Bot):
    center = Decimal(0)
    earned = Decimal(0)

    async def on_start(self) -> None:
        await self.client.set_margin_mode(SYMBOL, "CROSS")
        await self.client.set_leverage(SYMBOL, 5)
        await self.lay_grid()

    async def lay_grid(self) -> None:
        await self.client.cancel_all_orders(SYMBOL)
        self.center = self.marks[SYMBOL].mark_price or Decimal(0)
        print(f"a grid around {self.center}, position {self.signed_quantity(SYMBOL)}")
        for level in range(1, LEVELS + 1):
            await self.place("BUY", self.center * (1 - level * STEP))
            await self.place("SELL", self.center * (1 + level * STEP))

    async def place(self, side: Side, price: Decimal) -> None:
        """A refusal costs one level, not the bot: the market may have moved past the price."""
        price = self.to_tick(SYMBOL, price)
        try:
            await self.stream.place_order(SYMBOL, side, QUANTITY, price, post_only=True)
        except Refused as refusal:
            print(f"no {side} at {price}: {refusal.detail}")

    async def on_fill(self, fill: Fill) -> None:
        self.earned += fill.realized_pnl - fill.fee
        print(f"{fill.side} {fill.quantity} at {fill.price}, earned so far {self.earned}")
        if fill.order_id in self.open_orders:
            return  # the rest of it is still to come
        if fill.side == "BUY":
            await self.place("SELL", fill.price * (1 + STEP))
        else:
            await self.place("BUY", fill.price * (1 - STEP))

    async def on_timer(self, time: int) -> None:
        mark = self.marks[SYMBOL].mark_price
        if mark is not None and abs(mark / self.center - 1) > LEVELS * STEP:
            await self.lay_grid()


async def main(url: str) -> None:
    async with AsyncClient(url) as client:
        await GridMaker(client, SYMBOL, timer_seconds=30).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
