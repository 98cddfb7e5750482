"""MARG-1: what assets and debts are worth, each at the index of its spot instrument.

Balances round down and debts up (UNIT-3), asset by asset. A wallet can be valued as it stands, or
as it would be: a `Holdings` is a copy of what it holds and owes that runs ahead of the state.
"""

from simulator.core.model.enums import CROSS_WALLET, ISOLATED_WALLET
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.margin_levels import initial_of_debts, isolated_leverage, levels_of
from simulator.core.model.units import RATE_ONE, divide_down, divide_up
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Wallet


class Holdings:
    """What a wallet holds, has locked and owes, per asset, as it is or as it would be."""

    __slots__ = ("balances", "debts", "locked", "settlement_debt")

    def __init__(self, wallet: Wallet | None) -> None:
        self.balances: dict[int, int] = {}
        self.locked: dict[int, int] = {}
        self.debts: dict[int, int] = {}
        """Borrowed and interest."""
        self.settlement_debt = 0
        if wallet is None:
            return
        for asset_id, holding in wallet.holdings.items():
            self.balances[asset_id] = holding.balance
            self.locked[asset_id] = holding.locked
            self.debts[asset_id] = holding.borrowed + holding.interest
        quote = wallet.holdings.get(VALUATION_ASSET)
        if quote is not None:
            self.settlement_debt = quote.settlement_debt

    def balance(self, asset_id: int) -> int:
        return self.balances.get(asset_id, 0)

    def free(self, asset_id: int) -> int:
        return self.balances.get(asset_id, 0) - self.locked.get(asset_id, 0)

    def debt(self, asset_id: int) -> int:
        return self.debts.get(asset_id, 0)

    def add(self, asset_id: int, amount: int) -> None:
        self.balances[asset_id] = self.balances.get(asset_id, 0) + amount

    def lock(self, asset_id: int, amount: int) -> None:
        self.locked[asset_id] = self.locked.get(asset_id, 0) + amount

    def owe(self, asset_id: int, amount: int) -> None:
        self.debts[asset_id] = self.debts.get(asset_id, 0) + amount

    def repay(self, asset_id: int, most: int) -> int:
        """Repays what it can of a debt, up to so much; returns how much."""
        amount = max(0, min(most, self.debt(asset_id), self.balance(asset_id)))
        self.add(asset_id, -amount)
        self.owe(asset_id, -amount)
        return amount


class Worth:
    """Assets and debts of one wallet in the valuation asset, and what its debts require."""

    __slots__ = (
        "collateral",
        "debt_call",
        "debt_initial",
        "debt_maintenance",
        "debts",
        "gross",
        "settlement_debt",
    )

    def __init__(self, gross: int, collateral: int, debts: int, settlement_debt: int) -> None:
        self.gross = gross
        """All balances at index."""
        self.collateral = collateral
        """All balances at index, less haircuts."""
        self.debts = debts
        """Borrowed and interest."""
        self.settlement_debt = settlement_debt
        self.debt_maintenance = 0
        """Exact, times 1e12: debts times (liquidation level - 1)."""
        self.debt_call = 0
        """Exact, times 1e12: debts times (call level - 1)."""
        self.debt_initial = 0

    @property
    def net(self) -> int:
        """Net assets, without haircuts (MARG-1)."""
        return self.gross - self.debts - self.settlement_debt

    @property
    def net_collateral(self) -> int:
        return self.collateral - self.debts - self.settlement_debt


def spot_record(state: ExchangeState, asset_id: int) -> InstrumentRecord | None:
    """The spot instrument that an asset is valued by; none if it has none, or no index yet."""
    record = state.spot_records.get(asset_id)
    return None if record is None or record.index_price is None else record


def index_of(record: InstrumentRecord) -> int:
    if record.index_price is None:
        raise AssertionError(f"{record.terms.symbol} has no index price")
    return record.index_price


def value_down(state: ExchangeState, asset_id: int, amount: int) -> int:
    """An amount at index, rounded down; an asset that nothing values counts for nothing."""
    if asset_id == VALUATION_ASSET:
        return amount
    record = spot_record(state, asset_id)
    if record is None:
        return 0
    terms = record.terms
    exact = amount * index_of(record) * terms.notional_multiplier
    return divide_down(exact, terms.base_multiplier)


def value_up(state: ExchangeState, asset_id: int, amount: int) -> int:
    """An amount at index, rounded up: what a debt is worth."""
    return -value_down(state, asset_id, -amount)


def worth_of(state: ExchangeState, wallet: Wallet, held: Holdings | None = None) -> Worth:
    """What the wallet's assets and debts come to, as they are, or as `held` would have them."""
    holdings = Holdings(wallet) if held is None else held
    gross = collateral = debts = 0
    in_pair = wallet.kind is ISOLATED_WALLET
    for asset_id, balance in holdings.balances.items():
        value = value_down(state, asset_id, balance)
        gross += value
        haircut = 0 if in_pair else haircut_of(state, asset_id)
        collateral += divide_down(value * (RATE_ONE - haircut), RATE_ONE) if haircut else value
    for asset_id, debt in holdings.debts.items():
        if debt:
            debts += value_up(state, asset_id, debt)
    worth = Worth(gross, collateral, debts, holdings.settlement_debt)
    if debts:
        _require(state, wallet, holdings, worth)
    return worth


def haircut_of(state: ExchangeState, asset_id: int) -> int:
    asset = state.assets.get(asset_id)
    return 0 if asset is None else asset.haircut_rate


def _require(state: ExchangeState, wallet: Wallet, held: Holdings, worth: Worth) -> None:
    """MARG-2 to MARG-4: the parts of debts in the lines, by the product of the wallet (BOR-5)."""
    if wallet.kind is not CROSS_WALLET and wallet.kind is not ISOLATED_WALLET:
        return
    call, liquidation = product_levels(state, wallet)
    worth.debt_maintenance = worth.debts * (liquidation - RATE_ONE)
    worth.debt_call = worth.debts * (call - RATE_ONE)
    worth.debt_initial = initial_of_debts(worth.debts, leverage_limit(state, wallet, held))


def product_levels(state: ExchangeState, wallet: Wallet) -> tuple[int, int]:
    """Call and liquidation level of what the wallet is: CROSS 3x or 5x, isolated 3x to 10x."""
    parameters = state.parameters
    if wallet.kind is CROSS_WALLET:
        account = state.accounts[wallet.account_id]
        return levels_of(parameters.cross_levels, account.cross_leverage)
    return levels_of(parameters.isolated_levels, _pair_leverage(state, wallet))


def _pair_leverage(state: ExchangeState, wallet: Wallet) -> int:
    if wallet.instrument_id is None:
        raise AssertionError(f"wallet {wallet.wallet_id} belongs to no instrument")
    return state.settings(wallet.account_id, wallet.instrument_id).leverage


def leverage_limit(state: ExchangeState, wallet: Wallet, held: Holdings) -> int:
    """L_max of the wallet in hundredths; of an isolated one by the tier of what it owes."""
    if wallet.kind is CROSS_WALLET or wallet.instrument_id is None:
        return 100 * state.accounts[wallet.account_id].cross_leverage
    terms = state.instruments[wallet.instrument_id].terms
    base = 0 if terms.base_asset_id is None else held.debt(terms.base_asset_id)
    product = _pair_leverage(state, wallet)
    return isolated_leverage(terms.margin_tiers, base, held.debt(terms.quote_asset_id), product)


def margin_level(worth: Worth) -> int | None:
    """MARG-6: gross assets divided by what is borrowed with its interest, rounded down."""
    return None if worth.debts == 0 else divide_down(worth.gross * RATE_ONE, worth.debts)


def amount_within(state: ExchangeState, asset_id: int, value: int, haircut: int) -> int:
    """The largest amount of an asset whose value, less a haircut, is at most `value`."""
    kept = RATE_ONE - haircut
    if asset_id == VALUATION_ASSET:
        return value
    record = spot_record(state, asset_id)
    if record is None:
        return 0
    terms = record.terms
    unit = index_of(record) * terms.notional_multiplier * kept
    return divide_down(value * terms.base_multiplier * RATE_ONE, unit)


def amount_worth(state: ExchangeState, asset_id: int, value: int) -> int:
    """The smallest amount of an asset that is worth `value` at index."""
    if asset_id == VALUATION_ASSET:
        return value
    record = spot_record(state, asset_id)
    if record is None:
        return 0
    terms = record.terms
    return divide_up(value * terms.base_multiplier, index_of(record) * terms.notional_multiplier)
