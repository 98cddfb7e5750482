"""Events of spot margin: what orders lock and borrow, interest, haircuts, assets taken over."""

from simulator.core.model.events.base import Event


class FundsLocked(Event, frozen=True, tag=80):
    """What a spot order now keeps locked, in the asset that it pays with."""

    order_id: int
    wallet_id: int
    asset_id: int
    amount: int
    loan: int
    """What was borrowed for the order (BOR-1)."""
    moved: int
    """What CROSS gave to an isolated wallet for it, in the quote asset (WAL-4)."""


class InterestAccrued(Event, frozen=True, tag=81):
    """BOR-3: one hour of interest on what is borrowed; it is owed until it is repaid."""

    wallet_id: int
    asset_id: int
    amount: int
    principal: int
    borrow_rate: int
    """Per day, in 1e-12."""


class InterestScheduled(Event, frozen=True, tag=82):
    """BOR-3: the clock hour at which interest accrues next; none: nobody owes anything."""

    time_ns: int | None


class CrossLeverageSet(Event, frozen=True, tag=83):
    account_id: int
    leverage: int


class HaircutsSet(Event, frozen=True, tag=84):
    """MARG-1: rows `(asset_id, haircut_rate)`."""

    haircuts: tuple[tuple[int, int], ...]


class AssetTakenOver(Event, frozen=True, tag=85):
    """LIQ-5: the insurance fund bought an asset of the unit at index, or sold it one it owed."""

    liquidation_id: int
    wallet_id: int
    asset_id: int
    amount: int
    """Positive: the unit gave it; negative: the unit got it, to repay its debt."""
    notional: int
    """What was paid for it in the valuation asset, as a positive amount."""
