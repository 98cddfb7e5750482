"""What a person reads after a replay, a verification, or about the worlds of a database."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from simulator.core import views
from simulator.core.model.enums import Side, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.database.writer import DatabaseJournal
from simulator.decimal_text import format_decimal
from simulator.replay_stories import tell
from simulator.replay_words import money, utc
from simulator.replaying import ReplayOutcome
from simulator.runtime.recovery import Verification


def print_report(outcome: ReplayOutcome, console: Console) -> None:
    """The traders' stories, who ended with what, and how to prove it."""
    plan = outcome.plan
    console.print(
        f"\nWorld [bold]{outcome.world_id}[/]: {utc(plan.begin_ns)} to {utc(plan.end_ns)} UTC, "
        f"{outcome.entries:,} entries in {outcome.seconds:.1f} s, paths derived from bars",
        highlight=False,
        soft_wrap=True,
    )
    terms = {each.instrument_id: each for each in plan.instruments.values()}
    for spec in plan.traders:
        side = "long" if spec.side == Side.BUY else "short"
        console.print(
            f"\n[bold]{spec.name}[/], {spec.leverage}x {spec.margin_mode.name.lower()} {side} on "
            f"{spec.terms.symbol}, deposit {money(spec.deposit)}",
            highlight=False,
            soft_wrap=True,
        )
        for line in tell(outcome.stories[spec.name], outcome.accounts[spec.name], terms):
            console.print(f"  {line}", highlight=False, soft_wrap=True)
        _print_end(outcome, spec.name, terms, console)
    if plan.members:
        _print_cascade(outcome, console)
    _print_totals(outcome, console)


def _print_end(
    outcome: ReplayOutcome, name: str, terms: dict[int, Instrument], console: Console
) -> None:
    account_id = outcome.accounts[name]
    wallets = views.account_wallets(outcome.state, account_id)
    equity = sum(wallet.equity for wallet in wallets)
    console.print(f"  at the end: equity {money(equity)}", highlight=False, soft_wrap=True)
    for position in views.positions_of(outcome.state, account_id):
        of = terms[position.instrument_id]
        price = position.liquidation_price
        line = "none" if price is None else format_decimal(price, of.price_decimals)
        console.print(
            f"  still holds {format_decimal(position.quantity, of.quantity_decimals)} {of.base} "
            f"{position.side.name.lower()}, PnL {money(position.unrealized_pnl)}, "
            f"liquidation price {line}",
            highlight=False,
            soft_wrap=True,
        )
    for wallet in wallets:
        held = {each.asset_id: each.balance for each in wallet.assets if each.balance}
        owed = {each.asset_id: each.borrowed + each.interest for each in wallet.assets}
        owed = {asset_id: debt for asset_id, debt in owed.items() if debt}
        if owed or set(held) - {VALUATION_ASSET}:
            console.print(
                f"  its {wallet.kind.name} wallet holds {_amounts(outcome, held) or 'nothing'} and "
                f"owes {_amounts(outcome, owed) or 'nothing'}",
                highlight=False,
                soft_wrap=True,
            )


def _amounts(outcome: ReplayOutcome, amounts: Mapping[int, int]) -> str:
    """Amounts of several assets, in the order of their ids."""
    found = [(outcome.state.assets[asset_id], amounts[asset_id]) for asset_id in sorted(amounts)]
    return ", ".join(f"{format_decimal(each, of.decimals)} {of.code}" for of, each in found)


def _loan_rows(outcome: ReplayOutcome) -> list[tuple[str, str]]:
    """What the crowd did on spot margin; nothing, if nobody borrowed."""
    cascade = outcome.cascade
    if not cascade.borrowed:
        return []
    return [
        ("borrowed", _amounts(outcome, cascade.borrowed)),
        ("interest paid", _amounts(outcome, cascade.interest_paid) or "none"),
        ("liquidations of debts", f"{cascade.debt_liquidations:,}"),
        (
            "assets that the insurance fund traded for them",
            f"{cascade.asset_takeovers:,}, {money(cascade.asset_takeover_notional)} USDT",
        ),
    ]


def _print_cascade(outcome: ReplayOutcome, console: Console) -> None:
    """What happened to the crowd, counted."""
    cascade = outcome.cascade
    kinds = cascade.liquidations
    rows = [
        ("accounts", f"{cascade.accounts:,}"),
        ("trades", f"{cascade.trades:,}, {money(cascade.traded_notional)} USDT"),
        ("margin calls", f"{cascade.calls:,}, {cascade.calls_cured:,} of them cured"),
        (
            "liquidations",
            f"{cascade.started:,}: {kinds[WalletKind.ISOLATED]:,} isolated, "
            f"{kinds[WalletKind.CROSS]:,} cross",
        ),
        ("partial: recovered after a step", f"{cascade.partial:,}"),
        ("closed on the book", f"{cascade.closed_on_book:,}"),
        (
            "takeovers by the insurance fund",
            f"{cascade.takeovers:,}, {money(cascade.takeover_notional)} USDT",
        ),
        ("auto-deleveraged", f"{cascade.adl_fills:,}, {money(cascade.adl_notional)} USDT"),
        ("liquidation fees to the fund", f"{money(cascade.liquidation_fees)} USDT"),
        (
            "deficits that the fund paid",
            f"{cascade.deficits:,}, {money(cascade.deficits_paid)} USDT",
        ),
        ("shortfall", f"{money(cascade.shortfall)} USDT"),
        (
            f"funding at {cascade.funding_stamps:,} stamps",
            f"{money(cascade.funding_paid)} paid, {money(cascade.funding_received)} received, "
            f"{cascade.funding_remainder} units of rounding to the fund",
        ),
    ]
    rows += _loan_rows(outcome)
    busiest = cascade.busiest_minute()
    if busiest is not None:
        rows.insert(4, ("the most in one minute", f"{busiest[1]:,} at {utc(busiest[0])[:16]}"))
    table = Table(title="The crowd", title_justify="left", show_header=False)
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def _print_totals(outcome: ReplayOutcome, console: Console) -> None:
    totals = outcome.totals
    parts = {
        "mint": totals.mint,
        "wallets": totals.wallets,
        "insurance fund": totals.insurance_fund,
        "fees": totals.fees,
        "clearing": totals.clearing,
        "lending pool": totals.lending_pool,
        "interest income": totals.interest_income,
        "shortfall": totals.shortfall,
    }
    table = Table(title="The ledger, in USDT", title_justify="left")
    table.add_column("account")
    table.add_column("balance", justify="right")
    for label, value in parts.items():
        table.add_row(label, money(value))
    table.add_section()
    table.add_row("sum", money(sum(parts.values())))
    console.print()
    console.print(table)
    console.print(f"chain hash {outcome.chain_hash.hex()}", highlight=False, soft_wrap=True)
    console.print(f"state hash {outcome.state_hash.hex()}", highlight=False, soft_wrap=True)
    console.print(
        f"kept as world [bold]{outcome.world_id}[/] in {outcome.database_url}; prove it with "
        f"[bold]simulator verify {outcome.world_id}[/]",
        highlight=False,
        soft_wrap=True,
    )


def print_verification(world_id: str, outcome: Verification, console: Console) -> None:
    if outcome.difference is not None:
        console.print(
            f"[red]{world_id} does not verify:[/] {outcome.difference}",
            highlight=False,
            soft_wrap=True,
        )
        return
    console.print(
        f"[green]{world_id} verifies:[/] {outcome.entries:,} entries give the same events",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"chain hash {outcome.chain.hex()}", highlight=False, soft_wrap=True)
    console.print(f"state hash {outcome.state.hex()}", highlight=False, soft_wrap=True)


def print_worlds(journal: DatabaseJournal, console: Console) -> None:
    table = Table()
    for column in ("world", "title", "created (UTC)", "entries", "made of"):
        table.add_column(column)
    for world in journal.worlds():
        last = journal.last(world.world_id)
        table.add_row(
            world.world_id,
            world.title,
            utc(world.created_ns),
            f"{0 if last is None else last[0]:,}",
            world.config,
        )
    console.print(table)
