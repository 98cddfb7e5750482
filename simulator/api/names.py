"""The words of the wire for the enumerations of the core, both ways."""

from typing import Final

from simulator.api.shapes.base import (
    ListTypeName,
    MarginModeName,
    MarketStateName,
    OrderTypeName,
    PositionModeName,
    PositionSideName,
    SelfTradePreventionName,
    SideName,
    TimeInForceName,
    TriggerSourceName,
    WalletKindName,
)
from simulator.core.model.enums import (
    ListType,
    MarginMode,
    MarketState,
    OrderType,
    PositionMode,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
    WalletKind,
)

SIDES: Final[dict[SideName, Side]] = {"BUY": Side.BUY, "SELL": Side.SELL}
OPPOSITE_SIDES: Final[dict[SideName, SideName]] = {"BUY": "SELL", "SELL": "BUY"}
ORDER_TYPES: Final[dict[OrderTypeName, OrderType]] = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "STOP_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP_MARKET,
}
TIMES_IN_FORCE: Final[dict[TimeInForceName, TimeInForce]] = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
}
TRIGGER_SOURCES: Final[dict[TriggerSourceName, TriggerSource]] = {
    "MARK": TriggerSource.MARK,
    "LAST": TriggerSource.LAST,
    "INDEX": TriggerSource.INDEX,
}
SELF_TRADE_PREVENTIONS: Final[dict[SelfTradePreventionName, SelfTradePrevention]] = {
    "EXPIRE_TAKER": SelfTradePrevention.EXPIRE_TAKER,
    "EXPIRE_MAKER": SelfTradePrevention.EXPIRE_MAKER,
    "EXPIRE_BOTH": SelfTradePrevention.EXPIRE_BOTH,
}
LIST_TYPES: Final[dict[ListTypeName, ListType]] = {
    "OCO": ListType.OCO,
    "OTO": ListType.OTO,
    "OTOCO": ListType.OTOCO,
}
MARKET_STATES: Final[dict[MarketStateName, MarketState]] = {
    "OPEN": MarketState.OPEN,
    "HALTED": MarketState.HALTED,
    "AUCTION": MarketState.AUCTION,
    "CLOSED": MarketState.CLOSED,
}
MARGIN_MODES: Final[dict[MarginModeName, MarginMode]] = {
    "CROSS": MarginMode.CROSS,
    "ISOLATED": MarginMode.ISOLATED,
    "SPOT": MarginMode.SPOT,
}
POSITION_SIDES: Final[dict[PositionSideName, PositionSide]] = {
    "LONG": PositionSide.LONG,
    "SHORT": PositionSide.SHORT,
}
POSITION_MODES: Final[dict[PositionModeName, PositionMode]] = {
    "ONE_WAY": PositionMode.ONE_WAY,
    "HEDGE": PositionMode.HEDGE,
}
WALLET_KINDS: Final[dict[WalletKindName, WalletKind]] = {
    "SPOT": WalletKind.SPOT,
    "CROSS": WalletKind.CROSS,
    "ISOLATED": WalletKind.ISOLATED,
}

SIDE_NAMES: Final = {value: name for name, value in SIDES.items()}
ORDER_TYPE_NAMES: Final = {value: name for name, value in ORDER_TYPES.items()}
TIME_IN_FORCE_NAMES: Final = {value: name for name, value in TIMES_IN_FORCE.items()}
MARGIN_MODE_NAMES: Final = {value: name for name, value in MARGIN_MODES.items()}
POSITION_SIDE_NAMES: Final = {value: name for name, value in POSITION_SIDES.items()}
POSITION_MODE_NAMES: Final = {value: name for name, value in POSITION_MODES.items()}
WALLET_KIND_NAMES: Final = {value: name for name, value in WALLET_KINDS.items()}
TRIGGER_SOURCE_NAMES: Final = {value: name for name, value in TRIGGER_SOURCES.items()}
SELF_TRADE_PREVENTION_NAMES: Final = {value: name for name, value in SELF_TRADE_PREVENTIONS.items()}
LIST_TYPE_NAMES: Final = {value: name for name, value in LIST_TYPES.items()}
MARKET_STATE_NAMES: Final = {value: name for name, value in MARKET_STATES.items()}


def position_side(name: PositionSideName | None) -> PositionSide | None:
    """The side that an order names; none in one-way mode."""
    return None if name is None else POSITION_SIDES[name]


def position_side_name(side: PositionSide | None) -> PositionSideName | None:
    """The reverse of `position_side`."""
    return None if side is None else POSITION_SIDE_NAMES[side]
