"""`simulator watch`: a live view of marks, one book, and the own account, fed by the websocket.

The stream brings marks, the book and orders as they change. What a position makes and how near its
end is moves with every mark and is told by no message of its own, so positions and wallets are
asked for once a second.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import Console
from rich.live import Live

from simulator.client import AsyncClient, Stream, TransportError
from simulator.client.messages import News
from simulator.commandline.choices import flag
from simulator.commandline.failures import UsageError
from simulator.commandline.output import print_json
from simulator.commandline.session import AccountOptions, reaching
from simulator.commandline.watch_frame import frame
from simulator.commandline.watch_picture import Picture

_REFRESH_SECONDS: Final = 0.25
_ACCOUNT_SECONDS: Final = 1.0
_FIRST_FRAME_SECONDS: Final = 10.0


def watch(
    symbol: Annotated[str, Parameter(help="Whose book is shown.")] = "BTCUSDT-PERP",
    /,
    *,
    levels: Annotated[int, Parameter(help="Levels of the book on each side.")] = 8,
    once: Annotated[bool, flag("Print one frame and end.")] = False,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Watch marks, the book of SYMBOL, and your positions, orders and margin. Ends with Ctrl-C.

    Example: simulator watch ETHUSDT-PERP

    Example: simulator watch --once --json
    """
    if options.json and not once:
        raise UsageError("a live view is no JSON document; say --once as well")
    who = options.credentials()
    picture = Picture(symbol, levels, who.account_id if who.can_act else None)
    with contextlib.suppress(KeyboardInterrupt), reaching(who.server):
        asyncio.run(_watch(picture, options, once))


async def _watch(picture: Picture, options: AccountOptions, once: bool) -> None:
    async with _following(picture, options) as (client, stream):
        if once:
            await _until_complete(picture, stream)
            if options.json:
                print_json(picture.document())
            else:
                console = Console()
                console.print(frame(picture, console.width))
            return
        await _show_live(picture, client, stream)


@contextlib.asynccontextmanager
async def _following(
    picture: Picture, options: AccountOptions
) -> AsyncIterator[tuple[AsyncClient, Stream]]:
    """A stream that follows all that the picture shows."""
    who = options.credentials()
    client = AsyncClient(
        who.server,
        token=who.token,
        api_key=who.api_key,
        api_secret=who.api_secret,
        world=who.world,
        account_id=who.account_id,
    )
    async with client:
        # A stream would go on trying where nobody answers, and say less clearly why.
        await client.world()
        await _ask(picture, client)
        async with Stream(client) as stream:
            picture.book = await stream.follow_book(picture.symbol)
            own = [] if picture.account_id is None else [f"account:{picture.account_id}"]
            await stream.subscribe("marks", *own)
            yield client, stream


async def _ask(picture: Picture, client: AsyncClient) -> None:
    """What only an answer tells."""
    if picture.account_id is not None:
        picture.positions = (await client.positions()).items
        picture.wallets = (await client.wallets()).items


async def _until_complete(picture: Picture, stream: Stream) -> None:
    """Raises UsageError if the market does not show itself."""
    try:
        async with asyncio.timeout(_FIRST_FRAME_SECONDS):
            async for news in stream:
                picture.take(news)
                if picture.is_complete:
                    return
    except TimeoutError as error:
        raise UsageError(f"{picture.symbol} had nothing to show") from error


async def _show_live(picture: Picture, client: AsyncClient, stream: Stream) -> None:
    console = Console()
    with Live(
        frame(picture, console.width),
        console=console,
        screen=console.is_terminal,
        auto_refresh=False,
    ) as live:
        async with asyncio.TaskGroup() as group:
            group.create_task(_listen(picture, stream))
            group.create_task(_keep_asking(picture, client))
            while True:
                picture.is_stale = stream.is_stale
                live.update(frame(picture, console.width), refresh=True)
                await asyncio.sleep(_REFRESH_SECONDS)


async def _listen(picture: Picture, stream: Stream) -> None:
    news: News
    async for news in stream:
        picture.take(news)


async def _keep_asking(picture: Picture, client: AsyncClient) -> None:
    """A server that is away is away: the view says that it is old, and goes on asking."""
    while True:
        await asyncio.sleep(_ACCOUNT_SECONDS)
        with contextlib.suppress(TransportError):
            await _ask(picture, client)
