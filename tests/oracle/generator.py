"""A seeded generator of events as real producers send them: many campaigns of very different weight, odd ids,
disorder, late and future events, repeated orders, orders without a campaign, types on foreign topics, and every kind
of message that is refused. The same seed gives the same messages.

Event time grows denser towards the end, so that the shortest window at the end of the log holds a good part of it.
"""

import datetime
import json
import random
import zlib
from collections import namedtuple

from .corpus import ODD, REFUSED
from .decode import CLICK, IMPRESSION, ORDER

Record = namedtuple("Record", "topic partition key value record_ts_ms")

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
BASE_MS = 1_771_700_000_000  # 2026-02-21T18:53:20Z; with the span below, Europe's clocks change within it
SPAN_MS = 40 * DAY_MS
REACH_MS = 31 * DAY_MS + 30_000  # the longest window (month) and lateness.disorder: older events are late
FUTURE_MS = 5 * MINUTE_MS

ODD_IDS = [
    "100% off", "{braces}", "}{", "a:b", "a b", " spaced ", "größe-ÄÖ", "日本語", "emoji 😀", "tab\tand\nline", "\x01\x1f",
    "del\x7f", "%7B", "campaigns", "meta", "roi:{x}:total", "0", "-0", "quote\"back\\slash/", "*?[a-z]", "\u2028", "é", "é",
    "x" * 256, "alerts", "~internal", "null", "A", "a", "\\u0041",
]


def campaign_ids(n):
    """Plain names, and among them all the odd ones."""
    plain = [f"campaign-{i:04d}" for i in range(max(1, n - len(ODD_IDS)))]
    result = []
    for i, name in enumerate(plain):
        result.append(name)
        if i % 3 == 2 and i // 3 < len(ODD_IDS):
            result.append(ODD_IDS[i // 3])
    return result


class Generator:
    """Iterate for Records in the order in which they are to be produced."""

    def __init__(self, seed, n_events, topics, partitions, n_campaigns=120, base_ms=BASE_MS, span_ms=SPAN_MS):
        """topics: event type → topic name, for impression, click and order."""
        self.random = random.Random(seed)
        self.n_events, self.topics, self.partitions = n_events, topics, partitions
        self.base_ms, self.span_ms = base_ms, span_ms
        self.ids = campaign_ids(n_campaigns)
        self.fragments = [[json.dumps(name, ensure_ascii=False).encode(), json.dumps(name).encode()]
                          for name in self.ids]
        self.weights = [1 / (rank + 1) ** 1.1 for rank in range(len(self.ids))]
        self.newest = {}
        self.recent_orders = []
        self.n_orders = 0
        self.bad = [(case, *filled_pieces(case)) for case in REFUSED + ODD if case.topic_type]

    def __iter__(self):
        done, block = 0, 4096
        while done < self.n_events:
            n = min(block, self.n_events - done)
            campaigns = self.random.choices(range(len(self.ids)), self.weights, k=n)
            for i in range(n):
                arrival_ms = self._arrival(done + i)
                yield self._record(arrival_ms, campaigns[i])
            done += n

    def _arrival(self, i):
        left = 1 - i / self.n_events
        return self.base_ms + int(self.span_ms * (1 - left * left * left * left))

    def _record(self, arrival_ms, campaign):
        dice = self.random.random()
        if dice < 0.010:
            return self._odd(arrival_ms)
        if dice < 0.640:
            return self._touch(IMPRESSION, arrival_ms, campaign)
        if dice < 0.880:
            return self._touch(CLICK, arrival_ms, campaign)
        if dice < 0.885 and self.recent_orders:
            return self._repeat(arrival_ms)
        return self._order(arrival_ms, campaign)

    def _time(self, arrival_ms, lane):
        """An event time: mostly a little before the arrival, sometimes far out of order."""
        dice = self.random.random()
        newest = self.newest.get(lane, arrival_ms)
        if dice < 0.90:
            ts_ms = arrival_ms - int(dice * 20_000)
        elif dice < 0.97:
            ts_ms = arrival_ms - int((dice - 0.90) * 40 * HOUR_MS)
        elif dice < 0.990:
            ts_ms = arrival_ms - int((dice - 0.97) * 600 * DAY_MS)
        elif dice < 0.994:  # exactly around the edge of too late
            ts_ms = newest - REACH_MS + self.random.randrange(-1, 2)
        elif dice < 0.997:
            ts_ms = newest - REACH_MS - self.random.randrange(20 * DAY_MS)
        elif dice < 0.998 and arrival_ms < self.base_ms + self.span_ms * 9 // 10:
            return arrival_ms + FUTURE_MS + (1 if self.random.random() < 0.5 else 0)
        else:
            ts_ms = arrival_ms - (arrival_ms % (15 * MINUTE_MS)) - self.random.randrange(2)  # on an edge
        return ts_ms

    def _noted(self, ts_ms, arrival_ms, lane):
        if ts_ms <= arrival_ms + FUTURE_MS and ts_ms > self.newest.get(lane, 0):
            self.newest[lane] = ts_ms
        return self._time_text(ts_ms)

    def _time_text(self, ts_ms):
        if self.random.random() < 0.95:
            return b"%d" % ts_ms
        return rfc3339(ts_ms, self.random)

    def _money(self, highest):
        """An amount as JSON, of many shapes; digits below a micro-unit are to be rounded."""
        dice = self.random.random()
        amount = dice * highest
        if dice < 0.5:
            return b"%.2f" % amount
        if dice < 0.7:
            return b'"%.4f"' % amount
        if dice < 0.9:
            return b"%.7f" % amount
        if dice < 0.93:
            return b'"%.6f5"' % amount
        if dice < 0.96:
            return b"%d" % amount
        return b"%.9e" % amount

    def _topic(self, kind):
        """Its own topic; now and then a foreign one, with a `type`."""
        if self.random.random() < 0.02:
            foreign = self.random.choice((IMPRESSION, CLICK, ORDER))
            return self.topics[foreign], b'"type":"%s",' % kind.encode()
        return self.topics[kind], b""

    def _touch(self, kind, arrival_ms, campaign):
        topic, typed = self._topic(kind)
        partition = int(self.random.random() * self.partitions)
        lane = (topic, partition, False)
        ts_ms = self._time(arrival_ms, lane)
        name = self.fragments[campaign][int(self.random.random() * 2)]
        cost = b"" if self.random.random() < 0.2 else b',"cost":' + self._money(0.02 if kind == IMPRESSION else 2)
        user = b',"user_id":"u%d","site":{"a":[1,2,{"b":"}"}]}' % self.random.getrandbits(20)
        ts = self._noted(ts_ms, arrival_ms, lane)
        value = b'{%s"ts":%s,"campaign_id":%s%s%s}' % (typed, ts, name, cost, user)
        return Record(topic, partition, None, value, arrival_ms)

    def _order(self, arrival_ms, campaign):
        topic, typed = self._topic(ORDER)
        self.n_orders += 1
        order_id = b"order-%d" % self.n_orders
        partition = zlib.crc32(order_id) % self.partitions
        lane = (topic, partition, True)
        ts_ms = self._time(arrival_ms, lane)
        ts = self._noted(ts_ms, arrival_ms, lane)
        dice = self.random.random()
        if dice < 0.85:
            name = b',"campaign_id":' + self.fragments[campaign][int(dice * 1000) % 2]
        else:
            name = b"" if dice < 0.95 else b',"campaign_id":""' if dice < 0.98 else b',"campaign_id":null'
        more = b"" if dice < 0.4 else b',"margin":' + (b"-1.25" if dice < 0.43 else self._money(30))
        value = b'{"order_id":"%s",%s"ts":%s%s,"revenue":%s%s,"currency":"EUR"}' % (
            order_id, typed, ts, name, self._money(180), more)
        if arrival_ms - 5 * DAY_MS < ts_ms <= arrival_ms:
            self._remember((topic, partition, order_id, ts_ms))
        return Record(topic, partition, order_id, value, arrival_ms)

    def _remember(self, order):
        if len(self.recent_orders) < 500:
            self.recent_orders.append(order)
        else:
            self.recent_orders[self.random.randrange(500)] = order

    def _repeat(self, arrival_ms):
        """An order id that was there before, with other contents: the lowest offset wins."""
        topic, partition, order_id, ts_ms = self.random.choice(self.recent_orders)
        self._noted(ts_ms, arrival_ms, (topic, partition, True))
        value = b'{"type":"order","order_id":"%s","ts":%d,"campaign_id":"campaign-0000","revenue":%s}' % (
            order_id, ts_ms + self.random.randrange(1000), self._money(500))
        return Record(topic, partition, order_id, value, arrival_ms)

    def _odd(self, arrival_ms):
        """A message of the corpus, on the topic of its type."""
        case, pieces, is_order = self.random.choice(self.bad)
        topic = self.topics[case.topic_type]
        partition = self.random.randrange(self.partitions)
        value = None if pieces is None else (b"%d" % arrival_ms).join(pieces)
        if value is not None and is_order:
            self.n_orders += 1
            value = value.replace(b"o-odd", b"o-odd-%d" % self.n_orders)
        return Record(topic, partition, b"odd", value, arrival_ms)


def filled_pieces(case):
    """The value of a case, cut where its event time goes; and whether it carries an order that will be counted."""
    if case.value is None:
        return None, False
    return case.value.split(b"%(ts)d"), case.reason is None and b"o-odd" in case.value


def rfc3339(ts_ms, dice):
    """The same instant as text, in some zone."""
    minutes = dice.choice((0, 0, 60, -330, 345, 720))
    seconds, ms = divmod(ts_ms, 1000)
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds + minutes * 60)
    zone = "Z" if minutes == 0 else f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    digits = dice.choice((f"{ms:03d}", f"{ms:03d}999"))
    return f'"{at:%Y-%m-%dT%H:%M:%S}.{digits}{zone}"'.encode()
