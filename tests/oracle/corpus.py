"""Messages that are refused, each with its reason, and odd ones that are accepted all the same.

`%(ts)d` in a value stands for the event time, which the user of the corpus chooses. Each message breaks one rule only
(beyond the order of reasons that the contract fixes), so that its reason is certain.
"""

from collections import namedtuple

Case = namedtuple("Case", "name topic_type value reason")  # reason None: accepted

MESSAGE_BYTES = 65536  # limits.message_bytes that the case too_large assumes

_CLICK = b'{"ts":%(ts)d,"campaign_id":"bad"'
_ORDER = b'{"ts":%(ts)d,"campaign_id":"bad","order_id":"o-bad"'


def _click(more=b""):
    return _CLICK + more + b"}"


def _order(more):
    return _ORDER + more + b"}"


REFUSED = [
    Case("a tombstone", "click", None, "empty"),
    Case("no bytes", "click", b"", "empty"),
    Case("too large", "click", _click(b',"pad":"' + b"x" * MESSAGE_BYTES + b'"'), "too_large"),
    Case("too large and no JSON", "click", b"\xff" * (MESSAGE_BYTES + 1), "too_large"),
    # not_json
    Case("a word", "click", b"hello", "not_json"),
    Case("spaces", "click", b"  \n", "not_json"),
    Case("cut off", "click", b'{"ts":%(ts)d,"campaign_id":"ba', "not_json"),
    Case("not closed", "click", _CLICK, "not_json"),
    Case("something after", "click", _click() + b"{}", "not_json"),
    Case("a NUL after", "click", _click() + b"\0", "not_json"),
    Case("a byte-order mark", "click", b"\xef\xbb\xbf" + _click(), "not_json"),
    Case("no UTF-8", "click", b'{"ts":%(ts)d,"campaign_id":"ba\xff"}', "not_json"),
    Case("a surrogate in UTF-8", "click", b'{"ts":%(ts)d,"campaign_id":"\xed\xa0\x80"}', "not_json"),
    Case("no UTF-8 under an unknown name", "click", _click(b',"x":"\xc3"'), "not_json"),
    Case("a lone surrogate in an id", "click", b'{"ts":%(ts)d,"campaign_id":"\\ud800"}', "not_json"),
    Case("a lone surrogate in a name", "click", _click(b',"\\udc00":1'), "not_json"),
    Case("a lone surrogate inside a mapped value", "click", b'{"ts":%(ts)d,"campaign_id":{"x":"\\udfff"}}', "not_json"),
    Case("brackets that do not match", "click", _click(b',"x":[{"y":1]}'), "not_json"),
    Case("a bracket too many", "click", _click(b',"x":[1]]'), "not_json"),
    Case("a control byte under an unknown name", "click", _click(b',"x":"a\x01b"'), "not_json"),
    Case("a wrong escape in an id", "click", b'{"ts":%(ts)d,"campaign_id":"\\x"}', "not_json"),
    Case("a control byte in an id", "click", b'{"ts":%(ts)d,"campaign_id":"a\x01b"}', "not_json"),
    Case("a comma too many", "click", _click(b","), "not_json"),
    Case("a name without quotes", "click", b'{ts:%(ts)d,"campaign_id":"bad"}', "not_json"),
    Case("single quotes", "click", b"{'ts':%(ts)d}", "not_json"),
    Case("a missing colon", "click", b'{"ts" %(ts)d,"campaign_id":"bad"}', "not_json"),
    Case("NaN as money", "click", _click(b',"cost":NaN'), "not_json"),
    Case("a sign + as money", "click", _click(b',"cost":+1'), "not_json"),
    Case("a leading zero as money", "click", _click(b',"cost":01'), "not_json"),
    Case("a point without digits", "click", _click(b',"cost":1.'), "not_json"),
    Case("two points", "click", _click(b',"cost":1.2.3'), "not_json"),
    Case("Avro bytes", "click", b"\x00\x00\x00\x00\x07\x10campaign", "not_json"),
    # not_object
    Case("a list", "click", b'[{"ts":1}]', "not_object"),
    Case("a text", "click", b'"click"', "not_object"),
    Case("a number", "click", b"12", "not_object"),
    Case("null", "click", b"null", "not_object"),
    # repeated_name
    Case("a name twice", "click", _click(b',"ts":%(ts)d'), "repeated_name"),
    Case("a name twice, escaped", "click", _click(b',"\\u0074s":%(ts)d'), "repeated_name"),
    Case("a name twice, once null", "click", _click(b',"cost":null,"cost":1'), "repeated_name"),
    Case("a name twice and no type", None, b'{"ts":1,"ts":2}', "repeated_name"),
    # the type
    Case("no type on a mixed topic", None, _click(), "unknown_type"),
    Case("a type of nobody", "click", _click(b',"type":"view"'), "unknown_type"),
    Case("a type in capitals", "click", _click(b',"type":"Click"'), "unknown_type"),
    Case("a number as type", "click", _click(b',"type":1'), "bad_type"),
    Case("an object as type", "click", _click(b',"type":{}'), "bad_type"),
    # missing_field
    Case("no ts", "click", b'{"campaign_id":"bad"}', "missing_field"),
    Case("ts null", "click", b'{"ts":null,"campaign_id":"bad"}', "missing_field"),
    Case("no campaign", "click", b'{"ts":%(ts)d}', "missing_field"),
    Case("an empty campaign", "impression", b'{"ts":%(ts)d,"campaign_id":""}', "missing_field"),
    Case("an ad but no lookup", "impression", b'{"ts":%(ts)d,"ad_id":"a"}', "missing_field"),
    Case("no order id", "order", b'{"ts":%(ts)d,"campaign_id":"bad","revenue":1}', "missing_field"),
    Case("an empty order id", "order", b'{"ts":%(ts)d,"order_id":"","revenue":1}', "missing_field"),
    Case("no revenue", "order", _order(b""), "missing_field"),
    Case("revenue null", "order", _order(b',"revenue":null'), "missing_field"),
    # bad_type
    Case("true as ts", "click", b'{"ts":true,"campaign_id":"bad"}', "bad_type"),
    Case("a list as ts", "click", b'{"ts":[1],"campaign_id":"bad"}', "bad_type"),
    Case("a fraction as campaign", "click", b'{"ts":%(ts)d,"campaign_id":1.5}', "bad_type"),
    Case("an object as campaign", "click", b'{"ts":%(ts)d,"campaign_id":{"id":"x"}}', "bad_type"),
    Case("false as order id", "order", b'{"ts":%(ts)d,"order_id":false,"revenue":1}', "bad_type"),
    Case("true as cost", "impression", _click(b',"cost":true'), "bad_type"),
    Case("a list as revenue", "order", _order(b',"revenue":[1]'), "bad_type"),
    Case("a number as currency", "order", _order(b',"revenue":1,"currency":978'), "bad_type"),
    # bad_time
    Case("a fraction as ts", "click", b'{"ts":%(ts)d.5,"campaign_id":"bad"}', "bad_time"),
    Case("an exponent as ts", "click", b'{"ts":17e11,"campaign_id":"bad"}', "bad_time"),
    Case("digits as text", "click", b'{"ts":"%(ts)d","campaign_id":"bad"}', "bad_time"),
    Case("seconds", "click", b'{"ts":1772000000,"campaign_id":"bad"}', "bad_time"),
    Case("the epoch", "click", b'{"ts":0,"campaign_id":"bad"}', "bad_time"),
    Case("before the epoch", "click", b'{"ts":-5,"campaign_id":"bad"}', "bad_time"),
    Case("the last ms of 1999", "click", b'{"ts":946684799999,"campaign_id":"bad"}', "bad_time"),
    Case("no zone", "click", b'{"ts":"2026-03-01T00:00:00","campaign_id":"bad"}', "bad_time"),
    Case("a leap second", "click", b'{"ts":"2025-12-31T23:59:60Z","campaign_id":"bad"}', "bad_time"),
    Case("29 February 2025", "click", b'{"ts":"2025-02-29T00:00:00Z","campaign_id":"bad"}', "bad_time"),
    Case("hour 24", "click", b'{"ts":"2025-02-28T24:00:00Z","campaign_id":"bad"}', "bad_time"),
    Case("a space for T", "click", b'{"ts":"2025-02-28 12:00:00Z","campaign_id":"bad"}', "bad_time"),
    Case("a point without digits in ts", "click", b'{"ts":"2025-02-28T12:00:00.Z","campaign_id":"bad"}', "bad_time"),
    Case("a zone without colon", "click", b'{"ts":"2025-02-28T12:00:00+0100","campaign_id":"bad"}', "bad_time"),
    Case("an empty ts", "click", b'{"ts":"","campaign_id":"bad"}', "bad_time"),
    # future
    Case("the year 2100", "click", b'{"ts":4102444800000,"campaign_id":"bad"}', "future"),
    Case("the year 9999", "order", b'{"ts":"9999-12-31T23:59:59Z","order_id":"o","revenue":1}', "future"),
    # money
    Case("an empty text as money", "click", _click(b',"cost":""'), "bad_money"),
    Case("words as money", "click", _click(b',"cost":"free"'), "bad_money"),
    Case("a comma in money", "order", _order(b',"revenue":"1,50"'), "bad_money"),
    Case("a space in money", "order", _order(b',"revenue":" 1"'), "bad_money"),
    Case("a plus in text", "order", _order(b',"revenue":"+1"'), "bad_money"),
    Case("no digit before the point", "order", _order(b',"revenue":".5"'), "bad_money"),
    Case("hexadecimal", "order", _order(b',"revenue":"0x10"'), "bad_money"),
    Case("infinity as text", "order", _order(b',"revenue":"Infinity"'), "bad_money"),
    Case("negative revenue", "order", _order(b',"revenue":-0.01'), "negative_money"),
    Case("negative below a micro-unit", "impression", _click(b',"cost":-1e-9'), "negative_money"),
    Case("negative as text", "click", _click(b',"cost":"-5"'), "negative_money"),
    Case("1e400", "order", _order(b',"revenue":1e400'), "money_range"),
    Case("2^63 micro-units", "order", _order(b',"revenue":9223372036854.775808'), "money_range"),
    Case("a margin out of range", "order", _order(b',"revenue":1,"margin":-1e30'), "money_range"),
    # ids
    Case("an id of 257 bytes", "click", b'{"ts":%(ts)d,"campaign_id":"' + b"x" * 257 + b'"}', "bad_id"),
    Case("257 bytes of two-byte letters", "click",
         b'{"ts":%(ts)d,"campaign_id":"' + "é".encode() * 128 + b'x"}', "bad_id"),
    Case("a NUL in an id", "click", b'{"ts":%(ts)d,"campaign_id":"a\\u0000b"}', "bad_id"),
    Case("a NUL in an order id", "order", b'{"ts":%(ts)d,"order_id":"\\u0000","revenue":1}', "bad_id"),
    Case("a long user id", "order", _order(b',"revenue":1,"user_id":"' + b"u" * 300 + b'"'), "bad_id"),
    Case("a reserved campaign", "click", b'{"ts":%(ts)d,"campaign_id":"(unattributed)"}', "reserved_id"),
    Case("a reserved campaign, escaped", "impression",
         b'{"ts":%(ts)d,"campaign_id":"\\u0028overflow)"}', "reserved_id"),
    Case("a reserved campaign of an order", "order",
         b'{"ts":%(ts)d,"order_id":"o","revenue":1,"campaign_id":"(overflow)"}', "reserved_id"),
    # currency
    Case("another currency", "order", _order(b',"revenue":1,"currency":"USD"'), "unknown_currency"),
    Case("a currency in small letters", "order", _order(b',"revenue":1,"currency":"eur"'), "unknown_currency"),
    Case("another currency of a cost of 0", "click", _click(b',"cost":0,"currency":"USD"'), "unknown_currency"),
]

ODD = [
    Case("spaces everywhere", "click", b' \t\r\n{ "ts" : %(ts)d , "campaign_id" : "odd" }\n', None),
    Case("escaped names", "click", b'{"\\u0074s":%(ts)d,"campaign\\u005fid":"odd"}', None),
    Case("escapes in an id", "click", b'{"ts":%(ts)d,"campaign_id":"\\u00e9\\ud83d\\ude00\\"\\\\\\/\\n"}', None),
    Case("an integer as id", "click", b'{"ts":%(ts)d,"campaign_id":12345678901234567890123}', None),
    Case("big numbers under unknown names", "click", _click(b',"x":1e400,"y":123456789012345678901234567890'), None),
    Case("a lone surrogate under an unknown name", "click", _click(b',"x":"\\ud800"'), None),
    Case("unknown names twice", "click", _click(b',"x":1,"x":2'), None),
    Case("a known name inside an unknown value", "click", _click(b',"x":{"ts":1,"ts":2,"type":"spend"}'), None),
    Case("brackets in a skipped text", "click", _click(b',"x":["]}",{"y":"\\"]"}]'), None),
    Case("nulls", "click", _click(b',"cost":null,"currency":null,"type":null,"user_id":null'), None),
    Case("a currency without money", "click", _click(b',"currency":"USD"'), None),
    Case("minus zero", "click", _click(b',"cost":-0.000'), None),
    Case("a tiny cost", "click", _click(b',"cost":1e-400'), None),
    Case("half a micro-unit", "click", _click(b',"cost":0.0000005'), None),
    Case("one and a half", "click", _click(b',"cost":"0.0000015"'), None),
    Case("an exponent", "order", b'{"ts":%(ts)d,"order_id":"o-odd-1","campaign_id":"odd","revenue":12.5E+1}', None),
    Case("the greatest amount of a margin", "order",
         b'{"ts":%(ts)d,"order_id":"o-odd-2","campaign_id":"odd","revenue":1,"margin":"-2.5"}', None),
    Case("256 bytes", "click", b'{"ts":%(ts)d,"campaign_id":"' + b"x" * 256 + b'"}', None),
    Case("a type on a foreign topic", "click",
         b'{"type":"order","ts":%(ts)d,"order_id":"o-odd-3","campaign_id":"odd","revenue":"3"}', None),
    Case("an order without a campaign", "order", b'{"ts":%(ts)d,"order_id":"o-odd-4","revenue":0}', None),
    Case("small letters in a time", "click", b'{"ts":"2026-02-28t12:00:00.1239z","campaign_id":"odd"}', None),
    Case("a zone", "click", b'{"ts":"2026-02-28T12:00:00-00:30","campaign_id":"odd"}', None),
    Case("spend on a topic of clicks", "click", _click(b',"type":"spend","amount":1'), None),
    Case("an engagement on a topic of clicks", "click", _click(b',"type":"engagement","action":"like"'), None),
    Case("great depth under an unknown name", "click", _click(b',"x":' + b"[" * 300 + b"]" * 300), None),
]

# Messages that only a reader of all types can judge.

_REFUND = b'{"type":"refund","ts":%(ts)d,"order_id":"o-refund"'
_SPEND = b'{"type":"spend","campaign_id":"bad","amount":"1.5"'
_SPREAD = _SPEND + b',"from":%(ts)d'
_LIKE = b'{"type":"engagement","ts":%(ts)d,"campaign_id":"bad"'

REFUSED_TYPES = [
    Case("a refund without an order", "refund", b'{"ts":%(ts)d}', "missing_field"),
    Case("a refund without a time", "refund", b'{"order_id":"o-refund"}', "missing_field"),
    Case("a refund below 0", "refund", _REFUND + b',"amount":-0.01}', "negative_money"),
    Case("a refund of true", "refund", _REFUND + b',"amount":true}', "bad_type"),
    Case("a refund in words", "refund", _REFUND + b',"amount":"all"}', "bad_money"),
    Case("a refund out of range", "refund", _REFUND + b',"amount":1e30}', "money_range"),
    Case("a refund of a currency without a rate", "refund", _REFUND + b',"amount":1,"currency":"XAU"}', "unknown_currency"),
    Case("a currency that is no text", "refund", _REFUND + b',"amount":1,"currency":1}', "bad_type"),
    Case("a list as refund_id", "refund", _REFUND + b',"refund_id":[1]}', "bad_type"),
    Case("a long refund_id", "refund", _REFUND + b',"refund_id":"' + b"x" * 257 + b'"}', "bad_id"),
    Case("a refund in the far future", "refund", b'{"ts":4102444800000,"order_id":"o-refund"}', "future"),
    Case("spend without an amount", "spend", b'{"ts":%(ts)d,"campaign_id":"bad"}', "missing_field"),
    Case("spend without a campaign", "spend", b'{"ts":%(ts)d,"amount":1}', "missing_field"),
    Case("spend without a time", "spend", _SPEND + b"}", "missing_field"),
    Case("spend from, but not to", "spend", _SPREAD + b"}", "bad_range"),
    Case("spend to, but not from", "spend", _SPEND + b',"ts":%(ts)d,"to":%(ts)d}', "bad_range"),
    Case("spend from null", "spend", _SPEND + b',"from":null,"to":%(ts)d}', "bad_range"),
    Case("spend over nothing", "spend", _SPREAD + b',"to":%(ts)d}', "bad_range"),
    Case("spend backwards", "spend", _SPREAD + b',"to":"2026-01-01T00:00:00Z"}', "bad_range"),
    Case("spend from a date", "spend", _SPEND + b',"from":"2026-01-01","to":%(ts)d}', "bad_time"),
    Case("spend to a fraction", "spend", _SPREAD + b',"to":4102444800000.5}', "bad_time"),
    Case("spend below 0", "spend", b'{"ts":%(ts)d,"campaign_id":"bad","amount":"-1"}', "negative_money"),
    Case("spend out of range", "spend", b'{"ts":%(ts)d,"campaign_id":"bad","amount":1e13}', "money_range"),
    Case("spend of a currency without a rate", "spend", _SPREAD + b',"to":4102444800000,"currency":"XAU"}', "unknown_currency"),
    Case("a fraction as spend_id", "spend", _SPREAD + b',"to":4102444800000,"spend_id":1.5}', "bad_type"),
    Case("spend of a reserved campaign", "spend", b'{"ts":%(ts)d,"campaign_id":"(overflow)","amount":1}', "reserved_id"),
    Case("spend in the far future", "spend", b'{"ts":4102444800000,"campaign_id":"bad","amount":1}', "future"),
    Case("an engagement without an action", "engagement", _LIKE + b"}", "missing_field"),
    Case("an empty action", "engagement", _LIKE + b',"action":""}', "missing_field"),
    Case("an object as action", "engagement", _LIKE + b',"action":{}}', "bad_type"),
    Case("a NUL in an action", "engagement", _LIKE + b',"action":"a\\u0000"}', "bad_id"),
    Case("an engagement of nobody", "engagement", b'{"ts":%(ts)d,"action":"like"}', "missing_field"),
    Case("an engagement of a reserved campaign", "engagement",
         b'{"ts":%(ts)d,"campaign_id":"(unattributed)","action":"like"}', "reserved_id"),
    Case("a negative cost of an engagement", "engagement", _LIKE + b',"action":"like","cost":-1}', "negative_money"),
    Case("an engagement of a currency without a rate", "engagement",
         _LIKE + b',"action":"like","cost":1,"currency":"XAU"}', "unknown_currency"),
]

ODD_TYPES = [
    Case("spend over years", "spend", _SPREAD + b',"to":4102444800000}', None),
    Case("spend as text times", "spend", _SPEND + b',"from":"2026-01-01T00:00:00+01:00","to":"2026-01-02T00:00:00+01:00"}', None),
    Case("spend with all three times", "spend", _SPREAD + b',"to":4102444800000,"ts":%(ts)d}', None),
    Case("spend of nothing", "spend", b'{"ts":%(ts)d,"campaign_id":"odd","amount":-0}', None),
    Case("a number as spend_id", "spend", b'{"ts":%(ts)d,"campaign_id":"odd","amount":1,"spend_id":7}', None),
    Case("an action as a number", "engagement", b'{"ts":%(ts)d,"campaign_id":"odd","action":1}', None),
    Case("an engagement without a currency's money", "engagement",
         b'{"ts":%(ts)d,"campaign_id":"odd","action":"like","currency":"XAU"}', None),
]


def filled(case, ts_ms):
    """The value of a case with its event time."""
    return None if case.value is None else case.value.replace(b"%(ts)d", b"%d" % ts_ms)
