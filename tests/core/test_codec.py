"""The bytes of a journal: they come back as they went in, and nothing in them changes unnoticed."""

import enum
import types
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.codec import (
    GENESIS_HASH,
    Entry,
    chain_hash,
    decode_entry,
    decode_snapshot,
    encode_entry,
    encode_snapshot,
    state_hash,
)
from simulator.core.exchange import Exchange
from simulator.core.model import commands, events
from simulator.core.model.commands import AnyCommand
from simulator.core.model.enums import OrderType, Side, TimeInForce
from simulator.core.model.events import AnyEvent
from tests.scenario import Events, World, amount, rate

INT64 = st.integers(-(1 << 62), 1 << 62)
COMMANDS: tuple[type[Any], ...] = get_args(AnyCommand)
EVENTS: tuple[type[Any], ...] = get_args(AnyEvent)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that the core's structs are made of."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of([values(each) for each in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(each) for each in arguments))
    if kind is bool:
        return st.booleans()
    if kind is int:
        return INT64
    if kind is str:
        return st.text(max_size=5)
    if kind is type(None):
        return st.none()
    if issubclass(kind, enum.IntEnum):
        return st.sampled_from(kind)
    return instances(kind)


def instances(struct: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(struct)
    fields = {field.name: values(hints[field.name]) for field in msgspec.structs.fields(struct)}
    return st.builds(struct, **fields)


def tag_of(struct: type[Any]) -> int:
    tag = struct.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


def structs_of(module: types.ModuleType, base: type[Any]) -> Iterator[type[Any]]:
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, base) and each is not base:
            yield each


# -- the vocabulary --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: str(kind.__name__))
def test_every_command_comes_back(kind: type[Any]) -> None:
    @settings(max_examples=20)
    @given(command=instances(kind))
    def comes_back(command: AnyCommand) -> None:
        entry = Entry("world", 1, 2, command, ())
        assert decode_entry(encode_entry(entry)) == entry

    comes_back()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: str(kind.__name__))
def test_every_event_comes_back(kind: type[Any]) -> None:
    @settings(max_examples=20)
    @given(event=instances(kind))
    def comes_back(event: AnyEvent) -> None:
        entry = Entry("world", 1, 2, commands.ContinueSweep(), (event, event))
        assert decode_entry(encode_entry(entry)) == entry

    comes_back()


def test_the_unions_name_every_command_and_every_event() -> None:
    assert set(COMMANDS) == set(structs_of(commands, commands.Command))
    assert set(EVENTS) == set(structs_of(events, events.Event))


COMMAND_TAGS = {
    "DefineAsset": 1,
    "ListInstrument": 2,
    "SetRiskTiers": 3,
    "ConfigureWorld": 4,
    "SetMarketState": 5,
    "OpenAccount": 10,
    "Deposit": 11,
    "TransferFunds": 12,
    "AdjustBalance": 13,
    "SetLeverage": 14,
    "SetMarginMode": 15,
    "SetPositionMode": 16,
    "DepositFunds": 17,
    "ResetAccount": 18,
    "PlaceOrder": 20,
    "AmendOrder": 21,
    "CancelOrder": 22,
    "CancelAllOrders": 23,
    "ReplaceQuotes": 24,
    "SetIndexPrices": 30,
    "AdvanceTime": 31,
    "ContinueSweep": 32,
    "SetFundingRates": 33,
    "PlaceOrderList": 60,
    "CancelOrderList": 61,
    "CountdownCancelAll": 62,
    "FundLendingPool": 80,
    "BorrowFunds": 81,
    "RepayFunds": 82,
    "SetCrossLeverage": 83,
    "SetHaircuts": 84,
}
EVENT_TAGS = {
    "AssetDefined": 1,
    "InstrumentListed": 2,
    "RiskTiersSet": 3,
    "WorldConfigured": 4,
    "MarketStateChanged": 5,
    "TimeAdvanced": 6,
    "CommandRejected": 7,
    "AccountOpened": 10,
    "WalletOpened": 11,
    "Transferred": 12,
    "MarginLocked": 13,
    "LeverageSet": 14,
    "MarginModeSet": 15,
    "AccountReset": 16,
    "PositionModeSet": 17,
    "OrderAccepted": 20,
    "OrderRejected": 21,
    "OrderRepeated": 22,
    "OrderRested": 23,
    "OrderCanceled": 24,
    "OrderAmended": 25,
    "TradeExecuted": 26,
    "QuotesReplaced": 27,
    "PositionChanged": 28,
    "ClientOrderRecorded": 29,
    "IndexPriceUpdated": 30,
    "MarkPriceUpdated": 31,
    "PricesSampled": 32,
    "FundingScheduled": 33,
    "FundingRatesSet": 34,
    "FundingSettled": 35,
    "FundingSkipped": 36,
    "FundingPaid": 37,
    "FundingCompleted": 38,
    "LiquidationPaused": 50,
    "LiquidationResumed": 51,
    "DeleveragingStarted": 52,
    "PositionDeleveraged": 53,
    "MarginCallIssued": 40,
    "MarginCallEnded": 41,
    "LiquidationStarted": 42,
    "LiquidationStepTaken": 43,
    "PositionTakenOver": 44,
    "LiquidationEnded": 45,
    "SweepPaged": 46,
    "FundUnloadScheduled": 47,
    "OrderTriggered": 60,
    "OrderWoken": 61,
    "OrderListAccepted": 62,
    "CountdownSet": 63,
    "CountdownElapsed": 64,
    "TriggersPaged": 65,
    "AuctionUncrossed": 66,
    "InstrumentSettled": 67,
    "FundsLocked": 80,
    "InterestAccrued": 81,
    "InterestScheduled": 82,
    "CrossLeverageSet": 83,
    "HaircutsSet": 84,
    "AssetTakenOver": 85,
}


def test_a_tag_is_never_reused() -> None:
    """A new command or event is added above with a number that was never given."""
    assert {kind.__name__: tag_of(kind) for kind in COMMANDS} == COMMAND_TAGS
    assert {kind.__name__: tag_of(kind) for kind in EVENTS} == EVENT_TAGS


def test_a_field_that_was_appended_since_has_its_default() -> None:
    """An order as it was written before `keep_margin` and `client_order_id`."""
    old = ["world", 1, 2, [20, 2, 1, 1, 1, 5, 100, 1, False, True], []]
    entry = decode_entry(msgspec.msgpack.encode(old))
    assert entry.command == commands.PlaceOrder(
        2,
        1,
        Side.BUY,
        OrderType.LIMIT,
        5,
        100,
        TimeInForce.GTC,
        reduce_only=True,
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode(["world", 1, 2]),
        msgspec.msgpack.encode(["world", 1, 2, [99], []]),
        msgspec.msgpack.encode(["world", 1, "now", [32], []]),
        msgspec.msgpack.encode(["world", 1, 2, [24, 2, 1, [[1.5, 2]], []], []]),
        encode_entry(Entry("world", 1, 2, commands.ContinueSweep(), ()))[:-1],
    ],
)
def test_bytes_that_are_no_entry_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_entry(data)


# -- a journal -------------------------------------------------------------------------------------


class Journal(World):
    """A world that keeps its entries, encoded."""

    def __init__(self, **parameters: Any) -> None:
        self.entries: list[bytes] = []
        super().__init__(**parameters)

    def run(self, command: AnyCommand) -> Events:
        told = super().run(command)
        seq = self.exchange.state.seq
        self.entries.append(encode_entry(Entry("world", seq, self.time_ns, command, told)))
        return told

    def head(self) -> bytes:
        head = GENESIS_HASH
        for encoded in self.entries:
            head = chain_hash(head, encoded)
        return head


def busy_day() -> Journal:
    """Orders, quotes, margin, a call, liquidations of all kinds, a halt, the fund."""
    world = Journal(fund="20", page_size=1, fund_unload_interval_ns=3_600 * 10**9)
    fees = {"maker_fee_rate": rate("-0.01%"), "taker_fee_rate": rate("0.05%")}
    world.instrument("BTC", "2000:0.4%:125 10000:1%:50 5%:10", **fees)
    world.instrument("ETH", "1%:50", index_staleness_ns=5 * 3_600 * 10**9)
    for name in ("ann", "bob", "eve", "joe"):
        world.account(name, cross="1000", spot="100")
    world.mark(BTC="100", ETH="10")
    world.maker("BTC", bids="99 x 50, 98 x 50", asks="100 x 200")
    world.buy("ann", "BTC", "60", leverage=20, client_order_id="first")
    world.buy("ann", "BTC", "60", leverage=20, client_order_id="first")
    world.sell("ann", "BTC", "5", at="104", reduce_only=True, keep_margin=True)
    world.sell("bob", "BTC", "20", at="99", leverage=10, mode="CROSS")
    world.buy("bob", "ETH", "5", at="9.9", post_only=True, leverage=20)
    world.sell("eve", "ETH", "9", at="9.9", leverage=20)
    world.amend("eve", world.exchange.state.counters.order, at="10.1", quantity="12")
    world.buy("eve", "BTC", "30", tif="FOK", at="99")
    world.buy("eve", "BTC", "60", leverage=25)
    world.buy("joe", "BTC", "10", leverage=25)
    world.transfer("ann", "10", "SPOT", "CROSS")
    world.transfer("ann", "10", "CROSS", "ISOLATED", at=("BTC", "LONG"))
    world.mark(BTC="96.7")  # eve goes down a tier on the book, joe is called
    world.maker("BTC", bids="95.6 x 20")
    world.mark(BTC="95.5")  # the fund takes over what the book does not
    world.run(commands.ContinueSweep())
    world.halt("ETH")
    world.tiers("BTC", "2000:0.5%:125 10000:1.5%:40 5%:10")
    world.deposit("ann", "5")
    world.mark(BTC="85", ETH="9")  # nothing is left of those who are left
    while world.exchange.state.is_paging:
        world.deposit("ann", "5")
        world.run(commands.ContinueSweep())
    world.reopen("ETH")
    world.maker("BTC", bids="84 x 10", asks="86 x 10")
    world.wait(7 * 3_600)
    world.cancel_all("bob")
    world.leverage("bob", "ETH", 7)
    world.run(commands.AdjustBalance(world.wallet("bob", "SPOT").wallet_id, 1, -5, "a correction"))
    world.mark(BTC="160", ETH="12")  # bob loses more than he has, and the fund has
    return world


HEAD = "5b31ee1425fae62ee72a7ab9461584a6efa9186eb17dd7e526b673c98c7d957c"
STATE = "4f82616ea5ec067cb67072f5dc9f5fcb61d57ae44b75c4b181d9b735c37b2ca7"


def test_the_journal_of_a_busy_day_is_the_same_on_every_machine() -> None:
    """Raise RULES_VERSION when a rule changed on purpose, and say in the changelog which."""
    world = busy_day()
    assert world.total() == 0
    assert world.head().hex() == HEAD
    assert state_hash(world.exchange.state).hex() == STATE


def test_folding_the_journal_gives_the_state() -> None:
    world = busy_day()
    folded = Exchange()
    for encoded in world.entries:
        entry = decode_entry(encoded)
        folded.fold(entry.time_ns, entry.command, entry.events)
    assert state_hash(folded.state) == state_hash(world.exchange.state)


def test_executing_the_journals_commands_gives_its_events() -> None:
    world = busy_day()
    again = Exchange()
    for encoded in world.entries:
        entry = decode_entry(encoded)
        assert again.execute(entry.time_ns, entry.command) == entry.events


def test_the_chain_covers_every_entry_before() -> None:
    first, second = b"first entry", b"second entry"
    assert chain_hash(GENESIS_HASH, first) == sha256(bytes(32) + first).digest()
    head = chain_hash(chain_hash(GENESIS_HASH, first), second)
    assert head != chain_hash(chain_hash(GENESIS_HASH, b"First entry"), second)
    assert head != chain_hash(chain_hash(GENESIS_HASH, second), first)


def test_a_snapshot_comes_back_and_has_the_same_hash() -> None:
    world = busy_day()
    encoded = encode_snapshot(world.exchange.state)
    restored = decode_snapshot(encoded)
    assert encode_snapshot(restored) == encoded
    assert state_hash(restored) == sha256(encoded).digest()
    with pytest.raises(msgspec.DecodeError):
        decode_snapshot(encoded[:-1])


def test_the_state_hash_sees_every_minor_unit() -> None:
    world = busy_day()
    before = state_hash(world.exchange.state)
    world.wallet("ann").holdings[1].balance += 1
    assert state_hash(world.exchange.state) != before
    world.wallet("ann").holdings[1].balance -= 1
    assert state_hash(world.exchange.state) == before
    assert amount("0.00000001") == 1
