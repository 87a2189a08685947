"""A seeded generator of what attribution is about: people with sessions, views and clicks under a user's id, a click's id
or both, orders with touches, with a campaign or with neither, refunds of all kinds, everything repeated now and then,
spend with restatements, engagements, other currencies. CONFIG is what it is made for: lookbacks, horizon and edges fit.

With `late` = 0 the log alone decides every number: what may be a touch or a touched order comes within
`lateness.disorder`, and what comes later is without identity. With more, touches and orders come as late as hours, and
the recount's doubts say what that leaves open.
"""

import datetime
import heapq
import zlib
from collections import namedtuple

from .corpus import ODD, ODD_TYPES, REFUSED, REFUSED_TYPES
from .decode import CLICK, ENGAGEMENT, IMPRESSION, ORDER, REFUND, SPEND
from .generator import DAY_MS, FUTURE_MS, HOUR_MS, MINUTE_MS, Generator, Record, filled_pieces

DISORDER_MS, LOOKBACK_MS, HOLD_MS, HORIZON_MS = 30_000, 3 * DAY_MS, 10 * MINUTE_MS, 6 * DAY_MS
CONFIG = {
    "account": {"currency": "EUR", "timezone": "Europe/Paris"},
    "windows": ["1h", "24h", "7d", "today", "month", "total"],
    "lateness": {"disorder": "30s", "future": "5m", "idle": "log"},
    "limits": {"message_bytes": "64KiB"},
    "attribution": {"model": "linear", "click_lookback": "3d", "view_lookback": "1d", "half_life": "1d", "max_touches": 8,
                    "by_kind": {"lead": "first_click", "trial": "position", "gift": "last_click"}},
    "ledger": {"refund_horizon": "6d"},
    "measures": {"leads": {"orders_of_kind": "lead"}, "likes": {"action": "like"}, "shares": {"action": "share"}},
    "rates": [{"from": datetime.date(2026, 1, 1), "USD": "0.92", "GBP": "1.17"},
              {"from": datetime.date(2026, 3, 3), "USD": "0.935", "JPY": "0.006123456789"}],
    "campaigns": {"campaign-0000": {"value": "margin"}, "campaign-0001": {"value": {"margin_rate": "0.35"}}},
}

# How often each comes, in relation to the others; repeats and refunds come on top, with the orders.
Mix = namedtuple("Mix", "impressions clicks orders engagements spend odd")
EVEN = Mix(45, 30, 14, 6, 2, 1)      # much of everything that is rare
USUAL = Mix(980, 15, 1, 3, 0.5, 0.5)  # as advertising is

RECENT_USERS, RECENT_CLICKS = 300, 400
Place = namedtuple("Place", "topic partition")


class Journeys(Generator):
    """Iterate for Records in the order in which they are to be produced."""

    def __init__(self, seed, n_events, topics, partitions, n_campaigns=60, mix=EVEN, late=0.0, refunds=0.2, ads=0.0,
                 **more):
        """topics: event type → topic, for all six types; late: the share of touches and orders that come later than
        the disorder; refunds: the share of orders that are refunded in some way; ads: the share of costs that name an
        ad instead of a campaign, which `lookup` knows, or not."""
        super().__init__(seed, n_events, topics, partitions, n_campaigns, **more)
        self.mix, self.late, self.refunded, self.ads = mix, late, refunds, ads
        self.lookup = {b"ad-%d" % i: name.encode() for i, name in enumerate(self.ids)}
        self.users, self.clicks, self.spends = [], [], []
        self.due, self.n_due, self.n_ids = [], 0, 0
        cases = [case for case in REFUSED + ODD + REFUSED_TYPES + ODD_TYPES if case.topic_type]
        self.bad = [(case, *filled_pieces(case)) for case in cases]

    def __iter__(self):
        makers = (self._view, self._click, self._sale, self._engagement, self._spend, self._odd_one)
        for i in range(self.n_events):
            arrival_ms = self._arrival(i)
            if self.due and self.due[0][0] <= arrival_ms:
                due_ms, _, record = heapq.heappop(self.due)
                yield record._replace(record_ts_ms=due_ms)
                continue
            campaign = self.random.choices(range(len(self.ids)), self.weights)[0]
            yield self.random.choices(makers, self.mix)[0](arrival_ms, campaign)

    # Pieces

    def _later(self, due_ms, record):
        """A record that comes as soon as a time is over."""
        self.n_due += 1
        heapq.heappush(self.due, (due_ms, self.n_due, record))

    def _id(self, letter):
        self.n_ids += 1
        return b"%s%d" % (letter, self.n_ids)

    def _place(self, kind, key):
        """One id, one partition."""
        return Place(self.topics[kind], zlib.crc32(key) % self.partitions)

    def _moment(self, arrival_ms, may_be_late):
        """An event time; on whole seconds now and then, so that times are equal."""
        dice = self.random.random()
        if may_be_late and dice < self.late:
            return arrival_ms - self.random.randrange(DISORDER_MS, 6 * HOUR_MS)
        if self.late and dice > 0.999:
            return arrival_ms + FUTURE_MS
        ts_ms = arrival_ms - int(self.random.random() ** 4 * (DISORDER_MS - 1000))
        return ts_ms // 1000 * 1000 if dice < 0.3 else ts_ms

    def _apart(self, arrival_ms):
        """The time of an event that no order looks at: it may be too late for every window."""
        dice = self.random.random()
        if dice < 0.9:
            return arrival_ms - self.random.randrange(DISORDER_MS)
        if dice < 0.999:
            return arrival_ms - self.random.randrange(40 * DAY_MS)
        return arrival_ms + FUTURE_MS + 1  # refused

    def _coin(self, chance):
        return self.random.random() < chance

    def _currency(self):
        dice = self.random.random()
        if dice < 0.75:
            return b""
        return b',"currency":"%s"' % (b"EUR", b"USD", b"GBP", b"JPY")[int(dice * 100) % 4]

    def _name(self, campaign):
        return self.fragments[campaign][self.random.randrange(2)]

    def _owner(self, campaign):
        """What names the campaign of a cost."""
        if self.ads and self._coin(self.ads):
            return b'"ad_id":"ad-%d"' % (campaign if self._coin(0.98) else campaign + len(self.ids))
        return b'"campaign_id":' + self._name(campaign)

    def _user(self):
        """Somebody who was here lately, or not; the first few are here very often."""
        if self.users and self._coin(0.7):
            return self.users[self.random.randrange(4 if self._coin(0.2) else len(self.users)) % len(self.users)]
        user = b"u%d" % self.random.getrandbits(30) if self._coin(0.98) else b"u\xc3\xa9-%d" % self.random.getrandbits(8)
        self._remember_in(self.users, RECENT_USERS, user)
        return user

    def _remember_in(self, recent, most, item):
        if len(recent) < most:
            recent.append(item)
        else:
            recent[self.random.randrange(most)] = item

    # Touches

    def _cost(self, highest):
        return b"" if self._coin(0.3) else b',"cost":%s%s' % (self._money(highest), self._currency())

    def _view(self, arrival_ms, campaign):
        known = self._coin(0.4)
        ts_ms = self._moment(arrival_ms, True) if known else self._apart(arrival_ms)
        user = b',"user_id":"%s"' % self._user() if known else b""
        value = b'{"ts":%s,%s%s%s}' % (self._time_text(ts_ms), self._owner(campaign), user, self._cost(0.02))
        return Record(self.topics[IMPRESSION], self.random.randrange(self.partitions), None, value, arrival_ms)

    def _engagement(self, arrival_ms, campaign):
        action = self.random.choice((b"like", b"like", b"share", b"comment"))
        value = b'{"type":"engagement","ts":%s,%s,"action":"%s","user_id":"%s"%s}' % (
            self._time_text(self._apart(arrival_ms)), self._owner(campaign), action, self._user(), self._cost(0.1))
        return Record(self.topics[ENGAGEMENT], self.random.randrange(self.partitions), None, value, arrival_ms)

    def _click(self, arrival_ms, campaign):
        dice = self.random.random()
        user, click_id, event_id = self._user(), self._id(b"k"), self._id(b"e")
        ids = b"" if dice < 0.05 else b',"user_id":"%s"' % user
        if 0.5 < dice < 0.9:
            ids = (ids if dice < 0.8 else b"") + b',"click_id":"%s"' % click_id
        if self._coin(0.7):
            ids += b',"event_id":"%s"' % event_id
        known = b"user_id" in ids or b"click_id" in ids
        ts_ms = self._moment(arrival_ms, True) if known else self._apart(arrival_ms)
        place = self._place(CLICK, event_id)

        def record(ts_ms, campaign):
            value = b'{"ts":%s,%s%s%s}' % (self._time_text(ts_ms), self._owner(campaign), ids, self._cost(2))
            return Record(*place, event_id, value, arrival_ms)

        if known and (b"event_id" in ids or b"click_id" in ids):
            self._click_again(arrival_ms, ts_ms, campaign, record)
        if known:
            self._remember_in(self.clicks, RECENT_CLICKS, (ts_ms, user, click_id))
            self._order_at_the_edge(ts_ms, user)
        return record(ts_ms, campaign)

    def _click_again(self, arrival_ms, ts_ms, campaign, record):
        """A repeat soon or after hours, a little off or of another campaign; at the edge of what is a repeat, and past it."""
        dice = self.random.random()
        if dice < 0.06:
            again_ms = arrival_ms + self.random.randrange(20_000 if dice < 0.03 else 5 * HOUR_MS)
            self._later(again_ms, record(ts_ms, campaign if dice < 0.05 else 0))
        elif dice < 0.08:
            edge_ms = ts_ms + LOOKBACK_MS + HOLD_MS + self.random.randrange(2)
            self._later(edge_ms + self.random.randrange(1000), record(edge_ms, campaign))

    def _order_at_the_edge(self, ts_ms, user):
        if self._coin(0.01):
            edge_ms = ts_ms + LOOKBACK_MS + self.random.randrange(-1, 2)
            self._later(edge_ms, self._order_record(edge_ms, edge_ms, b',"user_id":"%s"' % user))

    # Orders and their refunds

    def _sale(self, arrival_ms, campaign):
        dice = self.random.random()
        if dice < 0.12:
            return self._order_record(self._apart(arrival_ms), arrival_ms, b',"campaign_id":' + self._name(campaign))
        who = b""
        if dice > 0.2:
            _, user, click_id = self.random.choice(self.clicks) if self.clicks else (0, self._user(), b"none")
            who = b',"user_id":"%s"' % user if dice < 0.85 else b""
            who += b',"click_id":"%s"' % click_id if dice > 0.6 else b""
        ts_ms = self._moment(arrival_ms, True) if who else self._apart(arrival_ms)
        return self._order_record(ts_ms, arrival_ms, who)

    def _worth(self):
        dice = self.random.random()
        if dice < 0.1:
            return b"0.%06d" % self.random.randrange(12)
        return self._money(200)

    def _order_record(self, ts_ms, arrival_ms, who):
        order_id = self._id(b"o")
        place = self._place(ORDER, order_id)
        kind = self.random.choice((b"", b"", b"", b',"kind":"lead"', b',"kind":"trial"', b',"kind":"gift"', b',"kind":"sale"'))
        margin = b"" if self._coin(0.4) else b',"margin":%s%s' % (b"-" if self._coin(0.2) else b"", b"%.2f" % (
            self.random.random() * 40))

        def record():
            value = b'{"type":"order","ts":%s,"order_id":"%s","revenue":%s%s%s%s%s}' % (
                self._time_text(ts_ms), order_id, self._worth(), self._currency(), margin, kind, who)
            return Record(*place, order_id, value, arrival_ms)

        if self._coin(0.05) and ts_ms > arrival_ms - HORIZON_MS // 2:  # a later one may be forgotten by then
            self._later(arrival_ms + self.random.randrange(2 * HOUR_MS), record())
        first = record()
        if ts_ms > arrival_ms - 12 * HOUR_MS and self._coin(self.refunded):
            return self._refunds(order_id, ts_ms, arrival_ms, first)
        return first

    def _refund(self, order_id, place, ts_ms, amount=None, refund_id=None):
        more = b"" if amount is None else b',"amount":' + amount + (self._currency() if self._coin(0.3) else b"")
        more += b"" if refund_id is None else b',"refund_id":"%s"' % refund_id
        value = b'{"type":"refund","ts":%s,"order_id":"%s"%s}' % (self._time_text(ts_ms), order_id, more)
        return Record(*place, order_id, value, ts_ms)

    def _refunds(self, order_id, ts_ms, arrival_ms, order):
        """Plans the refunds of an order, all in one partition; the record that comes first."""
        place = self._place(REFUND if self._coin(0.5) else ORDER, order_id)

        def after(most_ms, **fields):
            at_ms = arrival_ms + 1000 + self.random.randrange(most_ms)
            self._later(at_ms, self._refund(order_id, place, at_ms, **fields))
            return at_ms, fields

        dice = self.random.random()
        if dice < 0.30:
            after(5 * DAY_MS)
        elif dice < 0.65:
            for _ in range(self.random.choice((1, 1, 2, 3))):
                at_ms, fields = after(5 * DAY_MS, amount=self._money(60), refund_id=self._id(b"r"))
                if self._coin(0.3):
                    self._later(at_ms + self.random.randrange(HOUR_MS), self._refund(order_id, place, at_ms, **fields))
        elif dice < 0.75:
            after(HOUR_MS, amount=self._money(9))
            after(3 * DAY_MS, amount=b"500")
            after(3 * DAY_MS)
        elif dice < 0.85:  # at the horizon's edge, and past it
            edge_ms = ts_ms + HORIZON_MS + self.random.randrange(2)
            self._later(edge_ms, self._refund(order_id, place, edge_ms, amount=self._money(20)))
        else:  # it comes before its order
            self._later(arrival_ms + self.random.randrange(1000), order)
            return self._refund(order_id, place, ts_ms - self.random.randrange(DISORDER_MS // 2), amount=self._money(20))
        return order

    # The rest

    def _odd_one(self, arrival_ms, campaign):
        if self._coin(0.9):
            odd = self._odd(arrival_ms)
            kind = next(kind for kind, topic in self.topics.items() if topic == odd.topic)  # not the name: that is another each time
            return odd._replace(partition=self._place(CLICK, kind.encode()).partition)
        order_id = self._id(b"nobody")  # a refund of an order that never was
        return self._refund(order_id, self._place(REFUND, order_id), arrival_ms)._replace(record_ts_ms=arrival_ms)

    def _spend(self, arrival_ms, campaign):
        """What a platform reports: by the day, or at a moment; restated now and then, at times for another day."""
        if self.spends and self._coin(0.4):
            spend_id, campaign = self.random.choice(self.spends)
        else:
            spend_id = self._id(b"s")
            self._remember_in(self.spends, 50, (spend_id, campaign))
        day_ms = arrival_ms // DAY_MS * DAY_MS - self.random.randrange(3) * DAY_MS
        if self._coin(0.6):
            when = b'"from":%s,"to":%s' % (self._time_text(day_ms), self._time_text(day_ms + self.random.randrange(1, 2 * DAY_MS)))
        else:
            when = b'"ts":%s' % self._time_text(arrival_ms - self.random.randrange(2 * DAY_MS))
        named = b',"spend_id":"%s"' % spend_id if self._coin(0.8) else b""
        value = b'{"type":"spend",%s,%s,"amount":%s%s%s}' % (
            when, self._owner(campaign), self._money(50), self._currency(), named)
        return Record(*self._place(SPEND, spend_id), spend_id, value, arrival_ms)
