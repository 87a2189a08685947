"""The ledger: one decision per order id, and what refunds take back (contract, "Attribution, exactly")."""

from collections import Counter, namedtuple

from . import models
from .decode import UNATTRIBUTED
from .message import Refused
from .models import Share, Taken
from .money import MICROS

REFUNDS_PER_ORDER = 1000

# What an order or a refund changes at one touch: amounts as in Share and Taken.
Change = namedtuple("Change", "campaign touch_ms revenue conversions margin")


def decide(event, touches, attribution):
    """The Shares of an order whose touches these are; all to (unattributed) without any."""
    if not touches:
        return [Share(UNATTRIBUTED, event.ts_ms, event.revenue_micros, MICROS, event.margin_micros)]
    model = attribution.by_kind.get(event.kind, attribution.model)
    times = [touch.ts_ms for touch in touches]
    by = models.weights(model, times, attribution.position, attribution.half_life_ms)
    return models.shares([touch.campaign for touch in touches], times, by, event.revenue_micros, event.margin_micros)


class Order:
    """One order: the Read that decided it, its Shares, and its refunds so far."""

    def __init__(self, read, shares, exact):
        self.read, self.shares, self.exact = read, shares, exact
        self.refunded, self.taken = 0, [Taken(0, 0, 0)] * len(shares)
        self.refund_ids, self.refunds = set(), []  # refunds: (Read, what it took)

    @property
    def value(self):
        return self.read.event.revenue_micros

    def _refusal(self, event, horizon_ms):
        ts_ms = self.read.event.ts_ms
        if ts_ms > event.ts_ms + horizon_ms:
            return "unknown_order"
        if event.ts_ms > ts_ms + horizon_ms:
            return "refund_after_horizon"
        return "bad_range" if len(self.refunds) == REFUNDS_PER_ORDER else None

    def refund(self, read, horizon_ms, currencies):
        """Takes a refund: the Changes to the shares, and what it asked for beyond what was left. A repeat is None.
        Raises Refused."""
        event, own = read.event, self.read.event
        if event.refund_id and event.refund_id in self.refund_ids:
            return None
        refusal = self._refusal(event, horizon_ms)
        if refusal:
            raise Refused(refusal)
        left = self.value - self.refunded
        asked = left
        if event.amount_micros is not None:
            asked = currencies.convert(event.amount_micros, event.currency or own.currency, own.ts_ms)
        amount = min(asked, left)
        if event.refund_id:
            self.refund_ids.add(event.refund_id)
        self.refunded += amount
        self.refunds.append((read, amount))
        before, self.taken = self.taken, models.taken(self.shares, self.refunded)
        return [Change(share.campaign, share.touch_ms, *(new - old for new, old in zip(after, earlier)))
                for share, after, earlier in zip(self.shares, self.taken, before)], asked - amount


class Ledger:
    """Orders by id, and the refunds by the id of their order; the log's order within each partition."""

    def __init__(self):
        self.orders, self.refunds = {}, {}
        self.waiting = []           # Reads of refunds whose order is not there yet
        self.excess_micros = 0
        self.duplicates = Counter()  # (topic, partition) → repeats
        self.rejected = Counter()    # (topic, partition, reason) → refunds

    def waits(self, read):
        """A refund, to be taken once all orders are known."""
        self.refunds.setdefault(read.event.order_id, []).append(read)

    def settle(self, rules, passed_ms, book):
        """Takes all refunds; calls book(order, refund's Read, Changes) for each that is accepted. passed_ms: what
        every shard has passed in the end."""
        for order_id, reads in self.refunds.items():
            order = self.orders.get(order_id)
            for i, read in enumerate(reads):
                try:
                    if order:
                        self._take(order, read, rules, book)
                    elif i >= REFUNDS_PER_ORDER:
                        raise Refused("bad_range")
                    elif passed_ms > read.event.ts_ms + rules.horizon_ms:
                        raise Refused("unknown_order")
                    else:
                        self.waiting.append(read)
                except Refused as refused:
                    self.rejected[read.topic, read.partition, refused.args[0]] += 1

    def _take(self, order, read, rules, book):
        accepted = order.refund(read, rules.horizon_ms, rules.currencies)
        if accepted is None:
            self.duplicates[read.topic, read.partition] += 1
            return
        changes, excess = accepted
        self.excess_micros += excess
        book(order, read, changes)

    def refunded(self):
        return sum(order.refunded for order in self.orders.values())
