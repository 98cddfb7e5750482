"""The records that rules read and `state.apply` changes, one class per kind of row.

They are plain classes and no structs: compiled rules read their fields without a detour. What is
rare (calls, liquidations, the memory of client order ids) are the rows themselves.
"""

from simulator.core.model.enums import (
    EXPIRE_MAKER,
    LAST_SOURCE,
    MARK_SOURCE,
    PENDING,
    UNTRIGGERED,
    CancelReason,
    HaltReason,
    MarginMode,
    MarketState,
    OrderStatus,
    OrderType,
    PositionMode,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
    WalletKind,
)
from simulator.core.model.instruments import Instrument, RiskTier
from simulator.core.model.triggers import Trigger
from simulator.core.state.rows import (
    AccountRow,
    CountersRow,
    HoldingRow,
    InstrumentRow,
    OngoingLiquidation,
    OrderRow,
    PositionRow,
    SettingsRow,
    StandingCall,
    WalletRow,
)


class InstrumentRecord:
    """An instrument's terms and prices. A price is none until there was one."""

    __slots__ = InstrumentRow.__struct_fields__

    def __init__(
        self,
        terms: Instrument,
        tiers: tuple[RiskTier, ...],
        market_state: MarketState = MarketState.HALTED,
        halt_reason: HaltReason = HaltReason.AWAITING_INDEX,
        index_price: int | None = None,
        index_time_ns: int = 0,
        mark_price: int | None = None,
        last_price: int | None = None,
        mid_samples: tuple[tuple[int, int, int], ...] = (),
        premium_count: int = 0,
        premium_total: int = 0,
        next_funding_ns: int | None = None,
        funding_rate: int | None = None,
        recorded_funding_rate: int | None = None,
    ) -> None:
        self.terms = terms
        self.tiers = tiers
        self.market_state = market_state
        self.halt_reason = halt_reason
        self.index_price = index_price
        self.index_time_ns = index_time_ns
        self.mark_price = mark_price
        self.last_price = last_price
        self.mid_samples = mid_samples
        self.premium_count = premium_count
        self.premium_total = premium_total
        self.next_funding_ns = next_funding_ns
        self.funding_rate = funding_rate
        self.recorded_funding_rate = recorded_funding_rate

    def price_of(self, source: TriggerSource) -> int | None:
        """The price that a trigger of this source watches."""
        if source is MARK_SOURCE:
            return self.mark_price
        return self.last_price if source is LAST_SOURCE else self.index_price


class AccountRecord:
    __slots__ = AccountRow.__struct_fields__

    def __init__(
        self,
        account_id: int,
        spot_wallet_id: int,
        cross_wallet_id: int,
        maker_fee_rate: int | None = None,
        taker_fee_rate: int | None = None,
        run: int = 1,
        deposited: int = 0,
        position_mode: PositionMode = PositionMode.ONE_WAY,
        cross_leverage: int = 3,
    ) -> None:
        self.account_id = account_id
        self.spot_wallet_id = spot_wallet_id
        self.cross_wallet_id = cross_wallet_id
        self.maker_fee_rate = maker_fee_rate
        self.taker_fee_rate = taker_fee_rate
        self.run = run
        """WAL-7: counts how often the account began anew."""
        self.deposited = deposited
        """WAL-6: what was paid in since the run began, its endowment included."""
        self.position_mode = position_mode
        self.cross_leverage = cross_leverage
        """BOR-5: the product of spot margin that CROSS is."""


class Holding:
    """WAL-2: what a wallet holds of one asset."""

    __slots__ = HoldingRow.__struct_fields__

    def __init__(
        self,
        balance: int = 0,
        locked: int = 0,
        settlement_debt: int = 0,
        borrowed: int = 0,
        interest: int = 0,
    ) -> None:
        self.balance = balance
        self.locked = locked
        self.settlement_debt = settlement_debt
        self.borrowed = borrowed
        self.interest = interest
        """Accrued on what is borrowed, and not yet paid (BOR-3)."""


class Wallet:
    """WAL-1. Instrument and position side are set for ISOLATED wallets only."""

    __slots__ = WalletRow.__struct_fields__

    def __init__(
        self,
        wallet_id: int,
        account_id: int,
        kind: WalletKind,
        instrument_id: int | None = None,
        position_side: PositionSide | None = None,
        holdings: dict[int, Holding] | None = None,
        margin_call: StandingCall | None = None,
        liquidation: OngoingLiquidation | None = None,
    ) -> None:
        self.wallet_id = wallet_id
        self.account_id = account_id
        self.kind = kind
        self.instrument_id = instrument_id
        self.position_side = position_side
        self.holdings: dict[int, Holding] = {} if holdings is None else holdings
        self.margin_call = margin_call
        self.liquidation = liquidation


class Settings:
    """WAL-3: what an account chose for one instrument."""

    __slots__ = SettingsRow.__struct_fields__

    def __init__(
        self,
        account_id: int,
        instrument_id: int,
        margin_mode: MarginMode,
        leverage: int,
    ) -> None:
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.margin_mode = margin_mode
        self.leverage = leverage


class Position:
    """UNIT-2: signed quantity and signed entry notional, never an average price."""

    __slots__ = PositionRow.__struct_fields__

    def __init__(
        self,
        account_id: int,
        instrument_id: int,
        side: PositionSide,
        wallet_id: int,
        quantity: int,
        entry_notional: int,
        opened_seq: int,
    ) -> None:
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.wallet_id = wallet_id
        self.quantity = quantity
        self.entry_notional = entry_notional
        self.opened_seq = opened_seq
        """The seq at which it was opened: its age."""


class Order:
    """See `rows.OrderRow` for what its fields are."""

    __slots__ = OrderRow.__struct_fields__

    def __init__(
        self,
        order_id: int,
        account_id: int,
        instrument_id: int,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        price: int,
        quantity: int,
        remaining: int,
        post_only: bool,
        reduce_only: bool,
        keep_margin: bool,
        margin_mode: MarginMode,
        assumed_price: int,
        open_loss: int,
        client_order_id: str | None,
        liquidation_id: int | None,
        quote: bool,
        created_ns: int,
        updated_ns: int,
        status: OrderStatus = OrderStatus.ACCEPTED,
        cancel_reason: CancelReason | None = None,
        priority: int = 0,
        locked: int = 0,
        filled_notional: int = 0,
        position_side: PositionSide | None = None,
        trigger: Trigger | None = None,
        close_position: bool = False,
        expires_ns: int | None = None,
        self_trade_prevention: SelfTradePrevention = EXPIRE_MAKER,
        list_id: int | None = None,
        waits_for: int | None = None,
        watermark: int | None = None,
        auto_repay: bool = False,
        loan: int = 0,
        moved: int = 0,
        auto_borrow: bool = False,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.price = price
        self.quantity = quantity
        self.remaining = remaining
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.keep_margin = keep_margin
        self.margin_mode = margin_mode
        self.assumed_price, self.open_loss = assumed_price, open_loss
        self.client_order_id = client_order_id
        self.liquidation_id = liquidation_id
        self.quote = quote
        self.created_ns, self.updated_ns = created_ns, updated_ns
        self.status, self.cancel_reason = status, cancel_reason
        self.priority, self.locked = priority, locked
        self.filled_notional = filled_notional
        self.position_side = position_side
        self.trigger = trigger
        self.close_position = close_position
        self.expires_ns = expires_ns
        self.self_trade_prevention = self_trade_prevention
        self.list_id, self.waits_for = list_id, waits_for
        self.watermark = watermark
        self.auto_repay, self.auto_borrow = auto_repay, auto_borrow
        self.loan, self.moved = loan, moved

    @property
    def is_untriggered(self) -> bool:
        return self.status is UNTRIGGERED

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a trigger or an entry: it is in no book and needs no margin."""
        return self.status is UNTRIGGERED or self.status is PENDING


class Counters:
    """The last id given of each kind."""

    __slots__ = CountersRow.__struct_fields__

    def __init__(
        self,
        account: int,
        wallet: int,
        order: int = 0,
        trade: int = 0,
        margin_call: int = 0,
        liquidation: int = 0,
        priority: int = 0,
    ) -> None:
        self.account = account
        self.wallet = wallet
        self.order = order
        self.trade = trade
        self.margin_call = margin_call
        self.liquidation = liquidation
        self.priority = priority
