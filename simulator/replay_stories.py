"""What happened to the traders of a replay: found in the journal, and told a sentence each."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.enums import PositionSide, Side
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import divide_half_even
from simulator.decimal_text import format_decimal
from simulator.replay_words import money, utc


class Moment(msgspec.Struct, frozen=True):
    """Something that happened to a trader, with its world time."""

    time_ns: int
    event: e.AnyEvent


Stories = dict[str, list[Moment]]


class Storyteller:
    """Follows a journal from its first entry and keeps what concerns named accounts."""

    def __init__(self, accounts: Mapping[str, int]) -> None:
        self.stories: Stories = {name: [] for name in accounts}
        self._names = {account_id: name for name, account_id in accounts.items()}
        self._calls: dict[int, int] = {}
        self._liquidations: dict[int, int] = {}
        """Whose margin call and whose liquidation it is, by their numbers."""

    def follow(self, entry: Entry) -> None:
        for event in entry.events:
            for name in dict.fromkeys(self._concerned(event)):
                self.stories[name].append(Moment(entry.time_ns, event))

    def _concerned(self, event: e.AnyEvent) -> Iterator[str]:
        for account_id in self._accounts_of(event):
            name = self._names.get(account_id)
            if name is not None:
                yield name

    def _accounts_of(self, event: e.AnyEvent) -> Iterable[int]:
        match event:
            case e.TradeExecuted():
                return event.taker_account_id, event.maker_account_id
            case e.MarginCallIssued():
                self._calls[event.margin_call_id] = event.account_id
                return (event.account_id,)
            case e.MarginCallEnded():
                return (self._calls[event.margin_call_id],)
            case e.LiquidationStarted():
                self._liquidations[event.liquidation_id] = event.account_id
                return (event.account_id,)
            case e.PositionDeleveraged():
                return self._liquidations[event.liquidation_id], event.account_id
            case (
                e.LiquidationStepTaken()
                | e.LiquidationPaused()
                | e.LiquidationResumed()
                | e.PositionTakenOver()
                | e.AssetTakenOver()
                | e.LiquidationEnded()
            ):
                return (self._liquidations[event.liquidation_id],)
            case _:
                return ()


def tell(moments: list[Moment], account_id: int, terms: dict[int, Instrument]) -> Iterator[str]:
    """A line each, with its time; marked up for a terminal."""
    for moment in moments:
        yield f"{utc(moment.time_ns)}  {_sentence(moment.event, account_id, terms)}"


def _sentence(event: e.AnyEvent, account_id: int, terms: dict[int, Instrument]) -> str:
    match event:
        case e.TradeExecuted():
            return _trade(event, account_id, terms[event.instrument_id])
        case e.MarginCallIssued():
            return _call(event, terms[event.instrument_id])
        case e.MarginCallEnded():
            return f"margin call ended: {event.end.name.lower()}"
        case e.LiquidationStarted():
            return (
                f"[red]liquidation[/]: equity {money(event.equity)} is at or under maintenance "
                f"{money(event.maintenance_margin)}"
            )
        case e.LiquidationStepTaken():
            return _step(event, terms[event.instrument_id])
        case e.LiquidationPaused():
            of = terms[event.instrument_id]
            return f"  the rest of {of.symbol} waits until {utc(event.resume_ns)}"
        case e.LiquidationResumed():
            return f"  the wait is over on {terms[event.instrument_id].symbol}"
        case e.PositionTakenOver():
            of = terms[event.instrument_id]
            return f"  the insurance fund takes {_size(event.quantity, of)}"
        case e.AssetTakenOver():
            verb = "buys an asset" if event.amount > 0 else "sells what is owed"
            return f"  the insurance fund {verb} at index, for {money(event.notional)}"
        case e.PositionDeleveraged():
            return _deleveraged(event, account_id, terms[event.instrument_id])
        case e.LiquidationEnded():
            return (
                f"  ended {event.outcome.name.lower()}: fee {money(event.fee)}, left "
                f"{money(event.equity)}, deficit {money(event.deficit)}"
            )
        case _:
            raise AssertionError(f"a {type(event).__name__} is part of no story")


def _size(quantity: int, of: Instrument) -> str:
    return f"{format_decimal(quantity, of.quantity_decimals)} {of.base}"


def _side(side: PositionSide) -> str:
    return "long" if side == PositionSide.LONG else "short"


def _trade(event: e.TradeExecuted, account_id: int, of: Instrument) -> str:
    taker = event.taker_account_id == account_id
    bought = (event.taker_side == Side.BUY) == taker
    price = format_decimal(event.price, of.price_decimals)
    return f"{'bought' if bought else 'sold'} {_size(event.quantity, of)} at {price}"


def _call(event: e.MarginCallIssued, of: Instrument) -> str:
    mark = format_decimal(event.mark_price, of.price_decimals)
    again = " again" if event.repeated else ""
    return (
        f"[yellow]margin call{again}[/] at mark {mark}: equity {money(event.equity)} is at or "
        f"under {money(event.call_margin)}; add {money(event.amount_to_add)} or reduce by "
        f"{_size(event.quantity_to_reduce, of)}"
    )


def _step(event: e.LiquidationStepTaken, of: Instrument) -> str:
    return (
        f"  offers {_size(event.quantity, of)} of the {_side(event.position_side)}, mark "
        f"{format_decimal(event.mark_price, of.price_decimals)}, not worse than "
        f"{format_decimal(event.takeover_price, of.price_decimals)}"
    )


def _deleveraged(event: e.PositionDeleveraged, account_id: int, of: Instrument) -> str:
    """`position_side` is that of the one whose position was closed against the liquidated one."""
    unit = event.quantity * of.notional_multiplier
    price = format_decimal(divide_half_even(event.notional, unit), of.price_decimals)
    if event.account_id == account_id:
        return (
            f"[red]auto-deleveraged[/]: {_size(event.quantity, of)} of the "
            f"{_side(event.position_side)} closed at {price} against somebody's liquidation"
        )
    return f"  {_size(event.quantity, of)} closed at {price} by auto-deleveraging"
