"""FND-2: what one funding stamp costs a position, as a function of values."""

from simulator.core.model.units import RATE_ONE, divide_up


def funding_payment(signed_notional: int, rate: int) -> int:
    """`s * N * rate`: what is paid, or received if negative.

    A payer rounds up, a receiver down (UNIT-3); what that leaves is the insurance fund's.
    """
    return divide_up(signed_notional * rate, RATE_ONE)
