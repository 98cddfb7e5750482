"""What `simulator replay` may be told about the market beside its bars."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal

from cyclopts import Parameter

from simulator.core.model.enums import MarkMethod
from simulator.decimal_text import DecimalError, format_rate, parse_rate
from simulator.scenarios.replay import DEFAULT_OPTIONS, ReplayError, ReplayOptions


class Mark(Enum):
    _value_: Literal["INDEX", "MEDIAN"]
    INDEX = "INDEX"
    MEDIAN = "MEDIAN"


@Parameter(name="*")
@dataclass(frozen=True)
class ReplayMarket:
    """How marks are made, who else is there, and how much there is to trade with."""

    funding: Annotated[
        tuple[str, ...],
        Parameter(help="Recorded funding rates, a file named like one of bars; repeatable."),
    ] = ()
    mark: Annotated[
        Mark | None, Parameter(help="index or median [default: as the instruments are listed].")
    ] = None
    population: Annotated[
        int, Parameter(help="So many leveraged accounts, drawn from the seed.")
    ] = DEFAULT_OPTIONS.population
    seed: Annotated[int, Parameter(help="Of the population.")] = DEFAULT_OPTIONS.seed
    spot_share: Annotated[
        str, Parameter(help="Of the population, on spot margin: a part like 0.25.")
    ] = format_rate(DEFAULT_OPTIONS.spot_share)
    fund: Annotated[int, Parameter(help="USDT of the insurance fund.")] = DEFAULT_OPTIONS.fund
    depth: Annotated[int, Parameter(help="USDT on each level of a maker's quotes.")] = (
        DEFAULT_OPTIONS.depth
    )

    def options(self) -> ReplayOptions:
        """Raises ReplayError."""
        try:
            spot_share = parse_rate(self.spot_share)
        except DecimalError as error:
            raise ReplayError(f"spot share: {error}") from error
        return ReplayOptions(
            funding=self.funding,
            mark_method=None if self.mark is None else MarkMethod[self.mark.value],
            population=self.population,
            seed=self.seed,
            spot_share=spot_share,
            fund=self.fund,
            depth=self.depth,
        )
