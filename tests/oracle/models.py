"""How the credit of an order is split over its touches, and what refunds take back of it (contract, "Attribution,
exactly"). All integers, but for the weights of time_decay, which are powers of 2 to 50 digits."""

import decimal
import math
from collections import namedtuple
from fractions import Fraction

from .money import MICROS, half_even

# Of one touch: what it has earned, in micro-units and millionths of an order. touch_ms: the cohort's time.
Share = namedtuple("Share", "campaign touch_ms revenue conversions margin")
Taken = namedtuple("Taken", "revenue conversions margin")

_DECAY = decimal.Context(prec=60)
_DECAY_ONE = 10**50


def _position(n, ends):
    """Relative weights of n touches, by [first, middle, last]."""
    first, middle, last = ends
    if n == 1:
        return [1]
    if n == 2:
        return [first, last] if first or last else [1, 1]
    return [first] + [middle / (n - 2)] * (n - 2) + [last]


def _decayed(age_ms, half_life_ms):
    power = _DECAY.power(2, _DECAY.divide(decimal.Decimal(-age_ms), decimal.Decimal(half_life_ms)))
    return int(power.scaleb(50, _DECAY))


def weights(model, times, position, half_life_ms):
    """A weight for each touch; times in the order of touches."""
    n = len(times)
    if model == "last_click":
        return [0] * (n - 1) + [1]
    if model == "first_click":
        return [1] + [0] * (n - 1)
    if model == "linear":
        return [1] * n
    if model == "position":
        return _position(n, position)
    assert model == "time_decay", model
    return [_DECAY_ONE if ts_ms == times[-1] else _decayed(times[-1] - ts_ms, half_life_ms) for ts_ms in times]


def split(amount, by):
    """An amount in integer parts by weights: largest remainder, equal remainders to the earlier."""
    scale = math.lcm(*(Fraction(weight).denominator for weight in by))
    by = [int(weight * scale) for weight in by]
    total = sum(by)
    parts = [amount * weight // total for weight in by]
    order = sorted(range(len(by)), key=lambda i: (-(amount * by[i] % total), i))
    for i in order[:amount - sum(parts)]:
        parts[i] += 1
    return parts


def _signed(amount, by):
    """A negative amount is split as its absolute value."""
    return [part if amount >= 0 else -part for part in split(abs(amount), by)]


def shares(campaigns, times, by, revenue, margin):
    """The Shares of one order."""
    return [Share(*share) for share in
            zip(campaigns, times, split(revenue, by), split(MICROS, by), _signed(margin, by))]


def taken(order_shares, refunded):
    """What refunds of this much have taken of each share."""
    revenue = [share.revenue for share in order_shares]
    conversions = [share.conversions for share in order_shares]
    margins = [abs(share.margin) for share in order_shares]
    whole, margin = sum(revenue), sum(share.margin for share in order_shares)
    if whole == 0:
        return [Taken(0, 0, 0)] * len(order_shares)
    back = half_even(abs(margin) * refunded, whole)
    return [Taken(*parts) for parts in zip(
        split(refunded, revenue), split(half_even(MICROS * refunded, whole), conversions),
        _signed(back if margin >= 0 else -back, margins) if margin else [0] * len(margins))]
