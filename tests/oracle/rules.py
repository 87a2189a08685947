"""The configuration as the recount needs it (contract, section 4), from the same dict that the daemon's file is
written from. Amounts are Decimals or text, dates datetime.date, durations text."""

import csv
import re
from collections import namedtuple
from fractions import Fraction
from zoneinfo import ZoneInfo

from . import windows
from .decode import CLICK, ENGAGEMENT, IMPRESSION, ORDER, REFUND, RESERVED, SPEND
from .money import INT64_MAX, Currencies, micros

# What is counted beyond impressions, clicks and orders by their campaign_id: types of events, and attribution (clicks
# without repeats, orders by their touches). The default is what the present product has.
FULL = frozenset({REFUND, ENGAGEMENT, SPEND, "attribution"})
PRESENT = FULL  # the present product has it all

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TOPIC_TYPES = {"impressions": "impression", "clicks": "click", "orders": "order", "refunds": "refund",
                "engagements": "engagement", "spend": "spend"}

Price = namedtuple("Price", "from_ms cpm cpc cpa")          # micro-units; from_ms None: always
Fixed = namedtuple("Fixed", "amount from_date to_date")     # micro-units, local dates
# at_least: a breach is below the bound (`target`), else above it (`below`); bound and recover in millionths
Goal = namedtuple("Goal", "name metric at_least bound recover window for_ms keep_ms min_cost min_orders")
Campaign = namedtuple("Campaign", "zone prices fixed value goals labels")
# position: relative weights [first, middle, last]; by_kind: kind of order → model
Attribution = namedtuple("Attribution", "model by_kind click_lookback_ms view_lookback_ms half_life_ms position hold_ms "
                         "max_touches collapse trusts_campaign")
Measure = namedtuple("Measure", "name action kind")         # one of action and kind, the other None


def duration_ms(value):
    """`30s`, `5m`, `0`."""
    if value in (0, "0"):
        return 0
    number, unit = re.fullmatch(r"([0-9]+)(ms|s|m|h|d)", value).groups()
    return int(number) * _UNITS_MS[unit]


def size_bytes(value):
    number, unit = re.fullmatch(r"([0-9]+)(KiB|MiB|)", str(value)).groups()
    return int(number) * {"": 1, "KiB": 1024, "MiB": 1024 * 1024}[unit]


def _micros(value):
    return micros(str(value))[0]


def _goal(given):
    bound = given["target"] if "target" in given else given["below"]
    return Goal(given["name"], given["metric"], "target" in given, _micros(bound),
                _micros(given.get("recover", bound)), windows.window(given["window"]),
                duration_ms(given.get("for", 0)), duration_ms(given.get("keep_firing_for", 0)),
                _micros(given.get("min_cost", 0)), int(given.get("min_orders", 0)))


def _cost(given, zone):
    rows = given if isinstance(given, list) else [given]
    prices, fixed = [], []
    for row in rows:
        from_ms = windows.first_instant(row["from"], zone) if "from" in row else None
        prices.append(Price(from_ms, *(_micros(row.get(name, 0)) for name in ("cpm", "cpc", "cpa"))))
        fixed += [Fixed(_micros(item["amount"]), item["from"], item["to"]) for item in row.get("fixed", ())]
    return prices, fixed


def price_at(prices, ts_ms):
    """The price in force at an instant, or None."""
    found = None
    for price in prices:
        if price.from_ms is None or price.from_ms <= ts_ms:
            found = price
    return found


def _attribution(given):
    return Attribution(
        given.get("model", "last_click"),
        {str(kind).encode(): model for kind, model in given.get("by_kind", {}).items()},
        duration_ms(given.get("click_lookback", "30d")), duration_ms(given.get("view_lookback", 0)),
        duration_ms(given.get("half_life", "7d")), [Fraction(str(part)) for part in given.get("position", (40, 20, 40))],
        duration_ms(given.get("order_hold", "10m")), int(given.get("max_touches", 50)), given.get("collapse", False),
        given.get("trust_order_campaign", True))


def _measures(given):
    return [Measure(name, str(rule["action"]).encode() if "action" in rule else None,
                    str(rule["orders_of_kind"]).encode() if "orders_of_kind" in rule else None)
            for name, rule in given.items()]


def read_lookup(path):
    """A lookup file: ad to campaign."""
    with open(path, encoding="utf-8", newline="") as file:
        return {ad.encode(): campaign.encode() for ad, campaign in list(csv.reader(file))[1:]}


class Rules:
    """What decides the counting and the windows, resolved."""

    def __init__(self, config, features=PRESENT, lookup=None):
        """lookup: ad to campaign, as bytes; None where none is configured."""
        self.lookup = lookup
        self.types = {IMPRESSION, CLICK, ORDER} | (features & {REFUND, ENGAGEMENT, SPEND})
        self.attributes = "attribution" in features
        self.attribution = _attribution(config.get("attribution", {}))
        ledger = config.get("ledger", {})
        self.horizon_ms = duration_ms(ledger.get("refund_horizon", "60d"))
        self.books_at_refund = ledger.get("refund_booking", "order") == "refund"
        self._mapping = config.get("mapping", {})
        self.measures = _measures(config.get("measures", {}))
        account = config.get("account", {})
        lateness = config.get("lateness", {})
        self.prefix = config.get("redis", {}).get("prefix", "roi:").encode()
        self.currency = account.get("currency", "EUR")
        self.zone = ZoneInfo(account.get("timezone", "UTC"))
        self.currencies = Currencies(self.currency, config.get("rates", ()),
                                     lambda date: windows.first_instant(date, self.zone))
        self.message_bytes = size_bytes(config.get("limits", {}).get("message_bytes", "1MiB"))
        self.future_ms = duration_ms(lateness.get("future", "5m"))
        self.disorder_ms = duration_ms(lateness.get("disorder", "30s"))
        names = config.get("windows", ["5m", "1h", "24h", "7d", "30d", "today", "month", "total"])
        self.windows = [windows.window(name) for name in names]
        self._defaults = config.get("defaults", {})
        self.default = self._campaign({})
        self.reserved = Campaign(self.zone, [], [], "revenue", [], {})
        self.campaigns = {str(name).encode("utf-8"): self._campaign(given or {})
                          for name, given in config.get("campaigns", {}).items()}
        goals = [goal for rules in [self.default, *self.campaigns.values()] for goal in rules.goals]
        self.longest_ms = max(window.reach_ms for window in self.windows + [goal.window for goal in goals])
        # How far behind its lane's newest an event is still in time for windows.
        self.reach_ms = self.longest_ms + self.disorder_ms if self.longest_ms else INT64_MAX
        self.topic_types = self._topics(config.get("kafka", {}).get("topics"))

    def sources(self, topic):
        """Where a topic's fields stand, as far as the recount reads mappings: names of members at the top."""
        given = self._mapping.get("topics", {}).get(topic, self._mapping)
        return given.get("fields")

    def _campaign(self, given):
        zone = ZoneInfo(given["timezone"]) if "timezone" in given else self.zone
        prices, fixed = _cost(given.get("cost", self._defaults.get("cost", {})), zone)
        goals = [_goal(goal) for goal in given.get("goals", self._defaults.get("goals", []))]
        return Campaign(zone, prices, fixed, given.get("value", "revenue"), goals, given.get("labels", {}))

    @staticmethod
    def _topics(given):
        """Topic to the type that it implies, None where it has none."""
        result = {}
        given = given or {"impressions": "ad.impressions", "clicks": "ad.clicks", "orders": "ad.orders"}
        for key, names in given.items():
            for name in [names] if isinstance(names, str) else names:
                kind = _TOPIC_TYPES.get(key)
                result[name] = kind if result.get(name, kind) == kind else None
        return result

    def of(self, campaign):
        """A campaign's own rules, the reserved ones, or the defaults."""
        if campaign in RESERVED:
            return self.reserved
        return self.campaigns.get(campaign, self.default)
