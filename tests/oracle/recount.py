"""The recount: a log to the reader keys that must stand in Redis once all of it has been counted."""

from collections import Counter, defaultdict, namedtuple

from . import windows
from .decode import CLICK, IMPRESSION, INT64_MAX, MICROS, ORDER, decode, half_even
from .rules import Rules, price_at

Message = namedtuple("Message", "offset record_ts_ms value")  # record_ts_ms None: none; value None: a tombstone
Counted = namedtuple("Counted", "event late")

BOUNDS = ("from_ms", "to_ms", "as_of_ms")  # these stay as they were at a key's last change


def encoded(campaign):
    """A campaign's id as it stands in key names."""
    return b"".join(b"%%%02X" % byte if byte in b"%{}" or byte < 0x20 or byte == 0x7F else bytes([byte])
                    for byte in campaign)


def ratio(numerator, denominator):
    """Decimal text with 6 digits, half to even; None where undefined. Money never makes the denominator negative."""
    if denominator == 0:
        return None
    value = half_even(numerator * MICROS, denominator)
    return f"{'-' if value < 0 else ''}{abs(value) // MICROS}.{abs(value) % MICROS:06d}"


def _quotient(numerator, denominator):
    return None if denominator == 0 else str(half_even(numerator, denominator))


class Recount:
    """All that follows from a log and a configuration.

    events: campaign → [Counted]; members: ids in roi:campaigns; rejected: (topic, partition, reason) → count;
    keys: name of a reader key of a window → (campaign, window); duplicates: (topic, partition) → count; accepted: (topic, partition, type) → count, each order id once;
    as_of_ms: the newest event time of all, None without events."""

    def __init__(self, log, config, earlier=()):
        """earlier: (config, {(topic, partition): first offset at which it no longer decides how messages are read}), in
        the order in which they held; a partition that is not named was never read under it."""
        self.rules = Rules(config)
        self._earlier = [(Rules(before), until) for before, until in earlier]
        self.events = defaultdict(list)
        self.rejected, self.duplicates, self.accepted, self.late = Counter(), Counter(), Counter(), 0
        self.as_of_ms = None
        for (topic, partition), messages in sorted(log.items()):
            self._partition(topic, partition, messages)
        self.members = set(self.events) | set(self.rules.campaigns)
        self.keys = {self.key(campaign, window): (campaign, window)
                     for campaign in self.members for window in self.rules.windows}
        self._final = {}

    def _reading(self, topic, partition, offset):
        """The rules by which a message is read."""
        for rules, until in self._earlier:
            if offset < until.get((topic, partition), 0):
                return rules
        return self.rules

    def _partition(self, topic, partition, messages):
        rules = self.rules
        reach_ms = rules.longest_ms + rules.disorder_ms if rules.longest_ms else INT64_MAX
        newest, orders = {True: 0, False: 0}, set()
        for message in messages:
            reading = self._reading(topic, partition, message.offset)
            event = decode(message.value, message.record_ts_ms, reading.topic_types[topic], reading)
            if isinstance(event, str):
                self.rejected[topic, partition, event] += 1
                continue
            lane = event.type == ORDER
            newest[lane] = max(newest[lane], event.ts_ms)
            if lane and event.order_id in orders:
                self.duplicates[topic, partition] += 1
                continue
            orders.add(event.order_id)
            late = event.ts_ms < newest[lane] - reach_ms
            self.late += late
            self.accepted[topic, partition, event.type] += 1
            self.events[event.campaign].append(Counted(event, late))
        if newest[True] or newest[False]:
            self.as_of_ms = max(self.as_of_ms or 0, newest[True], newest[False])

    # Windows

    def fields(self, campaign, window, as_of_ms=None):
        """The fields of one reader key but `rev`, at an as_of (default: everything read and at rest)."""
        as_of_ms = self.as_of_ms if as_of_ms is None else as_of_ms
        rules = self.rules.of(campaign)
        from_ms, to_ms = windows.bounds(window, rules.zone, as_of_ms)
        total = window.name == "total"
        counted = self.events.get(campaign, ())
        inside = [event for event, late in counted if total or (not late and from_ms <= event.ts_ms < to_ms)]
        excluded = 0 if total else sum(event.cost_micros + event.revenue_micros for event, late in counted if late)
        sums = self._sums(inside, rules)
        sums["cost"] = (sums["media"] + half_even(sums["cpm"], 1000) + sums["cpc"] + half_even(sums["cpa"], MICROS)
                        + windows.fixed_cost(rules.fixed, rules.zone, from_ms, to_ms))
        sums["value"] = self._value(sums, rules.value)
        result = self._text(sums, excluded)
        result.update(from_ms=str(from_ms), to_ms=str(to_ms), as_of_ms=str(as_of_ms), currency=self.rules.currency)
        return result

    @staticmethod
    def _sums(events, rules):
        sums = dict.fromkeys(("impression", "click", "order", "media", "revenue", "margin", "cpm", "cpc", "cpa"), 0)
        for event in events:
            sums[event.type] += 1
            sums["media"] += event.cost_micros
            sums["revenue"] += event.revenue_micros
            sums["margin"] += event.margin_micros
            price = price_at(rules.prices, event.ts_ms) if rules.prices else None
            if price:
                sums["cpm"] += price.cpm if event.type == IMPRESSION else 0
                sums["cpc"] += price.cpc if event.type == CLICK else 0
                sums["cpa"] += price.cpa * MICROS if event.type == ORDER else 0
        return sums

    @staticmethod
    def _value(sums, rule):
        if rule == "revenue":
            return sums["revenue"]
        if rule == "margin":
            return sums["margin"]
        numerator, denominator = (str(rule["margin_rate"]) + ".").split(".")[:2]
        return half_even(sums["revenue"] * int(numerator + denominator), 10**len(denominator))

    @staticmethod
    def _text(sums, excluded):
        cost, value, orders = sums["cost"], sums["value"], sums["order"]
        conversions, revenue = orders * MICROS, sums["revenue"]
        fields = {
            "impressions": sums["impression"], "clicks": sums["click"], "orders": orders,
            "conversions_micro": conversions, "refunded_conversions_micro": 0, "cost_micros": cost,
            "media_cost_micros": sums["media"], "revenue_micros": revenue, "refunded_micros": 0,
            "cohort_revenue_micros": revenue, "value_micros": value, "cohort_value_micros": value,
            "excluded_micros": excluded,
            "roi": ratio(value - cost, cost), "roas": ratio(value, cost),
            "ctr": ratio(sums["click"], sums["impression"]), "cvr": ratio(orders, sums["click"]),
            "cpc_micros": _quotient(cost, sums["click"]), "cpm_micros": _quotient(cost * 1000, sums["impression"]),
            "cpa_micros": _quotient(cost * MICROS, conversions), "aov_micros": _quotient(revenue * MICROS, conversions),
        }
        return {name: str(text) for name, text in fields.items() if text is not None}

    def key(self, campaign, window):
        return self.rules.prefix + b"{" + encoded(campaign) + b"}:" + window.name.encode()

    def final(self, key):
        """The fields of one key when all has been read and is at rest."""
        if key not in self._final:
            self._final[key] = self.fields(*self.keys[key])
        return self._final[key]

    def differences(self, key, found):
        """What is wrong with the fields that were found under a key, as sentences. The bounds must be those of the
        key's own as_of_ms; everything else must be what the whole log says."""
        campaign, window = self.keys[key]
        expected = self.final(key)
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
        """What must hold over all campaigns: (accepted orders, their revenue)."""
        orders = [event for counted in self.events.values() for event, _ in counted if event.type == ORDER]
        return len(orders), sum(event.revenue_micros for event in orders)


def recount(log, config, as_of_ms=None):
    """{key: {field: text}} of every reader key of a window, and of roi:campaigns as {member: ""}; `log` is
    {(topic, partition): [Message in offset order]}."""
    counted = Recount(log, config)
    result = {key: counted.fields(campaign, window, as_of_ms) for key, (campaign, window) in counted.keys.items()}
    result[counted.rules.prefix + b"campaigns"] = dict.fromkeys(counted.members, "")
    return result

