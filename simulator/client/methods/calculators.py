"""What a trade would come to, on a world's terms, without doing anything.

Prices, quantities, amounts and rates are text, whole numbers or `Decimal`. `fee_rate` is by
default the instrument's taker fee.
"""

from collections.abc import Sequence
from typing import Any

from simulator.client.answers import PositionSide
from simulator.client.calculations import (
    AverageEntry,
    FundingCost,
    InterestCost,
    LargestPosition,
    LiquidationLines,
    LiquidationOdds,
    MarginNeeded,
    PositionSize,
    RoundTrip,
    TargetPrice,
    UnitLines,
)
from simulator.client.core import Call, Core, Work
from simulator.client.endpoints import endpoint
from simulator.client.numbers import Number, decimal_text, optional_decimal_text

_Params = dict[str, str | int | None]
OtherPosition = tuple[str, PositionSide, Number, Number, Number | None]
"""Symbol, side, quantity, entry, and the mark (None: that of now)."""


class CalculatorMethods:
    core: Core

    @endpoint
    def calculate_liquidation(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        leverage: int,
        *,
        quantity: Number = 1,
        more_margin: Number = 0,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[LiquidationLines]:
        """Where an isolated position is liquidated, and where its margin is gone."""
        params = {**_trade(symbol, side, entry, quantity), "leverage": leverage}
        params |= {
            "more_margin": decimal_text(more_margin),
            "fee_rate": optional_decimal_text(fee_rate),
        }
        return self.core.work(_ask(self.core, "liquidation", LiquidationLines, params, world))

    @endpoint
    def calculate_pnl(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        exit: Number,
        *,
        quantity: Number = 1,
        leverage: int = 1,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[RoundTrip]:
        """What a round trip earns after fees, and the return on its initial margin."""
        params = {**_trade(symbol, side, entry, quantity), "leverage": leverage}
        params |= {"exit": decimal_text(exit), "fee_rate": optional_decimal_text(fee_rate)}
        return self.core.work(_ask(self.core, "pnl", RoundTrip, params, world))

    @endpoint
    def calculate_target(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        *,
        profit: Number = 0,
        quantity: Number = 1,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[TargetPrice]:
        """The first price at which closing leaves a profit; without one, where it breaks even."""
        params = {**_trade(symbol, side, entry, quantity), "profit": decimal_text(profit)}
        params["fee_rate"] = optional_decimal_text(fee_rate)
        return self.core.work(_ask(self.core, "target", TargetPrice, params, world))

    @endpoint
    def calculate_size(
        self,
        symbol: str,
        risk: Number,
        entry: Number,
        stop: Number,
        *,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[PositionSize]:
        """The largest position that loses no more than `risk` at the stop, and its leverage."""
        params: _Params = {"symbol": symbol, "risk": decimal_text(risk)}
        params |= {"entry": decimal_text(entry), "stop": decimal_text(stop)}
        params["fee_rate"] = optional_decimal_text(fee_rate)
        return self.core.work(_ask(self.core, "size", PositionSize, params, world))

    @endpoint
    def calculate_largest(
        self,
        symbol: str,
        balance: Number,
        entry: Number,
        leverage: int,
        *,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[LargestPosition]:
        """The largest position that a balance opens."""
        params: _Params = {"symbol": symbol, "balance": decimal_text(balance)}
        params |= {"entry": decimal_text(entry), "leverage": leverage}
        params["fee_rate"] = optional_decimal_text(fee_rate)
        return self.core.work(_ask(self.core, "largest", LargestPosition, params, world))

    @endpoint
    def calculate_margin(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        leverage: int,
        *,
        quantity: Number = 1,
        fee_rate: Number | None = None,
        world: str | None = None,
    ) -> Work[MarginNeeded]:
        """What opening a position takes, and its lines."""
        params = {**_trade(symbol, side, entry, quantity), "leverage": leverage}
        params["fee_rate"] = optional_decimal_text(fee_rate)
        return self.core.work(_ask(self.core, "margin", MarginNeeded, params, world))

    @endpoint
    def calculate_average(
        self,
        symbol: str,
        side: PositionSide,
        fills: Sequence[tuple[Number, Number]],
        *,
        world: str | None = None,
    ) -> Work[AverageEntry]:
        """The position that fills `(quantity, price)` leave; a negative quantity reduces."""
        texts = [f"{decimal_text(size)}@{decimal_text(price)}" for size, price in fills]
        params: _Params = {"symbol": symbol, "side": side, "fills": ",".join(texts)}
        return self.core.work(_ask(self.core, "average", AverageEntry, params, world))

    @endpoint
    def calculate_interest(
        self,
        principal: Number,
        daily_rate: Number,
        hours: int,
        *,
        assets: Number | None = None,
        world: str | None = None,
    ) -> Work[InterestCost]:
        """What a loan of the valuation asset costs; with assets, the margin level at the end."""
        params: _Params = {"principal": decimal_text(principal), "hours": hours}
        params |= {"daily_rate": decimal_text(daily_rate), "assets": optional_decimal_text(assets)}
        return self.core.work(_ask(self.core, "interest", InterestCost, params, world))

    @endpoint
    def calculate_funding(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        rate: Number,
        hours: int,
        *,
        quantity: Number = 1,
        interval_hours: int = 8,
        world: str | None = None,
    ) -> Work[FundingCost]:
        """What funding comes to at one rate; what is negative is received."""
        params = {**_trade(symbol, side, entry, quantity), "rate": decimal_text(rate)}
        params |= {"hours": hours, "interval_hours": interval_hours}
        return self.core.work(_ask(self.core, "funding", FundingCost, params, world))

    @endpoint
    def calculate_cross(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        balance: Number,
        *,
        quantity: Number = 1,
        mark: Number | None = None,
        others: Sequence[OtherPosition] = (),
        debt: Number = 0,
        call_level: Number | None = None,
        liquidation_level: Number | None = None,
        world: str | None = None,
    ) -> Work[UnitLines]:
        """A CROSS wallet with other positions, and perhaps a debt with its levels."""
        params = {**_trade(symbol, side, entry, quantity), "balance": decimal_text(balance)}
        params |= {"mark": optional_decimal_text(mark), "debt": decimal_text(debt)}
        params |= {"call_level": optional_decimal_text(call_level)}
        params |= {"liquidation_level": optional_decimal_text(liquidation_level)}
        params["others"] = ",".join(map(_other, others)) or None
        return self.core.work(_ask(self.core, "cross", UnitLines, params, world))

    @endpoint
    def calculate_odds(
        self,
        symbol: str,
        side: PositionSide,
        entry: Number,
        leverage: int,
        volatility: Number,
        hours: int,
        *,
        quantity: Number = 1,
        mark: Number | None = None,
        more_margin: Number = 0,
        jumps_per_year: int = 0,
        jump_mean: Number = 0,
        jump_deviation: Number = 0,
        paths: int = 4_000,
        steps: int = 200,
        seed: int = 1,
        world: str | None = None,
    ) -> Work[LiquidationOdds]:
        """How likely an isolated position is liquidated within a time, by drawn paths."""
        params = {**_trade(symbol, side, entry, quantity), "leverage": leverage, "hours": hours}
        params |= {"volatility": decimal_text(volatility), "mark": optional_decimal_text(mark)}
        params |= {"more_margin": decimal_text(more_margin), "jumps_per_year": jumps_per_year}
        params |= {"jump_mean": decimal_text(jump_mean)}
        params |= {"jump_deviation": decimal_text(jump_deviation)}
        params |= {"paths": paths, "steps": steps, "seed": seed}
        return self.core.work(_ask(self.core, "odds", LiquidationOdds, params, world))


def _trade(symbol: str, side: PositionSide, entry: Number, quantity: Number) -> _Params:
    return {
        "symbol": symbol,
        "side": side,
        "entry": decimal_text(entry),
        "quantity": decimal_text(quantity),
    }


def _other(position: OtherPosition) -> str:
    symbol, side, *numbers = position
    texts = [decimal_text(each) for each in numbers if each is not None]
    return ":".join([symbol, side, *texts])


def _ask(core: Core, name: str, answer: Any, params: _Params, world: str | None) -> Call[Any]:
    path = core.world_path(f"/calculators/{name}", world)
    return Call(method="GET", path=path, answer=answer, params=params, repeatable=True)
