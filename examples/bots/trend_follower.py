"""Follows the trend with stops: long while the fast average is above the slow one, else short.

The exchange has no trigger orders yet, so the bot watches its stop itself: it trails the best mark
since the entry. On a margin call it adds what the call asks for, and if it has not got that much,
it reduces. Needs a server (`make run`); Ctrl-C ends it.
"""

import asyncio
import sys
from collections import deque
from decimal import Decimal

from simulator.client import AsyncClient, Bot, Refused
from simulator.client.answers import Fill, Side
from simulator.client.messages import LiquidationNotice, MarginCallNotice
from simulator.client.public import Mark

SYMBOL = "BTCUSDT-PERP"
SAMPLE_SECONDS = 30
FAST, SLOW = 4, 12  # samples in the averages
QUANTITY = Decimal("0.02")
LEVERAGE = 10
STOP = Decimal("0.004")  # this far from the best mark the position is closed


class TrendFollower(Bot):
    best: Decimal | None = None  # mark since the entry

    async def on_start(self) -> None:
        self.samples: deque[Decimal] = deque(maxlen=SLOW)
        await self.client.set_leverage(SYMBOL, LEVERAGE)
        print(f"watching {SYMBOL} at {self.marks[SYMBOL].mark_price}")

    async def on_timer(self, time: int) -> None:
        mark = self.marks[SYMBOL].mark_price
        if mark is None:
            return
        self.samples.append(mark)
        if len(self.samples) < SLOW:
            return
        recent = list(self.samples)[-FAST:]
        is_rising = sum(recent) / FAST > sum(self.samples) / SLOW
        target = QUANTITY if is_rising else -QUANTITY
        if self.signed_quantity(SYMBOL) * target <= 0:
            await self.go_to(target, "the trend turned")

    async def on_mark(self, mark: Mark) -> None:
        """The stop: it only ever moves in the position's favor."""
        held, price = self.signed_quantity(SYMBOL), mark.mark_price
        if not held or price is None:
            self.best = None
            return
        better = max if held > 0 else min
        self.best = price if self.best is None else better(self.best, price)
        if abs(price / self.best - 1) >= STOP:
            await self.go_to(Decimal(0), f"stopped at {price}, best was {self.best}")

    async def go_to(self, target: Decimal, reason: str) -> None:
        """Trades at market until the position is `target`."""
        missing = target - self.signed_quantity(SYMBOL)
        if missing:
            await self.trade(missing, reason)

    async def trade(self, quantity: Decimal, reason: str, keep_margin: bool = False) -> None:
        """Trades at market. A reduction that keeps its margin makes the rest of it safer."""
        side: Side = "BUY" if quantity > 0 else "SELL"
        print(f"{reason}: {side} {abs(quantity)}")
        try:
            await self.stream.place_order(
                SYMBOL, side, abs(quantity), reduce_only=keep_margin, keep_margin=keep_margin
            )
        except Refused as refusal:
            print(f"refused: {refusal.detail}")
        # What is decided next must not be decided on the position of before.
        self.positions = {each.symbol: each for each in (await self.client.positions()).items}
        self.best = None

    async def on_fill(self, fill: Fill) -> None:
        print(f"{fill.side} {fill.quantity} at {fill.price}, realized {fill.realized_pnl}")

    async def on_margin_call(self, call: MarginCallNotice) -> None:
        if call.event == "ENDED" or call.amount_to_add is None or call.quantity_to_reduce is None:
            print(f"margin call {call.margin_call_id} ended: {call.ended_by}")
            return
        print(f"margin call at mark {call.mark_price}: liquidation at {call.liquidation_price}")
        (cross,) = [each for each in (await self.client.wallets()).items if each.kind == "CROSS"]
        if cross.withdrawable >= call.amount_to_add:
            print(f"adding {call.amount_to_add}")
            await self.client.transfer(
                "CROSS",
                "ISOLATED",
                call.amount_to_add,
                symbol=call.symbol,
                position_side=call.position_side,
            )
        else:
            sign = -1 if call.position_side == "LONG" else 1
            await self.trade(sign * call.quantity_to_reduce, "reducing", keep_margin=True)

    async def on_liquidation(self, notice: LiquidationNotice) -> None:
        print(f"liquidation {notice.liquidation_id}: {notice.event}")


async def main(url: str) -> None:
    async with AsyncClient(url) as client:
        await TrendFollower(client, SYMBOL, timer_seconds=SAMPLE_SECONDS).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
