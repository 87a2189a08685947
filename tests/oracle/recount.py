"""The recount: a log to the reader keys that must stand in Redis once all of it has been counted."""

import re
from collections import Counter

from . import ledger, windows
from .book import CLICKS, IMPRESSIONS, MEDIA, Book, derived, ratio, value_of  # noqa: F401 (ratio is read from here)
from .decode import CLICK, ENGAGEMENT, IMPRESSION, ORDER, REFUND, SPEND, UNATTRIBUTED
from .doubts import Doubts
from .ledger import Ledger, Order
from .models import Share
from .money import MICROS
from .reading import Log, Message  # noqa: F401 (Message is read from here)
from .rules import PRESENT, Rules
from .touches import Touches, collapsed, identities

BOUNDS = ("from_ms", "to_ms", "as_of_ms")  # these stay as they were at a key's last change
# What a share that is no exact number may change, and by how much a share.
SHARED = ("orders", "conversions_micro", "refunded_conversions_micro", "revenue_micros", "refunded_micros",
          "cohort_revenue_micros", "value_micros", "cohort_value_micros", "cost_micros")


def encoded(campaign):
    """A campaign's id as it stands in key names."""
    return b"".join(b"%%%02X" % byte if byte in b"%{}" or byte < 0x20 or byte == 0x7F else bytes([byte])
                    for byte in campaign)


class Recount:
    """All that follows from a log and a configuration.

    members: ids in roi:campaigns; rejected: (topic, partition, reason) → count; duplicates: (topic, partition) → count;
    accepted: (topic, partition, type) → count, each id once; late: events too late for every window but total;
    keys: name of a reader key of a window → (campaign, window); as_of_ms: the newest event time of all, None without
    events; orders: order id → Order with its shares; waiting: Reads of refunds whose order may still come;
    excess_micros: what refunds asked for beyond what was left; doubts: what the log alone does not decide.

    earlier: (config, {(topic, partition): first offset at which it no longer decides how messages are read}), in the
    order in which they held; a partition that is not named was never read under it. features: what is counted
    (rules.py); lookup: ad → campaign, or a function from a config to that; live: the log was read while it was written."""

    def __init__(self, log, config, earlier=(), features=PRESENT, lookup=None, live=False):
        ads_of = lookup if callable(lookup) else lambda _: lookup
        self.rules = Rules(config, features, ads_of(config))
        self.book = Book(self.rules.measures)
        self.duplicates, self.accepted, self.late = Counter(), Counter(), 0
        self._touches, self._ledger = Touches(self.rules.attribution), Ledger()
        self._orders, self._spend = [], {}
        self._doubts = Doubts(self.rules, self._touches)
        before = [(Rules(one, features, ads_of(one)), until) for one, until in earlier]
        self._read(Log(log, self.rules, before), live)
        self.orders, self.waiting = self._ledger.orders, self._ledger.waiting
        self.excess_micros, self.doubts = self._ledger.excess_micros, self._doubts.found
        self.doubtful = self._doubts.campaigns()
        self.members = set(self.book.accounts) | set(self.rules.campaigns)
        self.keys = {self.key(campaign, window): (campaign, window)
                     for campaign in self.members for window in self.rules.windows}
        self._final = {}

    # The log

    def _read(self, log, live):
        held = []  # Reads of what is counted once everything has been read
        touches = set()
        if self.rules.attributes:
            touches = {CLICK, IMPRESSION} if self.rules.attribution.view_lookback_ms else {CLICK}
        for read in log:
            kind = read.event.type
            if kind in (ORDER, REFUND, SPEND) or (kind in touches and identities(read.event)):
                held.append(read)
            else:
                self._count(read)
        self.as_of_ms, self.rejected = log.as_of_ms, log.rejected
        furthest = log.furthest() if live else None
        steps = {ORDER: self._order_read, REFUND: self._ledger.waits, SPEND: self._spend_read,
                 CLICK: self._click_read, IMPRESSION: self._view_read}
        for read in held:
            if live:
                read = read._replace(seen_ms=max(read.seen_ms, furthest(read.record_ts_ms)))
            steps[read.event.type](read)
        self._touches.sort()
        for read in self._orders:
            self._decide(read)
        self._settle()
        for read in self._spend.values():
            self._spend_counted(read)

    def _accepted(self, read):
        self.accepted[read.topic, read.partition, read.event.type] += 1

    def _is_late(self, read, ts_ms):
        return ts_ms < read.newest_ms - self.rules.reach_ms

    def _repeated(self, read):
        self.duplicates[read.topic, read.partition] += 1

    def _count(self, read):
        """An impression, a click or an engagement."""
        event = read.event
        late = self._is_late(read, event.ts_ms)
        self._accepted(read)
        cell = self.book.cell(event.campaign, event.ts_ms, late)
        cell[MEDIA] += event.cost_micros
        if event.type == ENGAGEMENT:
            self.book.measure(event.campaign, event.ts_ms, late, 1, action=event.action)
        else:
            cell[CLICKS if event.type == CLICK else IMPRESSIONS] += 1
        if late:
            self.late += 1
            self.book.exclude(event.campaign, event.cost_micros)

    def _click_read(self, read):
        first = self._touches.repeated(read)
        if first:
            self._repeated(read)
            self._doubts.repeat(read, first, first.event.ts_ms + self._touches.remembered_ms,
                                {read.event.campaign, first.event.campaign})
            return
        self._count(read)
        self._touches.add(read)

    def _view_read(self, read):
        self._count(read)
        self._touches.add(read)

    def _spend_read(self, read):
        """The highest offset of a spend_id of a campaign holds."""
        event = read.event
        name = (event.campaign, event.spend_id) if event.spend_id else read[:3]
        if name in self._spend:
            self._doubts.elsewhere(read, self._spend[name], {event.campaign})
        else:
            self._accepted(read)
        self._spend[name] = read

    def _spend_counted(self, read):
        event = read.event
        if event.from_ms is None:
            self.book.add(event.campaign, event.ts_ms, False, media=event.cost_micros)
        else:
            self.book.spread(event.campaign, event.cost_micros, event.from_ms, event.to_ms)

    # Orders

    def _order_read(self, read):
        orders, event = self._ledger.orders, read.event
        if event.order_id not in orders:
            orders[event.order_id] = read
            self._orders.append(read)
            return
        first = orders[event.order_id]
        self._repeated(read)
        self._doubts.repeat(read, first, first.event.ts_ms + self.rules.horizon_ms,
                            {first.event.campaign or UNATTRIBUTED, event.campaign or UNATTRIBUTED})

    def _decide(self, read):
        event, rules = read.event, self.rules.attribution
        counted, exact = [], True
        if event.campaign and (rules.trusts_campaign or not self.rules.attributes):
            shares = [Share(event.campaign, event.ts_ms, event.revenue_micros, MICROS, event.margin_micros)]
        else:
            counted = self._touches.eligible(event) if identities(event) and self.rules.attributes else []
            touches = collapsed(counted) if rules.collapse else counted
            shares = ledger.decide(event, touches, rules)
            exact = len(touches) < 2 or rules.by_kind.get(event.kind, rules.model) != "time_decay"
            self._doubts.order(read, counted, shares)
        self._ledger.orders[event.order_id] = Order(read, shares, exact)
        self._accepted(read)
        self._order_counted(read, shares, exact)

    def _order_counted(self, read, shares, exact):
        event, add = read.event, self.book.add
        late = self._is_late(read, event.ts_ms)
        self.late += late
        conversions = Counter()
        for share in shares:
            if not (share.revenue or share.conversions or share.margin):
                continue
            conversions[share.campaign] += share.conversions
            add(share.campaign, event.ts_ms, late, conversions=share.conversions, revenue=share.revenue,
                margin=share.margin, shares=not exact)
            add(share.campaign, share.touch_ms, self._is_late(read, share.touch_ms), cohort_revenue=share.revenue,
                cohort_margin=share.margin, shares=not exact)
            if late:
                self.book.exclude(share.campaign, share.revenue)
        for campaign, n in conversions.items():
            add(campaign, event.ts_ms, late, orders=n >= 1)
            self.book.measure(campaign, event.ts_ms, late, n, kind=event.kind)

    def _settle(self):
        passed_ms = (self.as_of_ms or 0) - self.rules.disorder_ms
        self._ledger.settle(self.rules, passed_ms, self._refund_counted)
        self.duplicates += self._ledger.duplicates
        self.rejected += self._ledger.rejected
        for order_id, reads in self._ledger.refunds.items():
            if order_id in self._ledger.orders:
                self._doubts.refunds(self._ledger.orders[order_id], reads)

    def _refund_counted(self, order, read, changes):
        """Booked at the order's and touches' times, or each at the refund's."""
        at_refund, add = self.rules.books_at_refund, self.book.add
        ts_ms = read.event.ts_ms if at_refund else order.read.event.ts_ms
        late = self._is_late(read, ts_ms)
        self.late += late
        self._accepted(read)
        excluded = Counter()
        for change in changes:
            if not (change.revenue or change.conversions or change.margin):
                continue
            excluded[change.campaign] += change.revenue
            add(change.campaign, ts_ms, late, revenue=-change.revenue, refunded=change.revenue, margin=-change.margin,
                refunded_conversions=change.conversions, shares=not order.exact)
            touch_ms = ts_ms if at_refund else change.touch_ms
            add(change.campaign, touch_ms, self._is_late(read, touch_ms), cohort_revenue=-change.revenue,
                cohort_margin=-change.margin, shares=not order.exact)
        for campaign, amount in excluded.items() if late else ():
            self.book.exclude(campaign, amount)

    # Windows

    def _counted(self, campaign, window, as_of_ms):
        rules = self.rules.of(campaign)
        from_ms, to_ms = windows.bounds(window, rules.zone, as_of_ms)
        sums = self.book.sums(campaign, rules, window.name == "total", from_ms, to_ms)
        sums["cost"] = sums["media"] + sums["priced"] + windows.fixed_cost(rules.fixed, rules.zone, from_ms, to_ms)
        return sums, from_ms, to_ms

    def fields(self, campaign, window, as_of_ms=None):
        """The fields of one reader key but `rev`, at an as_of (default: everything read and at rest)."""
        as_of_ms = self.as_of_ms if as_of_ms is None else as_of_ms
        sums, from_ms, to_ms = self._counted(campaign, window, as_of_ms)
        rule = self.rules.of(campaign).value
        base = {
            "impressions": sums["impressions"], "clicks": sums["clicks"], "orders": sums["orders"],
            "conversions_micro": sums["conversions"], "refunded_conversions_micro": sums["refunded_conversions"],
            "cost_micros": sums["cost"], "media_cost_micros": sums["media"], "revenue_micros": sums["revenue"],
            "refunded_micros": sums["refunded"], "cohort_revenue_micros": sums["cohort_revenue"],
            "value_micros": value_of(rule, sums["revenue"], sums["margin"]),
            "cohort_value_micros": value_of(rule, sums["cohort_revenue"], sums["cohort_margin"]),
            "excluded_micros": sums["excluded"],
            **{"measure:" + name: n for name, n in sums["measures"].items()}}
        base.update(derived(base, self.rules.measures))
        result = {name: str(value) for name, value in base.items() if value is not None}
        result.update(from_ms=str(from_ms), to_ms=str(to_ms), as_of_ms=str(as_of_ms), currency=self.rules.currency)
        return result

    def key(self, campaign, window):
        return self.rules.prefix + b"{" + encoded(campaign) + b"}:" + window.name.encode()

    def final(self, key):
        """The fields of one key when all has been read and is at rest."""
        if key not in self._final:
            self._final[key] = self.fields(*self.keys[key])
        return self._final[key]

    def _expected(self, key, found):
        """What the fields of a key must be, given those that were found: where shares are no exact numbers, each may
        be off by 1, and what follows from them must follow from what was found."""
        expected, (campaign, window) = self.final(key), self.keys[key]
        n = self._counted(campaign, window, self.as_of_ms)[0]["shares"]
        if not n:
            return expected
        rules, expected = self.rules.of(campaign), dict(expected)
        off = dict.fromkeys(SHARED, n)
        off["cost_micros"] = max((n * price.cpa // MICROS + 1 for price in rules.prices if price.cpa), default=0)
        off.update({"measure:" + measure.name: n for measure in self.rules.measures if measure.kind is not None})
        for name, most in off.items():
            if re.fullmatch("-?[0-9]+", found.get(name, "")) and abs(int(found[name]) - int(expected[name])) <= most:
                expected[name] = found[name]
        base = {name: int(expected[name]) for name in expected if re.fullmatch("-?[0-9]+", expected[name])}
        follows = derived(base, self.rules.measures)
        expected.update({name: str(value) for name, value in follows.items() if value is not None})
        return {name: text for name, text in expected.items() if follows.get(name, text) is not None}

    def differences(self, key, found):
        """What is wrong with the fields that were found under a key, as sentences. The bounds must be those of the
        key's own as_of_ms; everything else must be what the whole log says, where that decides it: of a campaign in
        `doubtful` the bounds alone are compared."""
        campaign, window = self.keys[key]
        wrong = []
        if campaign not in self.doubtful:
            expected = self._expected(key, found)
            wrong = [f"{name}: {found.get(name)} instead of {expected.get(name)}"
                     for name in sorted((set(expected) | set(found)) - set(BOUNDS) - {"rev"})
                     if found.get(name) != expected.get(name)]
        try:
            as_of_ms = int(found["as_of_ms"])
            bounds = windows.bounds(window, self.rules.of(campaign).zone, as_of_ms)
            if (found["from_ms"], found["to_ms"]) != tuple(map(str, bounds)):
                wrong.append(f"bounds {found['from_ms']}..{found['to_ms']} instead of {bounds} at {as_of_ms}")
            if as_of_ms > self.as_of_ms:
                wrong.append(f"as_of_ms {as_of_ms} is past the end of the log, {self.as_of_ms}")
            if int(found["rev"]) < 0:
                wrong.append(f"rev {found['rev']}")
        except (KeyError, ValueError) as error:
            wrong.append(f"bounds or rev: {error!r}")
        return wrong

    def totals(self):
        """What must hold over all campaigns: (accepted orders, their revenue less refunds)."""
        return len(self.orders), sum(order.value - order.refunded for order in self.orders.values())


def recount(log, config, as_of_ms=None, **more):
    """{key: {field: text}} of every reader key of a window, and of roi:campaigns as {member: ""}; `log` is
    {(topic, partition): [Message in offset order]}."""
    counted = Recount(log, config, **more)
    result = {key: counted.fields(campaign, window, as_of_ms) for key, (campaign, window) in counted.keys.items()}
    result[counted.rules.prefix + b"campaigns"] = dict.fromkeys(counted.members, "")
    return result
