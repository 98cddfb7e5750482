"""Options of orders that wait for a price: how they are said, and what they are for the client."""

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from simulator.client.answers import OrderType
from simulator.commandline.choices import TriggerSource, flag
from simulator.commandline.failures import UsageError


@Parameter(name="*")
@dataclass(frozen=True)
class TriggerOptions:
    """At most one of the first three says what the order waits for."""

    stop: Annotated[str | None, Parameter(help="Stop: wait until the price is that bad.")] = None
    take_profit: Annotated[
        str | None, Parameter(help="Take profit: wait until the price is that good.")
    ] = None
    trailing: Annotated[
        str | None, Parameter(help="Trailing stop: so far from the best price, like 0.01 (1%).")
    ] = None
    activation: Annotated[
        str | None, Parameter(help="The price from which a trailing stop follows.")
    ] = None
    trigger_on: Annotated[TriggerSource, Parameter(help="Which price it watches.")] = (
        TriggerSource.MARK
    )
    close_position: Annotated[bool, flag("Close all there is; the quantity is then 0.")] = False


def trigger_of(options: TriggerOptions, price: str | None) -> dict[str, Any]:
    """As the client's order options; nothing for an order that does not wait.

    Raises:
        UsageError: options that do not go together.
    """
    said = [each for each in (options.stop, options.take_profit, options.trailing) if each]
    if len(said) > 1:
        raise UsageError("an order waits for one of --stop, --take-profit and --trailing")
    if not said:
        if options.close_position or options.activation is not None:
            raise UsageError(
                "--close-position and --activation go with --stop, --take-profit or --trailing"
            )
        return {}
    if options.activation is not None and options.trailing is None:
        raise UsageError("--activation goes with --trailing")
    trigger: dict[str, Any] = {
        "order_type": _type(options, price),
        "trigger_source": options.trigger_on.value,
        "close_position": options.close_position,
    }
    if options.trailing is not None:
        return trigger | {
            "callback_rate": options.trailing,
            "activation_price": options.activation,
        }
    return trigger | {"trigger_price": options.stop or options.take_profit}


def _type(options: TriggerOptions, price: str | None) -> OrderType:
    if options.trailing is not None:
        if price is not None:
            raise UsageError("a trailing stop is a market order: it has no --price")
        return "TRAILING_STOP_MARKET"
    if options.stop is not None:
        return "STOP_MARKET" if price is None else "STOP_LIMIT"
    return "TAKE_PROFIT_MARKET" if price is None else "TAKE_PROFIT_LIMIT"
