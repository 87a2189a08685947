"""The fields of one message to an event, or to the reason why it is refused (contract, section 1)."""

import datetime
import re
from collections import namedtuple

from .message import Integer, Real, Refused, fields_of
from .money import INT64_MAX, MICROS, half_even, in_range, micros  # noqa: F401 (some are read from here)

IMPRESSION, CLICK, ORDER = "impression", "click", "order"
REFUND, ENGAGEMENT, SPEND = "refund", "engagement", "spend"
UNATTRIBUTED, OVERFLOW = b"(unattributed)", b"(overflow)"
RESERVED = (UNATTRIBUTED, OVERFLOW)
YEAR_2000_MS = 946_684_800_000
YEAR_9999_END_MS = 253_402_300_799_999
SALE = b"sale"

# Money is in the account's currency, but for a refund's amount, which is in `currency` (empty: the order's) until its
# order is known; None: all that is left. ts_ms is None for spend without `ts`; from_ms is None for spend without `from`.
Event = namedtuple(
    "Event", "type ts_ms campaign order_id cost_micros revenue_micros margin_micros event_id user_id click_id kind "
    "refund_id amount_micros currency action spend_id from_ms to_ms",
    defaults=(b"", b"", b"", b"", b"", None, "", b"", b"", None, None))

_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
                   r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))")


def _amount(fields, name, signed=False):
    """Micro-units of its own currency; None where absent."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str):
        raise Refused("bad_type")
    amount, negative = micros(value)
    if negative and not signed:
        raise Refused("negative_money")
    return in_range(amount)


def _currency(fields, default, currencies):
    given = fields.get("currency", default)
    if type(given) is not str:
        raise Refused("bad_type")
    return currencies.known(given) if "currency" in fields else given


def _money(fields, name, ts_ms, currencies, signed=False):
    """Micro-units of the account's currency; the currency is looked at only where there is money."""
    amount = _amount(fields, name, signed)
    if amount is None:
        return 0
    return currencies.convert(amount, _currency(fields, currencies.account, currencies), ts_ms)


def _id(fields, name):
    """An id as bytes; empty where absent."""
    value = fields.get(name, "")
    if not isinstance(value, str) or type(value) is Real:
        raise Refused("bad_type")
    result = value.encode("utf-8")
    if len(result) > 256 or b"\0" in result:
        raise Refused("bad_id")
    return result


def _required(fields, name):
    if name not in fields:
        raise Refused("missing_field")


def _required_id(fields, name):
    result = _id(fields, name)
    if not result:
        raise Refused("missing_field")
    return result


def _campaign(fields):
    result = _id(fields, "campaign_id")
    if result in RESERVED:
        raise Refused("reserved_id")
    return result


def _campaign_of(fields, lookup):
    """The campaign that a cost belongs to: its own, or that of its ad."""
    campaign = _campaign(fields)
    if campaign:
        return campaign
    ad = _id(fields, "ad_id") if lookup is not None else b""
    if not ad:
        raise Refused("missing_field")
    campaign = lookup.get(ad)
    if not campaign:
        raise Refused("unknown_ad")
    if campaign in RESERVED:
        raise Refused("reserved_id")
    return campaign


def time_of_text(text):
    """Milliseconds since the epoch of an RFC 3339 text."""
    match = _TIME.fullmatch(text)
    if not match:
        raise Refused("bad_time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, zone_hour, zone_minute = match.groups()[6:]
    zone_hour, zone_minute = int(zone_hour or 0), int(zone_minute or 0)
    if hour > 23 or minute > 59 or second > 59 or zone_hour > 23 or zone_minute > 59:
        raise Refused("bad_time")
    try:
        days = datetime.date(year, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal()
    except ValueError:
        raise Refused("bad_time") from None
    minutes = (days * 24 + hour) * 60 + minute
    offset = zone_hour * 60 + zone_minute
    minutes -= -offset if sign == "-" else offset
    return (minutes * 60 + second) * 1000 + int(((fraction or "") + "000")[:3])


def _instant(fields, name):
    value = fields.get(name)
    if value is None:
        raise Refused("missing_field")
    kind = type(value)
    if kind is Integer:
        ts_ms = int(value) if len(value) <= 20 else INT64_MAX + 1
    elif kind is Real:
        raise Refused("bad_time")
    elif kind is str:
        ts_ms = time_of_text(value)
    else:
        raise Refused("bad_type")
    if not YEAR_2000_MS <= ts_ms <= YEAR_9999_END_MS:
        raise Refused("bad_time")
    return ts_ms


def _time(fields, record_ts_ms, future_ms):
    ts_ms = _instant(fields, "ts")
    if record_ts_ms is not None and ts_ms > record_ts_ms + future_ms:
        raise Refused("future")
    return ts_ms


def _type(fields, topic_type, types):
    kind = fields.get("type")
    if kind is None:
        kind = topic_type
    elif type(kind) is not str:
        raise Refused("bad_type")
    if kind not in types:
        raise Refused("unknown_type")
    return kind


def _touch(kind, fields, ts_ms, rules):
    campaign = _campaign_of(fields, rules.lookup)
    return Event(kind, ts_ms, campaign, b"", _money(fields, "cost", ts_ms, rules.currencies), 0, 0,
                 event_id=_id(fields, "event_id"), user_id=_id(fields, "user_id"),
                 click_id=_id(fields, "click_id") if kind == CLICK else b"",
                 action=_required_id(fields, "action") if kind == ENGAGEMENT else b"")


def _order(fields, ts_ms, rules):
    campaign, order_id = _campaign(fields), _required_id(fields, "order_id")
    _required(fields, "revenue")
    currencies = rules.currencies
    return Event(ORDER, ts_ms, campaign, order_id, 0, _money(fields, "revenue", ts_ms, currencies),
                 _money(fields, "margin", ts_ms, currencies, signed=True), user_id=_id(fields, "user_id"),
                 click_id=_id(fields, "click_id"), kind=_id(fields, "kind") or SALE,
                 currency=_currency(fields, currencies.account, currencies))


def _refund(fields, ts_ms, rules):
    amount = _amount(fields, "amount")
    currency = "" if amount is None else _currency(fields, "", rules.currencies)
    return Event(REFUND, ts_ms, b"", _required_id(fields, "order_id"), 0, 0, 0, refund_id=_id(fields, "refund_id"),
                 amount_micros=amount, currency=currency)


def _spend(fields, record_ts_ms, rules):
    spread = "from" in fields or "to" in fields
    if spread and not ("from" in fields and "to" in fields):
        raise Refused("bad_range")
    ts_ms = _time(fields, record_ts_ms, rules.future_ms) if "ts" in fields or not spread else None
    from_ms, to_ms = (_instant(fields, "from"), _instant(fields, "to")) if spread else (None, None)
    if spread and from_ms >= to_ms:
        raise Refused("bad_range")
    _required(fields, "amount")
    cost = _money(fields, "amount", from_ms if spread else ts_ms, rules.currencies)
    return Event(SPEND, ts_ms, _campaign_of(fields, rules.lookup), b"", cost, 0, 0, spend_id=_id(fields, "spend_id"),
                 from_ms=from_ms, to_ms=to_ms)


def _decode(value, record_ts_ms, topic_type, rules, sources):
    if value is not None and len(value) > rules.message_bytes:
        raise Refused("too_large")
    if not value:
        raise Refused("empty")
    fields = fields_of(value, sources)
    kind = _type(fields, topic_type, rules.types)
    if kind == SPEND:
        return _spend(fields, record_ts_ms, rules)
    ts_ms = _time(fields, record_ts_ms, rules.future_ms)
    if kind == ORDER:
        return _order(fields, ts_ms, rules)
    if kind == REFUND:
        return _refund(fields, ts_ms, rules)
    return _touch(kind, fields, ts_ms, rules)


def decode(value, record_ts_ms, topic_type, rules, sources=None):
    """An Event, or the reason as text. `topic_type` is what the topic implies, None for a mixed one; `record_ts_ms`
    None where the record has no time. `rules` has types, message_bytes, future_ms, currencies and lookup; `sources` says
    where fields stand (message.py)."""
    try:
        return _decode(value, record_ts_ms, topic_type, rules, sources)
    except Refused as refused:
        return refused.args[0]
