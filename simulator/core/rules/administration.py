"""What an operator sets: assets, instruments, risk tiers, the world's parameters."""

from simulator.core.model.commands import (
    ConfigureWorld,
    DefineAsset,
    ListInstrument,
    SetHaircuts,
    SetRiskTiers,
)
from simulator.core.model.enums import InstrumentKind, MarkMethod
from simulator.core.model.events import (
    AssetDefined,
    HaircutsSet,
    InstrumentListed,
    RiskTiersSet,
    WorldConfigured,
)
from simulator.core.model.instruments import (
    FUNDING_RATE_HOURS,
    VALUATION_ASSET,
    Asset,
    Instrument,
    RiskTier,
    WorldParameters,
)
from simulator.core.model.margin_levels import are_sound_levels, are_sound_tiers
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.model.units import NS_PER_HOUR, PREMIUM_SAMPLE_NS, RATE_ONE
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.sweep import touch_holders

_MAX_DECIMALS = 10
_MAX_INSTRUMENTS = 100_000
_Rows = tuple[tuple[int, int | None, int, int], ...]


def define_asset(run: Execution, command: DefineAsset) -> Refusal | None:
    if command.asset.asset_id in run.state.assets:
        return refuse(RejectReason.ALREADY_EXISTS, None, command.asset.asset_id)
    if not 0 <= command.asset.decimals <= _MAX_DECIMALS:
        return refuse(RejectReason.INVALID_TERMS, _MAX_DECIMALS, command.asset.decimals)
    if not _is_sound_asset(command.asset):
        return refuse(RejectReason.INVALID_TERMS)
    run.emit(AssetDefined(command.asset))
    return None


def _is_sound_asset(asset: Asset) -> bool:
    haircut = asset.haircut_rate
    cap = asset.account_borrow_cap
    return (
        0 <= haircut < RATE_ONE
        and (haircut == 0 or asset.asset_id != VALUATION_ASSET)
        and 0 <= asset.borrow_rate < RATE_ONE
        and (cap is None or cap >= 0)
    )


def set_haircuts(run: Execution, command: SetHaircuts) -> Refusal | None:
    """MARG-1, CALL-1: every unit that holds one of the assets is assessed."""
    for asset_id, rate in command.haircuts:
        if asset_id not in run.state.assets:
            return refuse(RejectReason.UNKNOWN_ASSET, None, asset_id)
        if not 0 <= rate < RATE_ONE or (rate and asset_id == VALUATION_ASSET):
            return refuse(RejectReason.INVALID_TERMS, RATE_ONE, rate)
    run.emit(HaircutsSet(command.haircuts))
    changed = {asset_id for asset_id, _ in command.haircuts}
    for wallet_id, wallet in run.state.wallets.items():
        if not changed.isdisjoint(wallet.holdings) and run.state.is_unit(wallet_id):
            run.state.touched_units[wallet_id] = None
    return None


def list_instrument(run: Execution, command: ListInstrument) -> Refusal | None:
    """UNIT-1, UNIT-4: the terms must make every notional exact."""
    terms = command.instrument
    if terms.quote_asset_id != VALUATION_ASSET or VALUATION_ASSET not in run.state.assets:
        return refuse(RejectReason.UNKNOWN_ASSET, VALUATION_ASSET, terms.quote_asset_id)
    if terms.instrument_id in run.state.instruments:
        return refuse(RejectReason.ALREADY_EXISTS, None, terms.instrument_id)
    quote_decimals = run.state.assets[VALUATION_ASSET].decimals
    if not _are_consistent(terms, quote_decimals):
        return refuse(RejectReason.INVALID_TERMS)
    if terms.kind == InstrumentKind.SPOT:
        refusal = _spot_refusal(run, command)
        if refusal is None:
            run.emit(InstrumentListed(terms, ()))
        return refusal
    tiers = _tiers(command.tiers)
    if tiers is None or terms.default_leverage > tiers[0].max_leverage:
        return refuse(RejectReason.INVALID_TERMS)
    run.emit(InstrumentListed(terms, tiers))
    run.samples.outdate()
    return None


def _spot_refusal(run: Execution, command: ListInstrument) -> Refusal | None:
    """One spot instrument values an asset, and its quantities are whole units of it."""
    terms = command.instrument
    asset = None if terms.base_asset_id is None else run.state.assets.get(terms.base_asset_id)
    if asset is None or asset.asset_id == VALUATION_ASSET:
        return refuse(RejectReason.UNKNOWN_ASSET, None, terms.base_asset_id)
    if asset.asset_id in run.state.spot_records:
        return refuse(RejectReason.ALREADY_EXISTS, None, asset.asset_id)
    spare = asset.decimals - terms.quantity_decimals
    products = [row[0] for row in run.state.parameters.isolated_levels]
    if (
        spare < 0
        or terms.base_multiplier != 10**spare
        or terms.mark_method != MarkMethod.INDEX
        or terms.funding_interval_ns is not None
        or command.tiers
        or terms.default_leverage not in products
        or (terms.margin_tiers and not are_sound_tiers(terms.margin_tiers))
    ):
        return refuse(RejectReason.INVALID_TERMS)
    return None


def _are_consistent(terms: Instrument, quote_decimals: int) -> bool:
    spare = quote_decimals - terms.price_decimals - terms.quantity_decimals
    return (
        0 < terms.instrument_id < _MAX_INSTRUMENTS
        and spare >= 0
        and terms.notional_multiplier == 10**spare
        and terms.tick_size > 0
        and terms.lot_size > 0
        and 0 < terms.min_quantity <= terms.max_market_quantity <= terms.max_quantity
        and terms.min_quantity % terms.lot_size == 0
        and 0 < terms.price_band_rate < RATE_ONE
        and terms.default_leverage >= 1
        and abs(terms.maker_fee_rate) < RATE_ONE
        and 0 <= terms.taker_fee_rate < RATE_ONE
        and 0 <= terms.liquidation_fee_rate < RATE_ONE
        and _has_sound_funding(terms)
        and 0 < terms.liquidation_step_rate <= RATE_ONE
        and terms.liquidation_cooldown_ns > 0
    )


def _has_sound_funding(terms: Instrument) -> bool:
    """MARK-1, FND-1: rates and intervals that a mark and a payment can be made of."""
    interval = terms.funding_interval_ns
    return (
        0 <= terms.index_blend_rate < RATE_ONE
        and (interval is None or _is_funding_interval(interval))
        and abs(terms.funding_interest_rate) < RATE_ONE
        and 0 <= terms.funding_clamp_rate < RATE_ONE
        and 0 <= terms.funding_cap_rate < RATE_ONE
        and (terms.impact_notional is None or terms.impact_notional > 0)
    )


def _is_funding_interval(interval: int) -> bool:
    """At most the 8 hours that a rate is stated for, in whole samples."""
    longest = FUNDING_RATE_HOURS * NS_PER_HOUR
    return 0 < interval <= longest and interval % PREMIUM_SAMPLE_NS == 0


def _tiers(rows: _Rows) -> tuple[RiskTier, ...] | None:
    try:
        return derive_deductions(list(rows))
    except ValueError:
        return None


def set_risk_tiers(run: Execution, command: SetRiskTiers) -> Refusal | None:
    """CALL-1: every unit with a position there is assessed at the new tiers."""
    if command.instrument_id not in run.state.instruments:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, command.instrument_id)
    tiers = _tiers(command.tiers)
    listed = run.state.instruments[command.instrument_id].terms
    if tiers is None or listed.kind == InstrumentKind.SPOT:
        return refuse(RejectReason.INVALID_TERMS)
    run.emit(RiskTiersSet(command.instrument_id, tiers))
    touch_holders(run, command.instrument_id)
    return None


def configure_world(run: Execution, command: ConfigureWorld) -> Refusal | None:
    if not _are_sound(command.parameters):
        return refuse(RejectReason.INVALID_TERMS)
    run.emit(WorldConfigured(command.parameters))
    for instrument_id in sorted(run.state.instruments):
        touch_holders(run, instrument_id)
    for wallet_id in sorted(run.state.debtors):
        run.state.touched_units[wallet_id] = None
    return None


def _are_sound(parameters: WorldParameters) -> bool:
    return (
        0 < parameters.call_ratio <= RATE_ONE
        and parameters.clear_ratio >= RATE_ONE
        and parameters.call_repeat_ns > 0
        and parameters.page_size > 0
        and parameters.fund_unload_interval_ns > 0
        and parameters.fund_unload_notional > 0
        and (parameters.fund_notional_cap is None or parameters.fund_notional_cap > 0)
        and parameters.client_order_window_ns >= 0
        and parameters.client_order_minimum >= 0
        and are_sound_levels(parameters.cross_levels)
        and are_sound_levels(parameters.isolated_levels)
        and parameters.transfer_level >= RATE_ONE
    )
