"""`simulator world`: worlds and their markets, and the clock of a world that is yours."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from simulator.client.public import World
from simulator.commandline.formats import number, percent, utc
from simulator.commandline.output import facts, print_json, say, table
from simulator.commandline.session import ServerOptions, WorldOptions, connected

app = cyclopts.App(name="world", help="Look at worlds and markets; control the clock of yours.")

WorldName = Annotated[str | None, Parameter(help="World id [default: the account's].")]


@app.command
def show(world: WorldName = None, /, *, options: ServerOptions = ServerOptions()) -> None:
    """Show a world: status, clock, speed.

    Example: simulator world show practice
    """
    with connected(options) as client:
        found = client.world(world)
    _show(found, options)


@app.command(name="list")
def list_worlds(*, options: ServerOptions = ServerOptions()) -> None:
    """List the worlds of the server."""
    with connected(options) as client:
        found = client.worlds()
    if options.json:
        print_json(found)
        return
    rows = [
        (each.world, each.status, _speed(each), utc(each.clock.time), f"{each.seq:,}")
        for each in found.items
    ]
    say(table(("world", "status", ">speed", "world time (UTC)", ">seq"), rows))


@app.command
def instruments(*, options: WorldOptions = WorldOptions()) -> None:
    """List what can be traded, on which terms.

    Example: simulator world instruments --world practice
    """
    with connected(options) as client:
        found = client.instruments(world=options.world)
    if options.json:
        print_json(found)
        return
    rows = [
        (
            each.symbol,
            number(each.tick_size),
            number(each.lot_size),
            number(each.min_notional),
            percent(each.maker_fee_rate),
            percent(each.taker_fee_rate),
            f"{each.max_leverage}x",
            each.market_state,
        )
        for each in found.items
    ]
    columns = ("instrument", ">tick", ">lot", ">min. notional", ">maker", ">taker", ">max", "state")
    say(table(columns, rows))


@app.command
def marks(*, options: WorldOptions = WorldOptions()) -> None:
    """List index, mark and last price of every instrument."""
    with connected(options) as client:
        found = client.marks(world=options.world)
    if options.json:
        print_json(found)
        return
    rows = [
        (
            each.symbol,
            number(each.index_price),
            number(each.mark_price),
            number(each.last_price),
            each.market_state if each.halt_reason is None else f"HALTED: {each.halt_reason}",
        )
        for each in found.items
    ]
    say(table(("instrument", ">index", ">mark", ">last", "state"), rows))


@app.command
def create(
    world: str,
    /,
    *,
    title: Annotated[str | None, Parameter(help="Its name for people.")] = None,
    seed: Annotated[int | None, Parameter(help="The same seed gives the same prices.")] = None,
    options: ServerOptions = ServerOptions(),
) -> None:
    """Create a practice-like WORLD that belongs to you.

    Example: simulator world create my-world --seed 7
    """
    with connected(options) as client:
        made = client.create_world(world, title=title, seed=seed)
    _show(made, options)


@app.command
def pause(world: WorldName = None, /, *, options: ServerOptions = ServerOptions()) -> None:
    """Stop the clock; orders can still be canceled."""
    with connected(options) as client:
        found = client.pause_world(world)
    _show(found, options)


@app.command
def resume(world: WorldName = None, /, *, options: ServerOptions = ServerOptions()) -> None:
    """Let the clock go on."""
    with connected(options) as client:
        found = client.resume_world(world)
    _show(found, options)


@app.command
def speed(
    speed: str, world: WorldName = None, /, *, options: ServerOptions = ServerOptions()
) -> None:
    """Set world seconds per second.

    Example: simulator world speed 60 my-world
    """
    with connected(options) as client:
        found = client.set_world_speed(speed, world)
    _show(found, options)


@app.command
def step(
    milliseconds: int, world: WorldName = None, /, *, options: ServerOptions = ServerOptions()
) -> None:
    """Move a paused world forward by MILLISECONDS.

    Example: simulator world step 60000 my-world
    """
    with connected(options) as client:
        found = client.step_world(milliseconds, world)
    _show(found, options)


def _show(world: World, options: ServerOptions) -> None:
    if options.json:
        print_json(world)
        return
    reason = "" if world.status_reason is None else f": {world.status_reason}"
    say(
        facts(
            [
                ("world", f"[bold]{world.world}[/]"),
                ("status", f"{world.status}{reason}"),
                ("speed", _speed(world)),
                ("world time (UTC)", utc(world.clock.time)),
                ("seq", f"{world.seq:,}"),
            ]
        )
    )


def _speed(world: World) -> str:
    return "paused" if world.clock.paused else f"{number(world.clock.speed)}x"
