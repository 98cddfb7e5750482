"""Where the change of an account's equity came from, out of journal entries, to the last unit.

Equity of an account is what all its wallets are worth: net assets and unrealized PnL at mark. Each
event that touches a wallet is looked at from both sides: what the wallet had gained since it was
last seen is `price`, and what the event itself changed belongs to the part that the event stands
for. So the parts add up to the difference of equity by construction, in integers, over any period,
and over two periods that meet as over both.

Only events that touch money are applied: books and orders are not followed, so reading a journal
costs little more than decoding it.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from simulator.analytics.journals import Past
from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import AdvanceTime
from simulator.core.model.enums import TransferKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.rules import margin, valuation
from simulator.core.state.apply import HANDLERS
from simulator.core.state.apply_orders import ORDER_HANDLERS
from simulator.core.state.exchange_state import ExchangeState

_PART_OF_KIND: Final[dict[TransferKind, str]] = {
    TransferKind.DEPOSIT: "transfers",
    TransferKind.WITHDRAWAL: "transfers",
    TransferKind.TRANSFER: "transfers",
    TransferKind.ADJUSTMENT: "transfers",
    TransferKind.REWARD: "transfers",
    TransferKind.FEE: "fees",
    TransferKind.REBATE: "fees",
    TransferKind.FUNDING: "funding",
    TransferKind.BORROW: "interest",
    TransferKind.REPAY: "interest",
    TransferKind.INTEREST: "interest",
    TransferKind.SETTLEMENT: "interest",
    TransferKind.LIQUIDATION_FEE: "liquidation_fees",
    TransferKind.TAKEOVER: "takeovers",
    TransferKind.ADL: "adl",
    TransferKind.INSURANCE: "relief",
    TransferKind.SHORTFALL: "relief",
}
"""Kinds that say it all. A loan and its repayment change nothing by themselves."""

_TRADED: Final = frozenset({TransferKind.REALIZED_PNL, TransferKind.TRADE})
"""Kinds of a deal, which the position's change before them was a part of."""

_VALUATION_ALONE: Final = {VALUATION_ASSET: None}.keys()

_NO_MONEY: Final = frozenset({*ORDER_HANDLERS, e.FundsLocked}) - {e.PositionChanged}
"""Events of orders and books."""


MOST_ENTRIES: Final = 300_000
"""What one attribution may read; some ten seconds of work."""


class Attribution(msgspec.Struct, kw_only=True):
    """The change of one account's equity in minor units of the valuation asset.

    Gains are positive. `end_equity - begin_equity` is the sum of all parts, exactly.
    """

    account_id: int
    begin_equity: int = 0
    end_equity: int = 0
    price: int = 0
    """Marks moved while positions were held, and indexes while assets were; the price at which an
    instrument was closed."""
    slippage: int = 0
    """Own orders filled at another price than the mark."""
    fees: int = 0
    """Trading fees, and rebates."""
    funding: int = 0
    interest: int = 0
    """BOR-3; and what rounding the value of a loan leaves when it is taken or repaid."""
    forced_fills: int = 0
    """The exchange's order in a liquidation filled at another price than the mark."""
    liquidation_fees: int = 0
    takeovers: int = 0
    """The insurance fund took positions over at another price than the mark (LIQ-6)."""
    adl: int = 0
    """The account's own position was closed against one in liquidation (LIQ-7)."""
    relief: int = 0
    """A deficit that the insurance fund or `shortfall` paid (LIQ-8)."""
    transfers: int = 0
    """Deposits, withdrawals and adjustments."""

    @property
    def change(self) -> int:
        return self.end_equity - self.begin_equity

    @property
    def parts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in PARTS}


PARTS: Final = tuple(
    name
    for name in Attribution.__struct_fields__
    if name not in ("account_id", "begin_equity", "end_equity")
)


def wallet_value(state: ExchangeState, wallet_id: int) -> int:
    """What a wallet is worth in the valuation asset: net assets at index, and unrealized PnL.

    An asset that nothing values counts for nothing (MARG-1).
    """
    wallet = state.wallets[wallet_id]
    if wallet.holdings.keys() <= _VALUATION_ALONE and wallet_id not in state.debtors:
        value = margin.net_assets(wallet)
    else:
        value = valuation.worth_of(state, wallet).net
    positions = state.unit_positions.get(wallet_id)
    if positions is not None:
        for position in positions.values():
            value += margin.unrealized_pnl(position, state.instruments[position.instrument_id])
    return value


def account_equity(state: ExchangeState, account_id: int) -> int:
    """The sum over the account's wallets."""
    account = state.accounts[account_id]
    wallet_ids = dict.fromkeys((account.spot_wallet_id, account.cross_wallet_id))
    for wallet in state.isolated_wallets_of(account_id):
        wallet_ids[wallet.wallet_id] = None
    return sum(wallet_value(state, wallet_id) for wallet_id in wallet_ids)


def attribute(
    state: ExchangeState, entries: Iterable[Entry], account_id: int | None = None
) -> dict[int, Attribution]:
    """The attribution of all accounts, or of one, over entries that follow the state.

    The state is taken along to the end of them; its books are not.

    Raises:
        ValueError: an entry does not follow the one before.
    """
    reader = Attributor(state, account_id)
    for entry in entries:
        reader.read(entry)
    return reader.finish()


def attribution_between(
    past: Past, account_id: int, begin: int, end: int, most_entries: int = MOST_ENTRIES
) -> Attribution:
    """The attribution of one account over the entries `(begin, end]` of a journal.

    Raises:
        ValueError: more entries than `most_entries` would have to be read.
    """
    state = past.nearest(begin)
    if end - state.seq > most_entries:
        raise ValueError(
            f"entries {begin + 1} to {end} are too many at once; ask for at most "
            f"{most_entries - (begin - state.seq):,} of them"
        )
    before = Attributor(state, account_id)
    for entry in past.entries(state.seq, begin):
        before.read(entry)
    found = attribute(state, past.entries(begin, end), account_id)
    return found.get(account_id, Attribution(account_id=account_id))


class Attributor:
    """Reads entries one after the other; see `attribute`."""

    def __init__(self, state: ExchangeState, account_id: int | None = None) -> None:
        self.state = state
        state.notes = None
        self._only = account_id
        self._found: dict[int, Attribution] = {}
        self._seen: dict[int, int] = {}
        """What each wallet was worth when it was last looked at."""
        self._liquidated: dict[int, int] = {}
        """Whose liquidation each one is."""
        for wallet_id, wallet in state.wallets.items():
            if wallet.liquidation is not None:
                self._liquidated[wallet.liquidation.liquidation_id] = wallet.account_id
            if account_id is None or wallet.account_id == account_id:
                self._seen[wallet_id] = wallet_value(state, wallet_id)
                self._of(wallet.account_id).begin_equity += self._seen[wallet_id]

    def _of(self, account_id: int) -> Attribution:
        found = self._found.get(account_id)
        if found is None:
            found = self._found[account_id] = Attribution(account_id=account_id)
        return found

    def read(self, entry: Entry) -> None:
        """Raises ValueError if the entry does not follow the one before."""
        state = self.state
        if entry.seq != state.seq + 1:
            raise ValueError(f"entry {entry.seq} should be {state.seq + 1}")
        state.seq = entry.seq
        if type(entry.command) is not AdvanceTime and entry.time_ns > state.time_ns:
            state.time_ns = entry.time_ns
        for event in entry.events:
            if type(event) in _NO_MONEY:
                continue
            if isinstance(event, e.Transferred):
                self._watch(event, self._part_of_transfer(event), (event.source, event.target))
            elif isinstance(event, e.PositionChanged):
                self._watch(event, self._part_of_deal(event, event.account_id), (event.wallet_id,))
            elif isinstance(event, e.InterestAccrued):
                self._watch(event, "interest", (event.wallet_id,))
            else:
                if isinstance(event, e.LiquidationStarted):
                    self._liquidated[event.liquidation_id] = event.account_id
                HANDLERS[type(event)](state, event)
        state.touched_units.clear()

    def _watch(self, event: Any, part: str, wallet_ids: tuple[int, ...]) -> None:
        """Applies an event and books what it changes of these wallets."""
        state = self.state
        watched = [each for each in wallet_ids if self._is_watched(each)]
        for wallet_id in watched:
            self._settle(wallet_id)
        HANDLERS[type(event)](state, event)
        for wallet_id in watched:
            value = wallet_value(state, wallet_id)
            change = value - self._seen[wallet_id]
            if change:
                found = self._of(state.wallets[wallet_id].account_id)
                setattr(found, part, getattr(found, part) + change)
                self._seen[wallet_id] = value

    def _is_watched(self, ledger_account: int) -> bool:
        wallet = self.state.wallets.get(ledger_account)
        return wallet is not None and (self._only is None or wallet.account_id == self._only)

    def _settle(self, wallet_id: int) -> None:
        """What the wallet gained or lost since it was last seen, the marks did."""
        value = wallet_value(self.state, wallet_id)
        found = self._of(self.state.wallets[wallet_id].account_id)
        found.price += value - self._seen.get(wallet_id, 0)
        self._seen[wallet_id] = value

    def _part_of_transfer(self, event: e.Transferred) -> str:
        if event.kind not in _TRADED:
            return _PART_OF_KIND[event.kind]
        wallet = self.state.wallets.get(event.source) or self.state.wallets[event.target]
        return self._part_of_deal(event, wallet.account_id)

    def _part_of_deal(self, event: e.Transferred | e.PositionChanged, account_id: int) -> str:
        """Of a trade: slippage, one's own or the exchange's. In a liquidation without one, who
        took what is told by whose liquidation it is (LIQ-6, LIQ-7). Else the instrument was closed
        at a price of its own (MAT-2), or the account reset at mark, which changes nothing."""
        if event.liquidation_id is None:
            return "slippage" if event.trade_id is not None else "price"
        if event.trade_id is not None:
            return "forced_fills"
        if account_id == FUND_ACCOUNT or account_id == self._liquidated.get(event.liquidation_id):
            return "takeovers"
        return "adl"

    def finish(self) -> dict[int, Attribution]:
        """By account, in order of their ids. The reader may go on reading afterwards."""
        for attribution in self._found.values():
            attribution.end_equity = 0
        for wallet_id, wallet in self.state.wallets.items():
            if self._only is None or wallet.account_id == self._only:
                self._settle(wallet_id)
                self._of(wallet.account_id).end_equity += self._seen[wallet_id]
        return {account_id: self._found[account_id] for account_id in sorted(self._found)}
