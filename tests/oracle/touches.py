"""Touches by identity: which clicks are repeats, and which touches an order looks at (contract, "Duplicates" and
"Attribution, exactly")."""

import bisect
from collections import namedtuple

from .decode import CLICK

# seen_ms: the newest event time before it, of its lane (see doubts.py). The order of fields is the order of touches.
Touch = namedtuple("Touch", "ts_ms topic partition offset campaign is_click seen_ms")

TOUCHES_PER_IDENTITY = 10_000


def identities(event):
    """What a click, view or order may be found under; a user's id is no click's id."""
    result = [("user", event.user_id)] if event.user_id else []
    return result + [("click", event.click_id)] if event.click_id else result


def touch_of(read):
    event = read.event
    return Touch(event.ts_ms, read.topic.encode(), read.partition, read.offset, event.campaign, event.type == CLICK,
                 read.seen_ms)


class Touches:
    """add() in offset order of each partition, then sort(), then ask."""

    def __init__(self, attribution):
        self.rules = attribution
        self.remembered_ms = attribution.click_lookback_ms + attribution.hold_ms
        self.by_identity = {}
        self.first = {}  # (identity, kind of id, id) → the newest click that is counted under it, as a Read

    def repeated(self, read):
        """The Read of the click that this one repeats, or None."""
        event = read.event
        ids = self._ids(event)
        for one in ids:
            first = self.first.get(one)
            if first and event.ts_ms - first.event.ts_ms <= self.remembered_ms:
                return first
        for one in ids:
            if one not in self.first or self.first[one].event.ts_ms < event.ts_ms:
                self.first[one] = read
        return None

    @staticmethod
    def _ids(event):
        """What a click is recognised by under each of its identities."""
        own = ("event", event.event_id) if event.event_id else ("click", event.click_id)
        return [(identity, own) for identity in identities(event)] if own[1] else []

    def add(self, read):
        touch = touch_of(read)
        for identity in identities(read.event):
            self.by_identity.setdefault(identity, []).append(touch)

    def sort(self):
        for found in self.by_identity.values():
            found.sort()

    def of(self, order):
        """All touches under the order's identities, each once, in the order of touches."""
        found = [self.by_identity.get(identity, ()) for identity in identities(order)]
        return list(found[0]) if len(found) == 1 else sorted(set().union(*found))

    def eligible(self, order, without=()):
        """The touches that count, in order: newest ones within the lookback; views only without a click."""
        rules = self.rules
        found = [touch for touch in self.of(order) if touch not in without] if without else self.of(order)
        found = found[:bisect.bisect_right(found, order.ts_ms, key=lambda touch: touch.ts_ms)]
        oldest_click, oldest_view = order.ts_ms - rules.click_lookback_ms, order.ts_ms - rules.view_lookback_ms
        clicks = [touch for touch in found if touch.is_click and touch.ts_ms >= oldest_click]
        views = [touch for touch in found if not touch.is_click and touch.ts_ms >= oldest_view]
        return (clicks or views)[-rules.max_touches:]


def collapsed(touches):
    """The last touch of each run of one campaign."""
    return [touch for touch, after in zip(touches, [*touches[1:], None])
            if after is None or after.campaign != touch.campaign]
