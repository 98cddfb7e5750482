"""FND: what the longs of a perpetual pay its shorts, or the other way round, at each stamp.

The rate is made of sampled premiums, or was recorded and comes with a command. At the stamp rate,
mark and holders are fixed; then every position pays or receives `s * N * rate`, payers first. A
payer's part rounds up, a receiver's down, and what is left over goes to the insurance fund, so
that the payments of a stamp sum to zero exactly (UNIT-3). Many holders are paged (TIME-2).
"""

from simulator.core.model.accounts import FUNDING, INSURANCE_FUND
from simulator.core.model.commands import SetFundingRates
from simulator.core.model.enums import MarketState, PositionSide, TransferKind
from simulator.core.model.events import (
    FundingCompleted,
    FundingPaid,
    FundingRatesSet,
    FundingScheduled,
    FundingSettled,
    FundingSkipped,
)
from simulator.core.model.instruments import FUNDING_RATE_HOURS, VALUATION_ASSET, Instrument
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import NS_PER_HOUR, RATE_ONE, divide_half_even
from simulator.core.rules import margin, money
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.funding_terms import funding_payment
from simulator.core.rules.sweep import set_aside, touch_holders
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord
from simulator.core.state.rows import FundingRun

# -- the rate ------------------------------------------------------------------------------------


def funding_rate(terms: Instrument, average_premium: int) -> int:
    """`(P + clamp(interest - P, +-clamp)) / (8 / hours)`, capped; P the average premium (FND-1)."""
    interval = terms.funding_interval_ns
    if interval is None:
        raise AssertionError(f"{terms.symbol} has no funding")
    clamp = terms.funding_clamp_rate
    pull = min(max(terms.funding_interest_rate - average_premium, -clamp), clamp)
    whole = FUNDING_RATE_HOURS * NS_PER_HOUR
    rate = divide_half_even((average_premium + pull) * interval, whole)
    return min(max(rate, -terms.funding_cap_rate), terms.funding_cap_rate)


def average_premium(record: InstrumentRecord) -> int:
    """The mean of the samples since the last stamp, the n-th with weight n; 0 without any."""
    count = record.premium_count
    if count == 0:
        return 0
    return divide_half_even(2 * record.premium_total, count * (count + 1))


def coming_rate(record: InstrumentRecord) -> int:
    """What the next stamp's rate would be if nothing changed: the predicted rate."""
    if record.recorded_funding_rate is not None:
        return record.recorded_funding_rate
    return funding_rate(record.terms, average_premium(record))


def set_funding_rates(run: Execution, command: SetFundingRates) -> Refusal | None:
    """FND-1: recorded rates of a replay; each is for the coming stamp of its instrument."""
    for instrument_id, rate in command.rates:
        record = run.state.instruments.get(instrument_id)
        if record is None:
            return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, instrument_id)
        if record.terms.funding_interval_ns is None:
            return refuse(RejectReason.INVALID_TERMS, None, instrument_id)
        if abs(rate) >= RATE_ONE:
            return refuse(RejectReason.INVALID_AMOUNT, RATE_ONE, rate)
    run.emit(FundingRatesSet(command.rates))
    return None


# -- stamps --------------------------------------------------------------------------------------


def schedule(run: Execution, record: InstrumentRecord) -> None:
    """The first stamp follows the first index price; the others follow each other."""
    if record.terms.funding_interval_ns is not None and record.next_funding_ns is None:
        stamp = _stamp_after(record.terms, run.state.time_ns)
        run.emit(FundingScheduled(record.terms.instrument_id, stamp))


def _stamp_after(terms: Instrument, time_ns: int) -> int:
    """Stamps are the multiples of the interval since 1970, so they fall on the clock's hours."""
    interval = terms.funding_interval_ns
    if interval is None:
        raise AssertionError(f"{terms.symbol} has no funding")
    return (time_ns // interval + 1) * interval


def next_stamp(state: ExchangeState) -> int | None:
    """The time of the next stamp of any instrument; none: there is no funding."""
    due: int | None = None
    for record in state.instruments.values():
        stamp = record.next_funding_ns
        if record.market_state == MarketState.CLOSED:
            continue  # its positions are settled, and nobody can open another
        if stamp is not None and (due is None or stamp < due):
            due = stamp
    return due


def settle_due(run: Execution) -> None:
    """FND-2 for every instrument whose stamp has come; halted ones are skipped (MAT-2)."""
    state = run.state
    for instrument_id in sorted(state.instruments):
        record = state.instruments[instrument_id]
        stamp = record.next_funding_ns
        if stamp is None or stamp > state.time_ns or record.market_state == MarketState.CLOSED:
            continue
        following = _stamp_after(record.terms, state.time_ns)
        if not margin.is_open(record):
            run.emit(FundingSkipped(instrument_id, stamp, following))
            continue
        recorded = record.recorded_funding_rate
        average = average_premium(record) if recorded is None else None
        rate = coming_rate(record)
        mark = margin.mark_of(record)
        run.emit(FundingSettled(instrument_id, stamp, rate, mark, average, following))
    if state.funding_runs:
        pay_out(run)


# -- payments ------------------------------------------------------------------------------------


def pay_out(run: Execution) -> None:
    """Makes the payments of all stamps that have come, or a page of them.

    Units are assessed when all payments are made: those of the holders, and those that the page
    left on the list of the sweep because they were due before.
    """
    state = run.state
    touched = list(state.touched_units)
    room = state.parameters.page_size
    instrument_ids = [each.instrument_id for each in state.funding_runs]
    for funding in list(state.funding_runs):
        if funding.completed:
            continue
        legs = _legs(state, funding)[funding.positions_done :]
        for leg in legs[:room]:
            _pay(run, funding, leg)
        if len(legs) > room:
            set_aside(run, [each for each in touched if not _holds(state, each, instrument_ids)])
            return
        room -= len(legs)
        _complete(run, funding)
    for instrument_id in instrument_ids:
        touch_holders(run, instrument_id)


def _holds(state: ExchangeState, wallet_id: int, instrument_ids: list[int]) -> bool:
    return any(wallet_id in state.holders.get(each, {}) for each in instrument_ids)


_Leg = tuple[int, PositionSide]


def _legs(state: ExchangeState, funding: FundingRun) -> list[_Leg]:
    """The positions of an instrument, payers first, in order of wallet; none if nothing is due."""
    instrument_id = funding.instrument_id
    if funding.rate == 0:
        return []
    payers: list[_Leg] = []
    receivers: list[_Leg] = []
    for wallet_id in sorted(state.holders.get(instrument_id, {})):
        for held, side in sorted(state.unit_positions[wallet_id]):
            if held == instrument_id:
                legs = payers if side * funding.rate > 0 else receivers
                legs.append((wallet_id, side))
    return payers + receivers


def _pay(run: Execution, funding: FundingRun, leg: _Leg) -> None:
    """One position's payment, from or to the wallet that margins it (FND-2)."""
    state, instrument_id = run.state, funding.instrument_id
    wallet_id, side = leg
    position = state.unit_positions[wallet_id][(instrument_id, side)]
    terms = state.instruments[instrument_id].terms
    signed_notional = terms.notional(position.quantity, funding.mark_price)
    amount = funding_payment(signed_notional, funding.rate)
    run.emit(
        FundingPaid(
            instrument_id,
            funding.stamp_ns,
            position.account_id,
            wallet_id,
            side,
            position.quantity,
            amount,
        )
    )
    if amount > 0:
        money.pay(run, wallet_id, FUNDING, TransferKind.FUNDING, amount, money.Cause())
    else:
        money.receive(run, FUNDING, wallet_id, TransferKind.FUNDING, -amount, money.Cause())


def _complete(run: Execution, funding: FundingRun) -> None:
    """UNIT-3: what rounding left over goes to the insurance fund."""
    remainder = run.state.ledger.balance(FUNDING, VALUATION_ASSET)
    money.receive(run, FUNDING, INSURANCE_FUND, TransferKind.FUNDING, remainder, money.Cause())
    run.emit(FundingCompleted(funding.instrument_id, funding.stamp_ns, funding.paid, remainder))
