"""Windows, their bounds, local days, and costs that are spread over days (contract, section 2, "Exact rules")."""

import datetime
import functools
import re
from collections import namedtuple

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
DAY_MS = 86_400_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_CALENDAR_DAYS = {"today": 1, "yesterday": 2, "week": 7, "month": 31, "total": 0}
_UNIT_MINUTES = {"m": 1, "h": 60, "d": 1440}

# slice_ms: the grid of a rolling window's edges; reach_ms: how far back it counts for the late rule
Window = namedtuple("Window", "name length_ms slice_ms reach_ms")


def window(name):
    """The window of a name: a rolling one where it is a duration."""
    if name in _CALENDAR_DAYS:
        return Window(name, 0, QUARTER_MS, _CALENDAR_DAYS[name] * DAY_MS)
    number, unit = re.fullmatch(r"([0-9]+)([mhd])", name).groups()
    minutes = int(number) * _UNIT_MINUTES[unit]
    parts = 60 if minutes <= 60 else 96
    slice_minutes = max(n for n in range(1, minutes + 1) if minutes % n == 0 and (n * parts <= minutes or n == 1))
    return Window(name, minutes * MINUTE_MS, slice_minutes * MINUTE_MS, minutes * MINUTE_MS)


def local_date(ms, zone):
    return (_EPOCH + datetime.timedelta(milliseconds=ms)).astimezone(zone).date()


@functools.lru_cache(maxsize=None)
def first_instant(date, zone):
    """The first millisecond whose local date is `date` (or later, where a zone skipped that date)."""
    midnight = datetime.datetime(date.year, date.month, date.day, tzinfo=datetime.timezone.utc)
    middle = (midnight - _EPOCH) // datetime.timedelta(milliseconds=1)
    low, high = middle - 2 * DAY_MS, middle + 2 * DAY_MS
    while high - low > 1:  # local_date(low) < date <= local_date(high)
        half = (low + high) // 2
        if local_date(half, zone) >= date:
            high = half
        else:
            low = half
    return high


def _after(ms, step):
    """The first multiple of step strictly after ms."""
    return (ms // step + 1) * step


def bounds(what, zone, as_of_ms):
    """[from, to) of a window, in ms."""
    if what.length_ms:
        to_ms = _after(as_of_ms, what.slice_ms)
        return to_ms - what.length_ms, to_ms
    to_ms = _after(as_of_ms, QUARTER_MS)
    if what.name == "total":
        return 0, to_ms
    today = local_date(as_of_ms, zone)
    if what.name == "yesterday":
        return first_instant(today - datetime.timedelta(1), zone), first_instant(today, zone)
    first = {"today": today, "week": today - datetime.timedelta(today.weekday()), "month": today.replace(day=1)}
    return first_instant(first[what.name], zone), to_ms


def _spread_until(fixed, zone, until_ms):
    """floor(F(until)): what an amount that is spread over local days has cost until then. Every day gets the same
    part, within a day by milliseconds."""
    n_days = (fixed.to_date - fixed.from_date).days
    date = local_date(until_ms, zone)
    if date < fixed.from_date:
        return 0
    if date >= fixed.to_date:
        return fixed.amount
    start = first_instant(date, zone)
    length = first_instant(date + datetime.timedelta(1), zone) - start
    whole = (date - fixed.from_date).days
    return fixed.amount * (whole * length + until_ms - start) // (n_days * length)


def fixed_cost(items, zone, from_ms, to_ms):
    return sum(_spread_until(item, zone, to_ms) - _spread_until(item, zone, from_ms) for item in items)
