"""Events, in the past tense: everything that can happen, and all that the state is made of.

An event carries what was decided, so that applying it decides nothing. They are journaled as
arrays with an integer tag. A tag is never reused; a field is only ever appended, with a default.
"""

from simulator.core.model.events.accounts import (
    AccountOpened,
    AccountReset,
    LeverageSet,
    MarginLocked,
    MarginModeSet,
    PositionModeSet,
    Transferred,
    WalletOpened,
)
from simulator.core.model.events.base import Event
from simulator.core.model.events.borrowing import (
    AssetTakenOver,
    CrossLeverageSet,
    FundsLocked,
    HaircutsSet,
    InterestAccrued,
    InterestScheduled,
)
from simulator.core.model.events.funding import (
    FundingCompleted,
    FundingPaid,
    FundingRatesSet,
    FundingScheduled,
    FundingSettled,
    FundingSkipped,
    PricesSampled,
)
from simulator.core.model.events.liquidations import (
    DeleveragingStarted,
    LiquidationPaused,
    LiquidationResumed,
    PositionDeleveraged,
)
from simulator.core.model.events.orders import (
    ClientOrderRecorded,
    CountdownElapsed,
    CountdownSet,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderListAccepted,
    OrderRejected,
    OrderRepeated,
    OrderRested,
    OrderTriggered,
    OrderWoken,
    PositionChanged,
    QuotesReplaced,
    TradeExecuted,
    TriggersPaged,
)
from simulator.core.model.events.prices import IndexPriceUpdated, MarkPriceUpdated
from simulator.core.model.events.risk import (
    FundUnloadScheduled,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginCallEnded,
    MarginCallIssued,
    PositionTakenOver,
    SweepPaged,
)
from simulator.core.model.events.world import (
    AssetDefined,
    AuctionUncrossed,
    CommandRejected,
    InstrumentListed,
    InstrumentSettled,
    MarketStateChanged,
    RiskTiersSet,
    TimeAdvanced,
    WorldConfigured,
)

AnyEvent = (
    AssetDefined
    | InstrumentListed
    | RiskTiersSet
    | WorldConfigured
    | MarketStateChanged
    | TimeAdvanced
    | CommandRejected
    | AccountOpened
    | WalletOpened
    | Transferred
    | MarginLocked
    | LeverageSet
    | MarginModeSet
    | PositionModeSet
    | AccountReset
    | OrderAccepted
    | OrderRejected
    | OrderRepeated
    | ClientOrderRecorded
    | OrderRested
    | OrderCanceled
    | OrderAmended
    | TradeExecuted
    | QuotesReplaced
    | PositionChanged
    | IndexPriceUpdated
    | MarkPriceUpdated
    | MarginCallIssued
    | MarginCallEnded
    | LiquidationStarted
    | LiquidationStepTaken
    | PositionTakenOver
    | LiquidationEnded
    | SweepPaged
    | FundUnloadScheduled
    | PricesSampled
    | FundingScheduled
    | FundingRatesSet
    | FundingSettled
    | FundingSkipped
    | FundingPaid
    | FundingCompleted
    | OrderTriggered
    | OrderWoken
    | OrderListAccepted
    | CountdownSet
    | CountdownElapsed
    | TriggersPaged
    | AuctionUncrossed
    | InstrumentSettled
    | LiquidationPaused
    | LiquidationResumed
    | DeleveragingStarted
    | PositionDeleveraged
    | FundsLocked
    | InterestAccrued
    | InterestScheduled
    | CrossLeverageSet
    | HaircutsSet
    | AssetTakenOver
)

__all__ = [
    "AccountOpened",
    "AccountReset",
    "AnyEvent",
    "AssetDefined",
    "AuctionUncrossed",
    "ClientOrderRecorded",
    "CommandRejected",
    "CountdownElapsed",
    "CountdownSet",
    "DeleveragingStarted",
    "AssetTakenOver",
    "CrossLeverageSet",
    "Event",
    "FundUnloadScheduled",
    "FundingCompleted",
    "FundingPaid",
    "FundingRatesSet",
    "FundingScheduled",
    "FundingSettled",
    "FundingSkipped",
    "FundsLocked",
    "HaircutsSet",
    "IndexPriceUpdated",
    "InstrumentListed",
    "InstrumentSettled",
    "InterestAccrued",
    "InterestScheduled",
    "LeverageSet",
    "LiquidationEnded",
    "LiquidationPaused",
    "LiquidationResumed",
    "LiquidationStarted",
    "LiquidationStepTaken",
    "MarginCallEnded",
    "MarginCallIssued",
    "MarginLocked",
    "MarginModeSet",
    "MarkPriceUpdated",
    "MarketStateChanged",
    "OrderAccepted",
    "OrderAmended",
    "OrderCanceled",
    "OrderListAccepted",
    "OrderRejected",
    "OrderRepeated",
    "OrderRested",
    "OrderTriggered",
    "OrderWoken",
    "PositionChanged",
    "PositionDeleveraged",
    "PositionModeSet",
    "PositionTakenOver",
    "PricesSampled",
    "QuotesReplaced",
    "RiskTiersSet",
    "SweepPaged",
    "TimeAdvanced",
    "TradeExecuted",
    "Transferred",
    "TriggersPaged",
    "WalletOpened",
    "WorldConfigured",
]
