"""One message to an event, or to the reason why it is refused (contract, section 1).

Python's own JSON parser is used where it agrees with the contract beyond doubt: it is strict about strings, and
numbers are kept as their characters. Where it does not (escapes, constants, great depth, any error) a slow parser of
our own decides, which skips values under unknown names as the contract says.
"""

import datetime
import json
import re
from collections import namedtuple

IMPRESSION, CLICK, ORDER = "impression", "click", "order"
COUNTED_TYPES = (IMPRESSION, CLICK, ORDER)
UNATTRIBUTED, OVERFLOW = b"(unattributed)", b"(overflow)"
RESERVED = (UNATTRIBUTED, OVERFLOW)
YEAR_2000_MS = 946_684_800_000
YEAR_9999_END_MS = 253_402_300_799_999
INT64_MAX = 2**63 - 1
MICROS = 1_000_000

NAMES = frozenset(
    "type ts campaign_id ad_id event_id click_id user_id order_id revenue cost currency margin kind "
    "refund_id amount action spend_id from to".split())

Event = namedtuple("Event", "type ts_ms campaign order_id cost_micros revenue_micros margin_micros")


class Refused(Exception):
    """The message is refused; the one argument is the reason."""


class Integer(str):
    """A JSON integer, as its characters."""


class Real(str):
    """A JSON number with a fraction or an exponent, as its characters."""


class Pairs(list):
    """A JSON object, as (name, value) in order."""


class Skipped:
    """A value under an unknown name."""


def _no_constant(text):
    raise ValueError(text)


_decoder = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Integer, parse_float=Real, parse_constant=_no_constant)
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_ANY_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"', re.S)
_SCALAR = re.compile(r'[^ \t\r\n,\[\]{}":\\]+')
_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
                   r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))")


# The slow parser

def _string(text, at):
    match = _STRING.match(text, at)
    if not match:
        raise Refused("not_json")
    value = json.loads(match.group(0))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("not_json") from None  # a lone surrogate
    return value, match.end()


def _check_surrogates(value):
    """Refuses a lone surrogate anywhere in a parsed value."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("not_json") from None


def _skip(text, at):
    """Skips one value under an unknown name: strings closed (without bare control bytes), each bracket by its own."""
    closers = []
    while True:
        at = _SPACE.match(text, at).end()
        letter = text[at:at + 1]
        if letter == '"':
            match = _ANY_STRING.match(text, at)
            if not match:
                raise Refused("not_json")
            at = match.end()
        elif letter and letter in "[{":
            closers.append("]" if letter == "[" else "}")
            at += 1
        elif closers and letter == closers[-1]:
            closers.pop()
            at += 1
        elif letter and letter in ",:" and closers:
            at += 1
        else:
            match = _SCALAR.match(text, at)
            if not match:
                raise Refused("not_json")
            at = match.end()
        if not closers:
            return Skipped(), at


def _value(text, at):
    """A value under a name that is read: checked in full."""
    letter = text[at:at + 1]
    if letter == '"':
        return _string(text, at)
    for word, value in (("null", None), ("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    if letter and letter in "[{":
        try:
            value, at = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise Refused("not_json") from None
        _check_surrogates(value)
        return value, at
    match = _NUMBER.match(text, at)
    if not match:
        raise Refused("not_json")
    kind = Integer if match.group(3) is None and match.group(4) is None else Real
    return kind(match.group(0)), match.end()


def _expect(text, at, letters):
    at = _SPACE.match(text, at).end()
    if not text[at:at + 1] or text[at] not in letters:
        raise Refused("not_json")
    return text[at], at + 1


def _object_slowly(text):
    at = _SPACE.match(text).end()
    if text[at:at + 1] != "{":
        try:
            value = _decoder.decode(text)
        except (ValueError, RecursionError):
            raise Refused("not_json") from None
        _check_surrogates(value)
        raise Refused("not_object")
    pairs, at = Pairs(), at + 1
    first = _SPACE.match(text, at).end()
    if text[first:first + 1] == "}":
        at = first + 1
    else:
        letter = ","
        while letter == ",":
            name, at = _string(text, _SPACE.match(text, at).end())
            _, at = _expect(text, at, ":")
            at = _SPACE.match(text, at).end()
            value, at = _value(text, at) if name in NAMES else _skip(text, at)
            pairs.append((name, value))
            letter, at = _expect(text, at, ",}")
    if _SPACE.match(text, at).end() != len(text):
        raise Refused("not_json")
    return pairs


def _fields(value):
    """The mapped names of a message and their values; null equals absent."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not_json") from None
    try:
        pairs = None if "\\u" in text else _decoder.decode(text)
    except (ValueError, RecursionError):
        pairs = None
    if pairs is None:
        pairs = _object_slowly(text)
    if type(pairs) is not Pairs:
        raise Refused("not_object")
    fields = {}
    for name, field in pairs:
        if name in NAMES:
            if name in fields:
                raise Refused("repeated_name")
            fields[name] = field
    return {name: field for name, field in fields.items() if field is not None}


# Fields

def half_even(numerator, denominator):
    """numerator / denominator to the nearest integer, halves to the even one; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient & 1))


def micros(text):
    """Micro-units of a decimal of JSON's grammar, and whether it is below zero."""
    match = _NUMBER.fullmatch(text)
    if not match:
        raise Refused("bad_money")
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    digits = int(whole + fraction)
    negative = bool(sign) and digits != 0
    # Beyond these exponents the verdict is clear, and exact powers would be needlessly long.
    shift = max(-5000, min(5000, int(exponent or 0))) - len(fraction) + 6
    result = digits * 10**shift if shift >= 0 else half_even(digits, 10**-shift)
    return (-result if sign else result), negative


def _money(fields, name, signed=False):
    value = fields.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, str):
        raise Refused("bad_type")
    amount, negative = micros(value)
    if negative and not signed:
        raise Refused("negative_money")
    if not -INT64_MAX - 1 <= amount <= INT64_MAX:
        raise Refused("money_range")
    return amount


def _check_currency(fields, currency):
    given = fields.get("currency", currency)
    if type(given) is not str:
        raise Refused("bad_type")
    if given != currency:
        raise Refused("unknown_currency")


def _id(fields, name):
    """An id as bytes; empty where absent."""
    value = fields.get(name, "")
    if not isinstance(value, str) or type(value) is Real:
        raise Refused("bad_type")
    result = value.encode("utf-8")
    if len(result) > 256 or b"\0" in result:
        raise Refused("bad_id")
    return result


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


def _time(fields, record_ts_ms, future_ms):
    value = fields.get("ts")
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
    if record_ts_ms is not None and ts_ms > record_ts_ms + future_ms:
        raise Refused("future")
    return ts_ms


def _type(fields, topic_type):
    kind = fields.get("type")
    if kind is None:
        kind = topic_type
    elif type(kind) is not str:
        raise Refused("bad_type")
    if kind not in COUNTED_TYPES:
        raise Refused("unknown_type")
    return kind


def _decode(value, record_ts_ms, topic_type, rules):
    if value is not None and len(value) > rules.message_bytes:
        raise Refused("too_large")
    if not value:
        raise Refused("empty")
    fields = _fields(value)
    kind = _type(fields, topic_type)
    ts_ms = _time(fields, record_ts_ms, rules.future_ms)
    campaign = _campaign(fields)
    _id(fields, "user_id")
    if kind == ORDER:
        order_id = _required_id(fields, "order_id")
        if "revenue" not in fields:
            raise Refused("missing_field")
        revenue, margin = _money(fields, "revenue"), _money(fields, "margin", signed=True)
        _check_currency(fields, rules.currency)
        _id(fields, "click_id")
        _id(fields, "kind")
        return Event(kind, ts_ms, campaign or UNATTRIBUTED, order_id, 0, revenue, margin)
    if not campaign:
        raise Refused("missing_field")
    _id(fields, "event_id")
    if kind == CLICK:
        _id(fields, "click_id")
    cost = _money(fields, "cost")
    if "cost" in fields:
        _check_currency(fields, rules.currency)
    return Event(kind, ts_ms, campaign, b"", cost, 0, 0)


def decode(value, record_ts_ms, topic_type, rules):
    """An Event, or the reason as text. `topic_type` is what the topic implies, None for a mixed one; `record_ts_ms`
    None where the record has no time. `rules` has message_bytes, future_ms and currency."""
    try:
        return _decode(value, record_ts_ms, topic_type, rules)
    except Refused as refused:
        return refused.args[0]
