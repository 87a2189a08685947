"""Logs small enough to be counted by hand."""

import json

from .reading import Message
from .recount import Recount
from .rules import FULL

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
NOON_MS = 1_781_092_800_000  # 2026-06-10T12:00:00Z
TOPICS = {"impression": "ad.impressions", "click": "ad.clicks", "order": "ad.orders", "refund": "ad.refunds",
          "engagement": "ad.engagements", "spend": "ad.spend"}
TOPICS_CONFIG = {"impressions": "ad.impressions", "clicks": "ad.clicks", "orders": "ad.orders",
                 "refunds": "ad.refunds", "engagements": "ad.engagements", "spend": "ad.spend"}


class Handmade:
    """Events in the order of their offsets. All of an order's refunds go to the topic of orders unless said otherwise,
    so that their order is certain."""

    def __init__(self, config=None, **attribution):
        self.config = {"windows": ["total"], "kafka": {"topics": TOPICS_CONFIG}, "attribution": attribution,
                       **(config or {})}
        self.log = {}
        self.n = 0

    def add(self, kind, ts_ms, /, topic=None, partition=0, record_ts_ms=None, **fields):
        messages = self.log.setdefault((TOPICS[topic or kind], partition), [])
        value = {"type": kind, **({} if ts_ms is None else {"ts": ts_ms}), **fields}
        record_ts_ms = max(ts_ms or 0, NOON_MS) if record_ts_ms is None else record_ts_ms
        messages.append(Message(len(messages), record_ts_ms, json.dumps(value).encode()))

    def click(self, ts_ms, campaign, **fields):
        self.add("click", ts_ms, campaign_id=campaign, **fields)

    def view(self, ts_ms, campaign, **fields):
        self.add("impression", ts_ms, campaign_id=campaign, **fields)

    def order(self, ts_ms, revenue, order_id=None, **fields):
        self.n += 1
        self.add("order", ts_ms, order_id=order_id or f"o{self.n}", revenue=revenue, **fields)

    def refund(self, ts_ms, order_id, amount=None, **fields):
        more = {} if amount is None else {"amount": amount}
        self.add("refund", ts_ms, order_id=order_id, **{"topic": "order", **more, **fields})

    def count(self, features=FULL, **more):
        return Recount(self.log, self.config, features=features, **more)


def field(counted, name, window="total"):
    """One field of every campaign that is not 0, as {campaign: integer}."""
    result = {}
    for campaign, what in counted.keys.values():
        value = what.name == window and int(counted.fields(campaign, what).get(name, 0))
        if value:
            result[campaign.decode()] = value
    return result


def revenue(counted, window="total"):
    return field(counted, "revenue_micros", window)


def conversions(counted, window="total"):
    return field(counted, "conversions_micro", window)
