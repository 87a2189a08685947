"""A log read once, partition by partition: each message as an event, with what its lane had seen when it came."""

import bisect
from collections import Counter, namedtuple

from .decode import ORDER, REFUND, decode

Message = namedtuple("Message", "offset record_ts_ms value")  # record_ts_ms None: none; value None: a tombstone

# newest_ms: the newest event time of its lane up to and with it; seen_ms: before it
Read = namedtuple("Read", "topic partition offset record_ts_ms event newest_ms seen_ms")


class Log:
    """Iterate for Reads in offset order of each partition; then `as_of_ms` and `rejected` are known."""

    def __init__(self, log, rules, earlier=()):
        """earlier: (rules, {(topic, partition): offset}) that decided until there how messages are read."""
        self.log, self.rules, self.earlier = log, rules, earlier
        self.rejected = Counter()  # (topic, partition, reason) → messages
        self.as_of_ms = None       # the newest event time of all, None without any
        self._grown = []           # (record_ts_ms, newest event time of the lane), where it grew

    def __iter__(self):
        for (topic, partition), messages in sorted(self.log.items()):
            yield from self._partition(topic, partition, messages)

    def _rules_at(self, topic, partition, offset):
        for rules, until in self.earlier:
            if offset < until.get((topic, partition), 0):
                return rules
        return self.rules

    def _partition(self, topic, partition, messages):
        newest = {True: 0, False: 0}
        for message in messages:
            rules = self._rules_at(topic, partition, message.offset)
            event = decode(message.value, message.record_ts_ms, rules.topic_types[topic], rules, rules.sources(topic))
            if isinstance(event, str):
                self.rejected[topic, partition, event] += 1
                continue
            lane = event.type in (ORDER, REFUND)
            seen_ms = newest[lane]
            if event.ts_ms is not None and event.ts_ms > seen_ms:
                newest[lane] = event.ts_ms
                self.as_of_ms = max(self.as_of_ms or 0, event.ts_ms)
                self._grown.append((message.record_ts_ms or 0, event.ts_ms))
            yield Read(topic, partition, message.offset, message.record_ts_ms, event, newest[lane], seen_ms)

    def furthest(self):
        """A function: the time of a record → the newest event time in all records that are not younger."""
        self._grown.sort()
        times, newest, furthest = [], [], 0
        for record_ts_ms, ts_ms in self._grown:
            if ts_ms > furthest:
                furthest = ts_ms
                times.append(record_ts_ms)
                newest.append(ts_ms)

        def until(record_ts_ms):
            i = bisect.bisect_right(times, record_ts_ms or 0)
            return newest[i - 1] if i else 0
        return until
