"""Answers as the exchange sends them, for the fake server."""

from typing import Any

Json = dict[str, Any]


def preview(**changes: Any) -> Json:
    """A buy of 0.1 at 60,000 with 20x, at a mark of 60,000."""
    return {
        "accepted": True,
        "refusal": None,
        "filled_quantity": "0.1",
        "average_price": "60000",
        "worst_price": "60010.5",
        "fee": "3.001",
        "resting_quantity": "0",
        "rest_canceled": None,
        "needed": "303.001",
        "available": "10000",
        "margin_locked": "0",
        "position_quantity": "0.1",
        "entry_price": "60000",
        "liquidation_price": "57000",
        "liquidation_status": "OK",
        "paid_asset": None,
        "borrowed": "0",
        "margin_moved": "0",
        "call_distance": None,
        "seq": 7,
        "time": 1,
        **changes,
    }


def held(**changes: Any) -> Json:
    """10,000 USDT in a wallet."""
    return {
        "asset": "USDT",
        "balance": "10000",
        "locked": "0",
        "borrowed": "0",
        "interest": "0",
        "settlement_debt": "0",
        "value": "10000",
        "withdrawable": "9650",
        "liquidation_price": None,
        **changes,
    }


def order(**changes: Any) -> Json:
    return {
        "order_id": 627,
        "client_order_id": None,
        "symbol": "BTCUSDT-PERP",
        "side": "BUY",
        "order_type": "LIMIT",
        "time_in_force": "GTC",
        "price": "59000",
        "quantity": "0.1",
        "filled_quantity": "0",
        "remaining_quantity": "0.1",
        "average_price": None,
        "status": "RESTING",
        "cancel_reason": None,
        "post_only": False,
        "reduce_only": False,
        "keep_margin": False,
        "position_side": None,
        "margin_mode": "ISOLATED",
        "liquidation_id": None,
        "trigger_source": None,
        "trigger_price": None,
        "callback_rate": None,
        "activation_price": None,
        "close_position": False,
        "expires": None,
        "self_trade_prevention": "EXPIRE_MAKER",
        "list_id": None,
        "waits_for": None,
        "created": 1_700_000_000_000,
        "updated": 1_700_000_000_000,
        **changes,
    }


def mark(**changes: Any) -> Json:
    return {
        "symbol": "BTCUSDT-PERP",
        "index_price": "60000",
        "index_time": 1,
        "mark_price": "60000",
        "last_price": "60001",
        "market_state": "OPEN",
        "halt_reason": None,
        **changes,
    }


def position(**changes: Any) -> Json:
    return {
        "symbol": "BTCUSDT-PERP",
        "side": "LONG",
        "margin_mode": "ISOLATED",
        "wallet_id": 3,
        "leverage": 20,
        "quantity": "0.1",
        "entry_price": "60500",
        "mark_price": "60000",
        "notional": "6000",
        "unrealized_pnl": "-50",
        "roi": "-0.165289256198",
        "initial_margin": "300",
        "maintenance_margin": "24",
        "margin": "302.5",
        "margin_ratio": "0.095049504950",
        "liquidation_price": "57000",
        "liquidation_below": "57000",
        "liquidation_above": None,
        "liquidation_status": "OK",
        "bankruptcy_price": "56800",
        **changes,
    }


def wallet(**changes: Any) -> Json:
    return {
        "wallet_id": 2,
        "kind": "CROSS",
        "symbol": None,
        "position_side": None,
        "asset": "USDT",
        "balance": "10000",
        "locked": "0",
        "settlement_debt": "0",
        "unrealized_pnl": "-50",
        "equity": "9950",
        "initial_margin": "300",
        "call_margin": "30",
        "maintenance_margin": "24",
        "available_balance": "9650",
        "withdrawable": "9650",
        "margin_ratio": "0.0024",
        "margin_call_id": None,
        "clears_at_equity": None,
        "liquidation_id": None,
        "collateral": "9950",
        "debts": "0",
        "margin_level": None,
        "call_level": None,
        "liquidation_level": None,
        "borrow_leverage": None,
        "assets": [held()],
        **changes,
    }


def world(**changes: Any) -> Json:
    clock = {"time": 1_700_000_000_000, "mode": "SCALED", "speed": "60", "paused": False}
    return {
        "world": "practice",
        "status": "RUNNING",
        "status_reason": None,
        "clock": clock,
        "server_time": 1_700_000_000_000,
        "seq": 1234,
        **changes,
    }
