"""`simulator explain` and `attribution`: of a world in the database here, without a server."""

import csv
import sys
from typing import Annotated, Final

from cyclopts import Parameter

from simulator.analytics.attribution import PARTS, attribute
from simulator.analytics.explanations import explain as explain_subject
from simulator.analytics.gathering import Kind, NotExplainedError, Subject
from simulator.analytics.journals import StoredJournal
from simulator.commandline.card import say_card
from simulator.commandline.failures import UsageError
from simulator.core.exchange import Exchange
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.database.engine import open_engine
from simulator.database.queries import Histories, Window
from simulator.database.writer import DatabaseJournal
from simulator.decimal_text import format_decimal
from simulator.settings import read_settings

DatabaseOption = Annotated[
    str | None,
    Parameter(name="--database", help="Database URL [default: sqlite:///data/simulator.db]."),
]

MOST_EXECUTED: Final = 2_000_000
"""Nobody waits for it but who asked."""


def explain(world: str, liquidation: int, /, *, database: DatabaseOption = None) -> None:
    """Explain LIQUIDATION of WORLD: why it happened, and what would have avoided it.

    Example: simulator explain tour 1
    """
    engine = open_engine(database or read_settings().database_url)
    try:
        journal = DatabaseJournal(engine)
        last = _last_seq(journal, world)
        window = Window(after=str(liquidation + 1), limit=1)
        found = Histories(engine).liquidations(world, window).items
        if not found or found[0].liquidation_id != liquidation:
            raise UsageError(f"world {world} has no liquidation {liquidation}")
        subject = Subject(Kind.LIQUIDATION, liquidation, found[0].started_seq)
        past = StoredJournal(journal, world)
        card = explain_subject(past, subject, last, most_executed=MOST_EXECUTED)
    except NotExplainedError as error:
        raise UsageError(str(error)) from error
    finally:
        engine.dispose()
    say_card(card.title, [(each.title, each.lines) for each in card.sections])


def attribution(world: str, /, *, database: DatabaseOption = None) -> None:
    """Where the equity of every account of WORLD came from, from its first entry on, as CSV.

    Example: simulator attribution tour
    """
    engine = open_engine(database or read_settings().database_url)
    try:
        journal = DatabaseJournal(engine)
        last = _last_seq(journal, world)
        state = Exchange().state
        found = attribute(state, StoredJournal(journal, world).entries(0, last))
    finally:
        engine.dispose()
    decimals = state.assets[VALUATION_ASSET].decimals
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("account", *PARTS, "equity"))
    for account_id, each in found.items():
        values = [*each.parts.values(), each.end_equity]
        writer.writerow((account_id, *(format_decimal(value, decimals) for value in values)))


def _last_seq(journal: DatabaseJournal, world: str) -> int:
    """Raises UsageError for a world that is not there."""
    last = journal.last(world)
    if last is None:
        raise UsageError(f"there is no world {world} with a journal in this database")
    return last[0]
