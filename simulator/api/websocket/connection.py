"""One websocket: reads requests, answers each once, and sends what its channels tell.

Orders are submitted without a task each: the receipt's future calls back, and whatever became
ready in one turn of the event loop leaves as one frame. A client that sends faster than it reads
is not read any further; one that reads too slowly loses its news and is told to resync.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from simulator.api.access import Need
from simulator.api.callers import Caller
from simulator.api.errors import (
    ApiProblem,
    MalformedRequest,
    NotAuthenticated,
    NotFound,
    RefusedByRule,
    TooLarge,
)
from simulator.api.service import Api, Door
from simulator.api.shapes.accounts import Account
from simulator.api.signatures import SignedRequest
from simulator.api.stream.channels import Channel, parse_channel
from simulator.api.stream.readers import encode
from simulator.api.stream.world_stream import Membership, WorldStream
from simulator.api.websocket.answers import Answers
from simulator.api.websocket.order_desk import OrderDesk
from simulator.api.websocket.outbox import Outbox
from simulator.api.websocket.protocol import (
    AnyRequest,
    Auth,
    Authenticated,
    ListChannels,
    Ping,
    Pong,
    RequestId,
    Resync,
    Subscribe,
    Subscribed,
    Unsubscribe,
    find_id,
    frames_of,
    read_request,
    split_frame,
)
from simulator.api.wire import milliseconds
from simulator.core.model.commands import CancelAllOrders
from simulator.runtime.errors import WorldUnavailable
from simulator.runtime.forgiving_log import ForgivingLog

log = ForgivingLog()

_PATH: Final = "/v1/ws"
"""What an `auth` by API key signs."""


class Connection:
    """See the module. `run` lasts as long as the socket."""

    def __init__(self, api: Api, scope: Scope, receive: Receive, send: Send) -> None:
        self._api = api
        self._caller: Caller | None = None
        self._default_account: tuple[str, int] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._protected: tuple[Door, int] | None = None
        """Whose orders are canceled when this session ends (ORD-8)."""
        self._receive = receive
        self._send = send
        client = scope.get("client")
        self._host = "host:" + (client[0] if client else "unknown")
        self._outbox = Outbox(api.settings.stream_capacity)
        self._answers = Answers(self._outbox)
        self._desk = OrderDesk(api, self._answers, self._do_later)
        self._memberships: dict[tuple[str, str], tuple[WorldStream, Membership]] = {}
        """By world and channel."""
        self._listening: dict[str, WorldStream] = {}
        self._unanswered = 0
        self._has_room = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], None] = {}

    async def run(self) -> None:
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept"})
        sender = asyncio.create_task(self._send_all())
        try:
            self._listen(self._api.context.default_world)
            await self._read_all()
        finally:
            sender.cancel()
            self._end_session()
            for task in self._tasks:
                task.cancel()
            for stream, membership in self._memberships.values():
                stream.leave(membership)
            for stream in self._listening.values():
                stream.stop_listening(self._outbox)
            await asyncio.gather(sender, return_exceptions=True)

    # -- reading -----------------------------------------------------------------------------------

    async def _read_all(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            await self._read_frame(text.encode() if text is not None else message["bytes"])
            while self._unanswered >= self._api.settings.most_unanswered:
                self._has_room.clear()
                await self._has_room.wait()

    async def _read_frame(self, frame: bytes) -> None:
        try:
            most = self._api.settings.max_body_bytes
            if len(frame) > most:
                raise TooLarge(f"a frame has at most {most} bytes")
            requests = split_frame(frame)
        except ApiProblem as problem:
            self._unanswered += 1
            self._answers.refuse(None, problem)
            return
        for data in requests:
            self._unanswered += 1
            try:
                request = read_request(data)
            except ApiProblem as problem:
                self._refuse_unread(find_id(data), problem)
                continue
            if isinstance(request, Auth):
                await self._authenticate(request)
            else:
                self._do(request)

    def _refuse_unread(self, request_id: RequestId, problem: ApiProblem) -> None:
        """Rubbish counts as a request, too."""
        try:
            self._api.requests.take(self._name())
        except ApiProblem as limited:
            problem = limited
        self._answers.refuse(request_id, problem)

    def _name(self) -> str:
        return self._host if self._caller is None else self._caller.user.user_id

    def _do(self, request: AnyRequest) -> None:
        """Does a request, or begins it. Every path ends in exactly one answer."""
        try:
            if isinstance(request, Subscribe):
                self._api.requests.take(self._name())
                self._subscribe(request)
            elif isinstance(request, Unsubscribe):
                self._api.requests.take(self._name())
                self._unsubscribe(request)
            elif isinstance(request, ListChannels):
                self._api.requests.take(self._name())
                self._answer_channels(request.id, request.world or self._api.context.default_world)
            elif isinstance(request, Ping):
                self._api.requests.take(self._name())
                pong = Pong(server_time=milliseconds(self._api.context.wall_ns()))
                self._answers.reply(request.id, pong)
            elif isinstance(request, Auth):
                raise AssertionError("auth is awaited before what follows it")
            else:
                caller = self._known_caller("orders need `auth` first")
                caller.require(Need.TRADE)
                self._desk.take(request, caller, self._default_account)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(request.id, error)

    async def _authenticate(self, request: Auth) -> None:
        try:
            self._api.requests.take(self._name())
            caller = await self._identify(request)
            if request.account_id is not None:
                world = request.world or self._api.context.default_world
                caller.account(world, request.account_id)
                self._default_account = (world, request.account_id)
            elif len(caller.accounts) == 1:
                self._default_account = next(iter(caller.accounts))
            else:
                self._default_account = None
            self._log_out()
            self._log_in(caller)
            self._protected = self._protection(caller) if request.cancel_on_disconnect else None
            accounts = [
                Account(account_id=each.account_id, world=each.world_id, label=each.label)
                for each in caller.accounts.values()
            ]
            result = Authenticated(user_id=caller.user.user_id, accounts=accounts)
            self._answers.reply(request.id, result)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(request.id, error)

    async def _identify(self, request: Auth) -> Caller:
        """Raises NotAuthenticated, MalformedRequest."""
        signed = (request.api_key, request.timestamp, request.signature)
        if request.token is not None and signed == (None, None, None):
            return await self._api.callers.of_token(request.token)
        api_key, timestamp, signature = signed
        if request.token is not None or api_key is None or timestamp is None or signature is None:
            raise MalformedRequest(
                "`auth` takes either `token`, or `api_key`, `timestamp` and `signature`"
            )
        return await self._api.callers.of_signature(
            SignedRequest(api_key, timestamp, signature, "GET", _PATH)
        )

    def _log_in(self, caller: Caller) -> None:
        """From now on, and until the login ends, whichever way."""
        self._caller = caller
        caller.ticket.when_over(self._end_session)
        expires_ns = caller.ticket.expires_ns
        if expires_ns is not None:
            seconds = (expires_ns - self._api.context.wall_ns()) / 1e9
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(max(0.0, seconds), self._end_session)

    def _protection(self, caller: Caller) -> tuple[Door, int]:
        """Raises MalformedRequest, Forbidden."""
        if self._default_account is None:
            raise MalformedRequest("`cancel_on_disconnect` needs an `account_id`")
        caller.require(Need.TRADE)
        world_id, account_id = self._default_account
        return self._api.door_of(caller, world_id, account_id), account_id

    def _end_session(self) -> None:
        """The connection is gone, or the login over: what it was to protect is canceled."""
        self._log_out()
        if self._protected is not None:
            (door, account_id), self._protected = self._protected, None
            try:
                door.world.submit(CancelAllOrders(account_id, None, disconnected=True))
            except WorldUnavailable as error:
                log.warning("an account keeps its orders", account=account_id, why=str(error))

    def _log_out(self) -> None:
        """What was private is no longer told."""
        if self._caller is not None:
            self._caller.ticket.leave(self._end_session)
            self._caller = None
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self._leave_private_channels()

    def _known_caller(self, why: str) -> Caller:
        """Raises NotAuthenticated."""
        caller = self._caller
        if caller is not None and not caller.ticket.is_valid(self._api.context.wall_ns()):
            self._end_session()
            caller = None
        if caller is None:
            raise NotAuthenticated(why)
        return caller

    # -- channels ----------------------------------------------------------------------------------

    def _listen(self, world_id: str) -> None:
        if world_id not in self._listening:
            try:
                stream = self._api.door(world_id).stream
            except NotFound:
                return
            self._listening[world_id] = stream
            stream.listen(self._outbox)

    def _subscribe(self, request: Subscribe) -> None:
        """Joins all channels of the request, or none of them."""
        door = self._api.door(request.world)
        world_id = door.world.world_id
        channels = [parse_channel(name, door.numbers) for name in request.channels]
        for channel in channels:
            if channel.kind == "account":
                self._own(world_id, channel)
        new = {
            each.name: each for each in channels if (world_id, each.name) not in self._memberships
        }
        again = (
            {}
            if request.since is None
            else {each.name: each for each in channels if each.kind == "account"}
        )
        most = self._api.settings.most_channels
        if len(self._memberships) + len(new) > most:
            raise RefusedByRule(
                f"a connection has at most {most} channels",
                "TOO_MANY_CHANNELS",
                needed=str(len(self._memberships) + len(new)),
                available=str(most),
            )
        self._listen(world_id)
        problem: ApiProblem | None = None
        for channel in (new | again).values():
            self._leave(world_id, channel.name)
            since = request.since if channel.kind == "account" else None
            if since is not None:
                unknown = door.stream.since_problem(channel.subject, since)
                if unknown is not None:
                    problem, since = unknown, None
            membership = door.stream.join(channel, self._outbox, since)
            self._memberships[(world_id, channel.name)] = (door.stream, membership)
        if problem is None:
            self._answer_channels(request.id, world_id)
        else:
            self._answers.refuse(request.id, problem)

    def _own(self, world_id: str, channel: Channel) -> None:
        caller = self._known_caller(f"{channel.name} is private: send `auth` first")
        caller.require(Need.READ)
        self._api.door_of(caller, world_id, channel.subject)

    def _unsubscribe(self, request: Unsubscribe) -> None:
        """A channel that was not subscribed to is as good as left."""
        world_id = request.world or self._api.context.default_world
        for name in request.channels:
            self._leave(world_id, name)
        self._answer_channels(request.id, world_id)

    def _leave(self, world_id: str, name: str) -> None:
        place = self._memberships.pop((world_id, name), None)
        if place is not None:
            place[0].leave(place[1])

    def _answer_channels(self, request_id: RequestId, world_id: str) -> None:
        names = [name for world, name in self._memberships if world == world_id]
        result = Subscribed(world=world_id, channels=names)
        self._answers.reply(request_id, result)

    def _leave_private_channels(self) -> None:
        """Another user's token ends what the one before was following."""
        for key, (stream, membership) in list(self._memberships.items()):
            if membership.channel.kind == "account":
                stream.leave(membership)
                del self._memberships[key]

    def _resync(self) -> list[bytes]:
        """Leaves and joins every channel anew; the snapshots come through the outbox."""
        for key, (stream, membership) in list(self._memberships.items()):
            stream.leave(membership)
            fresh = stream.join(membership.channel, self._outbox)
            self._memberships[key] = (stream, fresh)
        return [encode(Resync(channels=[name for _, name in self._memberships]))]

    def _do_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs the rare request that has to wait for the database."""
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    # -- sending -----------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        """Ends quietly when the client is gone; the reader notices that by itself."""
        try:
            while True:
                replies, news, lost = await self._outbox.drain()
                parts: list[Any] = [*replies, *(self._resync() if lost else news)]
                for frame in frames_of(parts):
                    await self._send({"type": "websocket.send", "text": frame.decode()})
                self._unanswered -= len(replies)
                self._has_room.set()
        except OSError:
            self._unanswered = 0
            self._has_room.set()
