"""The words of the wire for the enumerations of the core, both ways."""

from typing import Final

from simulator.api.shapes.base import (
    MarginModeName,
    MarketStateName,
    OrderTypeName,
    PositionModeName,
    PositionSideName,
    SideName,
    TimeInForceName,
    WalletKindName,
)
from simulator.core.model.enums import (
    MarginMode,
    MarketState,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TimeInForce,
    WalletKind,
)

SIDES: Final[dict[SideName, Side]] = {"BUY": Side.BUY, "SELL": Side.SELL}
OPPOSITE_SIDES: Final[dict[SideName, SideName]] = {"BUY": "SELL", "SELL": "BUY"}
ORDER_TYPES: Final[dict[OrderTypeName, OrderType]] = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
}
TIMES_IN_FORCE: Final[dict[TimeInForceName, TimeInForce]] = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
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
MARKET_STATE_NAMES: Final[dict[MarketState, MarketStateName]] = {
    MarketState.OPEN: "OPEN",
    MarketState.HALTED: "HALTED",
}


def position_side(name: PositionSideName | None) -> PositionSide | None:
    """The side that an order names; none in one-way mode."""
    return None if name is None else POSITION_SIDES[name]


def position_side_name(side: PositionSide | None) -> PositionSideName | None:
    """The reverse of `position_side`."""
    return None if side is None else POSITION_SIDE_NAMES[side]
