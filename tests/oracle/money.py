"""Money: decimals to micro-units, currencies by dated rates, halves to the even neighbour (contract, section 1)."""

from collections import namedtuple
from fractions import Fraction

from .message import NUMBER, Refused

MICROS = 1_000_000
INT64_MAX = 2**63 - 1

Rate = namedtuple("Rate", "from_ms factor")  # units of the account's currency per unit, as a Fraction


def half_even(numerator, denominator):
    """numerator / denominator to the nearest integer, halves to the even one; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient & 1))


def micros(text):
    """Micro-units of a decimal of JSON's grammar, and whether it is below zero."""
    match = NUMBER.fullmatch(text)
    if not match:
        raise Refused("bad_money")
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    digits = int(whole + fraction)
    negative = bool(sign) and digits != 0
    # Beyond these exponents the verdict is clear, and exact powers would be needlessly long.
    shift = max(-5000, min(5000, int(exponent or 0))) - len(fraction) + 6
    result = digits * 10**shift if shift >= 0 else half_even(digits, 10**-shift)
    return (-result if sign else result), negative


def in_range(amount):
    if not -INT64_MAX - 1 <= amount <= INT64_MAX:
        raise Refused("money_range")
    return amount


class Currencies:
    """The account's currency, and the others by their rates."""

    def __init__(self, account, rows, first_instant):
        """rows: [{from: date, CODE: factor}]; first_instant: date → ms, in the account's zone."""
        self.account = account
        self.rates = {}
        for row in sorted(rows, key=lambda row: row["from"]):
            for code, factor in row.items():
                if code != "from":
                    rate = Rate(first_instant(row["from"]), Fraction(str(factor)))
                    self.rates.setdefault(code, []).append(rate)

    def known(self, code):
        """Refuses a code that no row names."""
        if code != self.account and code not in self.rates:
            raise Refused("unknown_currency")
        return code

    def convert(self, amount, code, ts_ms):
        """Micro-units of a currency at a time as micro-units of the account's."""
        if self.known(code) == self.account:
            return amount
        held = [rate for rate in self.rates[code] if rate.from_ms <= ts_ms]
        if not held:
            raise Refused("unknown_currency")
        factor = held[-1].factor
        return in_range(half_even(amount * factor.numerator, factor.denominator))
