"""What the log alone does not decide: cases in which the order of reading different partitions matters.

A shard has passed at most what the lane of a message had passed when the message came: `seen_ms`, the newest event
time before it, less `lateness.disorder`. For a log that was complete before it was read, that is the newest of its own
partition's lane. While a log is being written, a lane that was read to its end has passed what the furthest lane has, so
the newest of all records that are older counts. A touch that is not later than `lateness.disorder` is in time for every
order. Whatever came later may be in time or not, and what is remembered at least for a time may be known or not: the
recount then takes what the contract says of a reader who had everything in time, and names the case here.
"""

import itertools
from collections import namedtuple

from . import ledger
from .decode import UNATTRIBUTED
from .touches import TOUCHES_PER_IDENTITY, collapsed, identities

# what: click, order, refund, spend; campaigns: whose numbers may be others (none: a reason or a metric at most)
Doubt = namedtuple("Doubt", "what topic partition offset campaigns why")

LATE_TOUCHES_TRIED = 4


def doubt(read, campaigns, why):
    return Doubt(read.event.type, read.topic, read.partition, read.offset, frozenset(campaigns), why)


def _credit(shares):
    return [share for share in shares if share.revenue or share.conversions or share.margin]


class Doubts:
    def __init__(self, rules, touches):
        self.rules, self.touches = rules, touches
        self.found = []

    def add(self, read, campaigns, why):
        self.found.append(doubt(read, campaigns, why))

    def campaigns(self):
        return frozenset().union(*(one.campaigns for one in self.found))

    def elsewhere(self, read, first, campaigns):
        """An id that comes in several partitions, which the contract forbids: who is first is not decided."""
        if (read.topic, read.partition) != (first.topic, first.partition):
            self.add(read, campaigns, "its id is in another partition too")
            return True
        return False

    def repeat(self, read, first, forgotten_ms, campaigns):
        """A repeat of what may have been forgotten by then."""
        if not self.elsewhere(read, first, campaigns) and read.seen_ms - self.rules.disorder_ms > forgotten_ms:
            self.add(read, campaigns, "what it repeats may be forgotten")

    def order(self, read, counted, shares):
        """counted: the touches that count, before they are collapsed."""
        event = read.event
        late = [touch for touch in counted if touch.seen_ms - self.rules.disorder_ms >= event.ts_ms]
        why = None
        if late and self._changes(event, late, shares):
            why = "a touch may have come too late"
        elif self._dropped(read, counted):
            why = "a touch may have been dropped before it was read"
        elif any(len(self.touches.by_identity.get(one, ())) > TOUCHES_PER_IDENTITY for one in identities(event)):
            why = "an identity has too many touches"
        if why:
            self.add(read, {touch.campaign for touch in self.touches.of(event)} | {UNATTRIBUTED}, why)

    def _changes(self, event, late, shares):
        """Whether the decision is another one without some of the late touches."""
        if len(late) > LATE_TOUCHES_TRIED:
            return True
        attribution = self.rules.attribution
        for n in range(1, len(late) + 1):
            for missing in itertools.combinations(late, n):
                touches = self.touches.eligible(event, without=missing)
                touches = collapsed(touches) if attribution.collapse else touches
                if _credit(ledger.decide(event, touches, attribution)) != _credit(shares):
                    return True
        return False

    def _dropped(self, read, counted):
        """Whether an order came so late that touches it counts may be gone: by time, or as too many newer ones came."""
        rules = self.rules
        passed_ms = read.seen_ms - rules.disorder_ms
        if passed_ms <= read.event.ts_ms or not counted:
            return False
        attribution = rules.attribution
        oldest = counted[0]
        lookback_ms = attribution.click_lookback_ms if oldest.is_click else attribution.view_lookback_ms
        if oldest.ts_ms + lookback_ms + attribution.hold_ms < passed_ms:
            return True
        for identity in identities(read.event):
            newer = [touch for touch in self.touches.by_identity.get(identity, ())
                     if oldest < touch and touch.ts_ms < passed_ms]
            if len(newer) >= attribution.max_touches and newer[-1].ts_ms > read.event.ts_ms:
                return True
        return False

    def refunds(self, order, reads):
        """The refunds of one order, accepted or not."""
        rules = self.rules
        disorder_ms, horizon_ms = rules.disorder_ms, rules.horizon_ms
        own = order.read
        campaigns = {share.campaign for share in order.shares}
        for read in reads:
            same_lane = (read.topic, read.partition) == (own.topic, own.partition)
            before = not same_lane or read.offset < own.offset
            after = not same_lane or read.offset > own.offset
            late_order = before and own.seen_ms - disorder_ms > read.event.ts_ms + horizon_ms
            late_refund = after and read.seen_ms - disorder_ms > own.event.ts_ms + horizon_ms
            if (late_order or late_refund) and own.event.ts_ms <= read.event.ts_ms + horizon_ms:
                inside = read.event.ts_ms <= own.event.ts_ms + horizon_ms
                self.add(read, campaigns if inside else (), "its order may not have been known")
        self._sequence(order, reads, campaigns)

    def _sequence(self, order, reads, campaigns):
        """Refunds of one order that stand in several partitions: which is first is not decided, but often all one."""
        accepted = [read for read, _ in order.refunds]
        if len({(read.topic, read.partition) for read in reads}) < 2:
            return
        reach_ms = self.rules.reach_ms
        times = {True: [read.event.ts_ms for read in accepted],
                 False: [order.read.event.ts_ms] * len(accepted)}[self.rules.books_at_refund]
        late = any(ts_ms < read.newest_ms - reach_ms for ts_ms, read in zip(times, accepted))
        over = any(read.event.amount_micros is None for read in accepted) or order.refunded == order.value
        apart = late or self.rules.books_at_refund
        ids = [read.event.refund_id for read in reads if read.event.refund_id]
        if len(ids) != len(set(ids)) or (apart and (over or len(order.shares) > 1)):
            self.add(reads[0], campaigns, "its order's refunds stand in several partitions")
        elif over:
            self.add(reads[0], (), "which refund is cut depends on the order of reading")
