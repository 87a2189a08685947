"""What is counted, by campaign and minute of event time, and what a window makes of it."""

import bisect
from collections import defaultdict

from . import windows
from .money import MICROS, half_even
from .rules import price_at

MINUTE_MS = windows.MINUTE_MS
# shares: how many shares by weights that are no exact numbers (time_decay) stand in the cell, in either view
COLUMNS = ("impressions", "clicks", "orders", "conversions", "refunded_conversions", "media", "revenue", "refunded",
           "margin", "cohort_revenue", "cohort_margin", "shares")
_COLUMN = {name: i for i, name in enumerate(COLUMNS)}
IMPRESSIONS, CLICKS, MEDIA = (_COLUMN[name] for name in ("impressions", "clicks", "media"))


def ratio(numerator, denominator):
    """Decimal text with 6 digits, half to even; None where undefined. Money never makes the denominator negative."""
    if denominator == 0:
        return None
    value = half_even(numerator * MICROS, denominator)
    return f"{'-' if value < 0 else ''}{abs(value) // MICROS}.{abs(value) % MICROS:06d}"


def _quotient(numerator, denominator):
    return None if denominator == 0 else half_even(numerator, denominator)


class _Account:
    """One campaign's cells: minute → counts; apart those that are too late for every window but `total`."""

    def __init__(self):
        self.cells, self.late, self.excluded = {}, {}, 0
        self.spread = []  # (amount, from_ms, to_ms) of spend
        self.minutes = None


class Book:
    def __init__(self, measures):
        self.measures = measures
        self.width = len(COLUMNS) + len(measures)
        self.accounts = defaultdict(_Account)

    def cell(self, campaign, ts_ms, late):
        """The counts of a minute, to add to."""
        account = self.accounts[campaign]
        cells = account.late if late else account.cells
        minute = ts_ms // MINUTE_MS
        if minute not in cells:
            cells[minute] = [0] * self.width
        return cells[minute]

    def add(self, campaign, ts_ms, late, **amounts):
        cell = self.cell(campaign, ts_ms, late)
        for name, amount in amounts.items():
            cell[_COLUMN[name]] += amount

    def measure(self, campaign, ts_ms, late, amount, **what):
        """Adds to the measures of an action or of a kind of orders."""
        for i, measure in enumerate(self.measures):
            if all(getattr(measure, name) == value for name, value in what.items()):
                self.cell(campaign, ts_ms, late)[len(COLUMNS) + i] += amount

    def exclude(self, campaign, amount):
        self.accounts[campaign].excluded += abs(amount)

    def spread(self, campaign, amount, from_ms, to_ms):
        self.accounts[campaign].spread.append((amount, from_ms, to_ms))

    def sums(self, campaign, rules, total, from_ms, to_ms):
        """Of the cells in [from, to), or of all: the columns, the measures by name, and what prices make of them."""
        account = self.accounts.get(campaign) or _Account()
        if account.minutes is None or len(account.minutes) != len(account.cells):
            account.minutes = sorted(account.cells)
        inside = account.minutes
        if not total:
            low, high = (bisect.bisect_left(inside, edge // MINUTE_MS) for edge in (from_ms, to_ms))
            inside = inside[low:high]
        rows = [(minute, account.cells[minute]) for minute in inside] + (list(account.late.items()) if total else [])
        columns = [sum(column) for column in zip(*(cell for _, cell in rows))] or [0] * self.width
        result = dict(zip(COLUMNS, columns))
        result["measures"] = {measure.name: n for measure, n in zip(self.measures, columns[len(COLUMNS):])}
        result["media"] += sum(_spread_until(item, to_ms) - _spread_until(item, from_ms) for item in account.spread)
        result["excluded"] = 0 if total else account.excluded
        result["priced"] = _priced(rows, rules.prices)
        return result


def _spread_until(item, until_ms):
    """floor(F(until)) of spend over [from, to), by milliseconds."""
    amount, from_ms, to_ms = item
    return amount * (min(max(until_ms, from_ms), to_ms) - from_ms) // (to_ms - from_ms)


def _priced(rows, prices):
    """What the counts cost by the prices in force: cpm and cpa are each summed exactly and rounded once."""
    cpm = cpc = cpa = 0
    for minute, cell in rows if prices else ():
        price = price_at(prices, minute * MINUTE_MS)
        if price:
            cpm += cell[IMPRESSIONS] * price.cpm
            cpc += cell[CLICKS] * price.cpc
            cpa += cell[_COLUMN["conversions"]] * price.cpa
    return half_even(cpm, 1000) + cpc + half_even(cpa, MICROS)


def value_of(rule, revenue, margin):
    """What goals and roi use, by a campaign's `value`."""
    if rule == "revenue":
        return revenue
    if rule == "margin":
        return margin
    numerator, denominator = (str(rule["margin_rate"]) + ".").split(".")[:2]
    return half_even(revenue * int(numerator + denominator), 10**len(denominator))


def derived(base, measures):
    """The fields that follow from others, of a reader key's fields as integers; None where undefined."""
    cost, value, conversions = base["cost_micros"], base["value_micros"], base["conversions_micro"]
    impressions, clicks = base["impressions"], base["clicks"]
    result = {
        "roi": ratio(value - cost, cost), "roas": ratio(value, cost),
        "ctr": ratio(clicks, impressions), "cvr": ratio(conversions, clicks * MICROS),
        "cpc_micros": _quotient(cost, clicks), "cpm_micros": _quotient(cost * 1000, impressions),
        "cpa_micros": _quotient(cost * MICROS, conversions),
        "aov_micros": _quotient(base["revenue_micros"] * MICROS, conversions),
    }
    for measure in measures:
        unit = MICROS if measure.kind is not None else 1
        result[f"cost_per:{measure.name}_micros"] = _quotient(cost * unit, base["measure:" + measure.name])
    return result
