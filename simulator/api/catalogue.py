"""What every code means and what to do about it: the text of docs/errors.md (`api.error_page`).

A test compares these tables with the code: nothing that can be answered is missing, and nothing
stands here that is not answered.
"""

from typing import Final, NamedTuple

from simulator.core.model.enums import CancelReason, HaltReason
from simulator.core.model.rejects import RejectReason


class Entry(NamedTuple):
    """A code of the API's own. `status` is of the HTTP answer and of the websocket's error."""

    status: int
    meaning: str
    advice: str


PROBLEMS: Final[dict[str, Entry]] = {
    "NOT_AUTHENTICATED": Entry(
        401,
        "The request needs a caller, and names none that is known.",
        "Send `Authorization: Bearer <token>`; over the websocket `auth` first. Log in again "
        "if the token has expired.",
    ),
    "WRONG_PASSWORD": Entry(
        401,
        "There is no user of this name with this password.",
        "Mind capital letters; after many attempts wait a few minutes.",
    ),
    "BAD_SIGNATURE": Entry(
        401,
        "The key is unknown, or the signature is not that of this request.",
        "Sign the lines that docs/authentication.md names, with the exact path, query and body.",
    ),
    "TIMESTAMP_OUTSIDE_WINDOW": Entry(
        401,
        "The signature's `X-Timestamp` is more than five seconds from the server's time.",
        "Set your clock; `server_time` in `GET /v1/worlds/{world}/clock` tells the server's.",
    ),
    "REPLAYED_REQUEST": Entry(
        401,
        "The same signature was taken before.",
        "Sign every request anew, with a timestamp of its own.",
    ),
    "BAD_CSRF_TOKEN": Entry(
        403,
        "A request by cookie that changes something came without its CSRF token.",
        "Send the `csrf_token` of the log-in as header `X-CSRF-Token`.",
    ),
    "MISSING_SCOPE": Entry(
        403,
        "The API key is not for this.",
        "Use a key with the scope that docs/access.md names, or log in.",
    ),
    "NOT_THE_OWNER": Entry(
        403,
        "Somebody else owns the world, or nobody does: the server's own run by themselves.",
        "Make a world of your own with `POST /v1/worlds`, and control that.",
    ),
    "NOT_FOUND": Entry(
        404,
        "There is nothing at this path.",
        "Compare the path with `/v1/openapi.json`; there is no slash at the end.",
    ),
    "UNKNOWN_WORLD": Entry(
        404,
        "This server has no world of this name.",
        "`GET /v1/worlds` lists those that are open.",
    ),
    "UNKNOWN_TOKEN": Entry(
        404,
        "The user has no token with this id.",
        "`GET /v1/me/tokens` lists them.",
    ),
    "UNKNOWN_API_KEY": Entry(
        404,
        "The account has no such API key.",
        "`GET …/api-keys` lists them.",
    ),
    "UNKNOWN_LIQUIDATION": Entry(
        404,
        "The account has no liquidation with this number.",
        "`GET …/liquidations` lists them.",
    ),
    "UNKNOWN_MARGIN_CALL": Entry(
        404,
        "The account has no margin call with this number.",
        "`GET …/margin-calls` lists them.",
    ),
    "NOT_EXPLAINED": Entry(
        404,
        "The wallet held and owed nothing but the valuation asset, so no price brought it there.",
        "`GET …/liquidations/{liquidation_id}`, `…/margin-calls` and `…/ledger` have the numbers.",
    ),
    "UNKNOWN_CHANNEL": Entry(
        404,
        "The websocket has no channel of this name.",
        "The detail lists the channels; so does docs/websocket.md.",
    ),
    "METHOD_NOT_ALLOWED": Entry(
        405,
        "The path is right, the method is not.",
        "The header `Allow` says which methods there are.",
    ),
    "NAME_TAKEN": Entry(
        409,
        "Another user has this name; capital letters make no difference.",
        "Choose another name.",
    ),
    "ALREADY_SIGNED_UP": Entry(
        409,
        "Only a guest becomes a user, and only once.",
        "Log in with name and password.",
    ),
    "TOO_MANY_ACCOUNTS": Entry(
        409,
        "The user has as many accounts in the world as one may have.",
        "Go on with one of them; a reset gives it a fresh start.",
    ),
    "TOO_MANY_API_KEYS": Entry(
        409,
        "The account has as many API keys as it may have.",
        "Delete one that is not used.",
    ),
    "WORLD_EXISTS": Entry(
        409,
        "There is a world of this name already.",
        "Choose another name.",
    ),
    "TOO_MANY_WORLDS": Entry(
        409,
        "The user has as many worlds as one may have.",
        "Go on with one of them: `GET /v1/worlds`.",
    ),
    "WORLD_NOT_PAUSED": Entry(
        409,
        "Only a paused world can be stepped.",
        "`POST /v1/worlds/{world}/pause` first.",
    ),
    "CLOCK_HAS_NO_SPEED": Entry(
        409,
        "The practice world follows real time as long as it is configured to.",
        "Only an admin meets this: set `speed` in the world's configuration.",
    ),
    "TOO_MANY_CHANNELS": Entry(
        409,
        "A websocket is subscribed to as many channels as it may be.",
        "Unsubscribe from some, or open another connection.",
    ),
    "SINCE_TOO_OLD": Entry(
        409,
        "What an account was told after this seq is not remembered any more.",
        "The channels are subscribed to and a snapshot comes; the histories have what happened "
        "in between.",
    ),
    "SINCE_AHEAD": Entry(
        409,
        "The world has not got to this seq, so it is not the world that the seq is from.",
        "The channels are subscribed to and a snapshot comes; forget what you knew of the account.",
    ),
    "REQUEST_TOO_LARGE": Entry(
        413,
        "The body, or the frame, is larger than the server reads.",
        "No request needs that much; `max_body_bytes` in `config/exchange.toml` is the limit.",
    ),
    "MALFORMED_REQUEST": Entry(
        422,
        "The request cannot be read: its JSON, a type, an unknown field or parameter, a number "
        "out of range, a cursor that is none. It did not reach the exchange.",
        "The detail says where. Sending the same again gives the same answer.",
    ),
    "RATE_LIMITED": Entry(
        429,
        "Too many requests of this kind from this caller.",
        "Wait for the seconds in `Retry-After`; `X-RateLimit-Remaining` warns before.",
    ),
    "INTERNAL_ERROR": Entry(
        500,
        "A bug of the server's.",
        "Look for the `request_id` in the server's log, and report it.",
    ),
    "TIMEOUT": Entry(
        503,
        "The body did not come in time, or the answer was not ready in time.",
        "What was asked may be done all the same: look, or send an order again with the same "
        "`client_order_id`, which is never done twice (ORD-7).",
    ),
    "WORLD_BUSY": Entry(
        503,
        "So many commands wait that the world takes no more. Nothing was done.",
        "Try again after the seconds in `Retry-After`, and more slowly.",
    ),
    "WORLD_PAUSED": Entry(
        503,
        "The world is paused: it takes nothing but cancels. Nothing was done.",
        "Wait until it goes on; `GET /v1/worlds/{world}` says so.",
    ),
    "SECRET_UNREADABLE": Entry(
        503,
        "The server cannot read the key's secret: its own key was changed or lost.",
        "The operator restores SIMULATOR_SECRET_KEY, or you make a new API key.",
    ),
    "WORLD_HALTED": Entry(
        503,
        "Something broke in the world, or its database failed; it stands where it was, and "
        "only what was acknowledged happened.",
        "The operator finds the reason in `GET /v1/worlds/{world}` and in the log.",
    ),
    "WORLD_CLOSED": Entry(
        503,
        "The world is stopping. Nothing was done.",
        "Try again when the server is up.",
    ),
}

REFUSALS: Final[dict[RejectReason, str]] = {
    RejectReason.SWEEP_IN_PROGRESS: "Try again at once; it takes a few milliseconds.",
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: "Choose another `client_order_id`.",
    RejectReason.UNKNOWN_ACCOUNT: "`GET /v1/accounts` lists yours; mind the parameter `world`.",
    RejectReason.UNKNOWN_INSTRUMENT: "`GET /v1/worlds/{world}/instruments` lists the symbols.",
    RejectReason.UNKNOWN_WALLET: "`GET …/wallets` lists them; an isolated one is named by "
    "`symbol` and `position_side`.",
    RejectReason.UNKNOWN_ASSET: "Leave `asset` out for the asset that margin is counted in.",
    RejectReason.UNKNOWN_ORDER: "It was filled, canceled or never there: `GET …/orders/history`.",
    RejectReason.ALREADY_EXISTS: "Take what is there.",
    RejectReason.INVALID_TERMS: "Only whoever sets up a world meets this: correct the terms.",
    RejectReason.NO_MARK_PRICE: "Wait for the first index price.",
    RejectReason.MARKET_CLOSED: "Choose another instrument.",
    RejectReason.MARKET_HALTED: "Wait until `market_state` is OPEN; cancels are taken.",
    RejectReason.AUCTION_IN_PROGRESS: "Send a LIMIT order, GTC or GTD and not `post_only`, or wait "
    "until `market_state` is OPEN.",
    RejectReason.LIQUIDATION_IN_PROGRESS: "Wait until it ends: `GET …/liquidations`.",
    RejectReason.INVALID_AMOUNT: "Send a positive amount.",
    RejectReason.POSITION_SIDE_MISMATCH: "Send `position_side` in hedge mode, and only there; "
    "`GET …/accounts/{account}` has `position_mode`.",
    RejectReason.INVALID_COMBINATION: "A LIMIT order has a price, a MARKET order none; "
    "`post_only` goes with LIMIT and GTC or GTD, `keep_margin` with `reduce_only`; a type that "
    "waits has the trigger of its kind, and no other has one.",
    RejectReason.EXPIRY_IN_THE_PAST: "`expires` is world time: `GET /v1/worlds/{world}` has it.",
    RejectReason.CALLBACK_RATE_OUT_OF_RANGE: "Send a `callback_rate` from 0.001 to 0.1.",
    RejectReason.PRICE_NOT_ON_TICK: "Round to `tick_size` of the instrument.",
    RejectReason.PRICE_OUTSIDE_BAND: "Stay within `price_band_rate` of the mark price.",
    RejectReason.QUANTITY_NOT_ON_LOT: "Round to `lot_size` of the instrument.",
    RejectReason.QUANTITY_TOO_SMALL: "Send `min_quantity` or more.",
    RejectReason.QUANTITY_TOO_LARGE: "Split the order.",
    RejectReason.QUANTITY_ALREADY_FILLED: "Cancel the order if nothing more should be filled.",
    RejectReason.NOTIONAL_TOO_SMALL: "Price times quantity should be `min_notional` or more.",
    RejectReason.TOO_MANY_OPEN_ORDERS: "Cancel some first.",
    RejectReason.TOO_MANY_TRIGGER_ORDERS: "Cancel some first.",
    RejectReason.COUNTDOWN_OUT_OF_RANGE: "Send a `countdown` from 1000 to 86400000, or null.",
    RejectReason.TRIGGER_ALREADY_MET: "Choose a `trigger_price` on the other side of the price, or "
    "send a MARKET or LIMIT order.",
    RejectReason.REDUCE_ONLY_WITHOUT_POSITION: "Leave `reduce_only` out, or choose the other side.",
    RejectReason.POST_ONLY_WOULD_TAKE: "Choose a price that does not cross the book.",
    RejectReason.FILL_OR_KILL_NOT_FILLABLE: "Ask for less, for a worse price, or for IOC.",
    RejectReason.LEVERAGE_NOT_ALLOWED: "`GET /v1/worlds/{world}/risk-tiers` has `max_leverage`.",
    RejectReason.POSITION_LIMIT: "Lower the leverage or the quantity.",
    RejectReason.OPEN_POSITION_OR_ORDER: "Close the position and cancel the orders first.",
    RejectReason.NOTHING_OWED: "There is nothing to repay.",
    RejectReason.DEPOSIT_LIMIT: "Pay in `available` at most, or reset the account.",
    RejectReason.LENDING_POOL_EXHAUSTED: "Borrow `available` at most, or later.",
    RejectReason.BORROW_CAP: "Borrow `available` at most, or repay first.",
    RejectReason.INSUFFICIENT_BALANCE: "Move `available` at most; locked money stays.",
    RejectReason.INSUFFICIENT_MARGIN: "Add margin, raise the leverage or ask for less; the "
    "preview (`POST …/orders/preview`) tells before.",
    RejectReason.WOULD_CAUSE_MARGIN_CALL: "Ask for less, or add margin first; without FOK "
    "the order is filled as far as it may be.",
}
"""What to do; what it means stands in the core (`REJECT_TEXTS`)."""

CANCELS: Final[dict[CancelReason, tuple[str, str]]] = {
    CancelReason.REQUESTED: ("Its owner asked for it.", "Nothing."),
    CancelReason.IMMEDIATE_OR_CANCEL: (
        "The book had no more at the limit, and the order was not to rest.",
        "Send the rest again at another price, or as GTC.",
    ),
    CancelReason.PRICE_BAND: (
        "A market order took all that the book had within the price band.",
        "Send the rest again when the book has more.",
    ),
    CancelReason.SELF_TRADE: (
        "It and another order of the same account would have traded with each other.",
        "Nothing; the newer order's `self_trade_prevention` said which of them ends.",
    ),
    CancelReason.REDUCE_ONLY: (
        "There is nothing left for it to reduce.",
        "Nothing; the position is closed or smaller.",
    ),
    CancelReason.LIQUIDATION: (
        "Its wallet is being liquidated; orders go first, because they lock margin.",
        "See `GET …/liquidations`.",
    ),
    CancelReason.WOULD_CAUSE_MARGIN_CALL: (
        "Filling it would have brought its own wallet to a margin call.",
        "Add margin or reduce before you send it again.",
    ),
    CancelReason.INSUFFICIENT_MARGIN: (
        "When its turn to fill came, the margin was not enough any more.",
        "Add margin before you send it again.",
    ),
    CancelReason.REPLACED_QUOTE: ("A market maker replaced its quotes.", "Nothing."),
    CancelReason.TAKEN_OVER: (
        "It was the order of a liquidation, and the insurance fund took over the rest.",
        "Nothing; the takeover is part of the liquidation.",
    ),
    CancelReason.FILL_OR_KILL: (
        "Its trigger was met, and the book could not fill it whole at its limit.",
        "Send it again as IOC, or with a worse limit.",
    ),
    CancelReason.POSITION_LIMIT: (
        "Its trigger was met, and the position would have grown beyond what the leverage allows.",
        "Lower the leverage, or make it `reduce_only` if it was to close the position.",
    ),
    CancelReason.TOO_MANY_OPEN_ORDERS: (
        "Its trigger was met, and there was no place for another open order.",
        "Cancel some, and send it again.",
    ),
    CancelReason.EXPIRED: ("It was a GTD order, and its time was over.", "Nothing."),
    CancelReason.ORDER_LIST: (
        "Another order of its list fired or filled, or the entry that it waited for ended.",
        "Nothing; this is what the list is for.",
    ),
    CancelReason.COUNTDOWN: (
        "A dead man's switch was not armed again in time.",
        "Arm it more often (`PUT …/countdown`), and send the order again.",
    ),
    CancelReason.DISCONNECTED: (
        "A websocket that had asked for `cancel_on_disconnect` was closed or lost.",
        "Connect, and send the order again.",
    ),
    CancelReason.MARKET_CLOSED: (
        "The instrument was closed for good.",
        "Nothing; positions in it were settled.",
    ),
    CancelReason.AUTO_DELEVERAGED: (
        "Its account's position was reduced in auto-deleveraging, which cancels its orders there.",
        "See `GET …/positions`, and send the order again if it is still wanted.",
    ),
    CancelReason.INSUFFICIENT_BALANCE: (
        "When its turn to fill came, the wallet did not hold enough of the asset any more.",
        "Move or borrow the asset before you send it again.",
    ),
    CancelReason.LENDING_POOL_EXHAUSTED: (
        "Its trigger was met, and the pool did not have what it would have borrowed.",
        "Ask for less, or send it again later.",
    ),
    CancelReason.BORROW_CAP: (
        "Its trigger was met, and it would have borrowed more than the account may.",
        "Repay first, or ask for less.",
    ),
}

HALTS: Final[dict[HaltReason, str]] = {
    HaltReason.STALE_INDEX: "The index price is older than `index_staleness`.",
    HaltReason.OPERATOR: "Whoever runs the world halted it.",
    HaltReason.AWAITING_INDEX: "It has had no index price yet.",
}
