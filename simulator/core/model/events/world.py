"""Events of the world itself: what is listed, its parameters, market states and time."""

from simulator.core.model.enums import HaltReason, MarketState
from simulator.core.model.events.base import Event
from simulator.core.model.instruments import Asset, Instrument, RiskTier, WorldParameters
from simulator.core.model.rejects import RejectReason


class AssetDefined(Event, frozen=True, tag=1):
    asset: Asset


class InstrumentListed(Event, frozen=True, tag=2):
    instrument: Instrument
    tiers: tuple[RiskTier, ...]


class RiskTiersSet(Event, frozen=True, tag=3):
    instrument_id: int
    tiers: tuple[RiskTier, ...]


class WorldConfigured(Event, frozen=True, tag=4):
    parameters: WorldParameters


class MarketStateChanged(Event, frozen=True, tag=5):
    instrument_id: int
    state: MarketState
    reason: HaltReason


class TimeAdvanced(Event, frozen=True, tag=6):
    time_ns: int


class CommandRejected(Event, frozen=True, tag=7):
    """The refusal of a command other than an order."""

    reason: RejectReason
    needed: int | None
    available: int | None


class AuctionUncrossed(Event, frozen=True, tag=66):
    """MAT-2: the one price of the trades that follow, the most that can trade, what is left over.

    `imbalance` is the demand at that price less the supply.
    """

    instrument_id: int
    price: int
    quantity: int
    imbalance: int


class InstrumentSettled(Event, frozen=True, tag=67):
    """MAT-2: the instrument is closed for good; its positions were settled at this price."""

    instrument_id: int
    price: int
