"""The oracle's reading of single messages, by tables."""

import pytest

from tests.oracle.corpus import MESSAGE_BYTES, ODD, ODD_TYPES, REFUSED, REFUSED_TYPES, filled
from tests.oracle.decode import Event, Refused, decode, half_even, micros, time_of_text
from tests.oracle.rules import FULL, Rules

TS_MS = 1_772_600_000_000
RULES = Rules({"limits": {"message_bytes": f"{MESSAGE_BYTES // 1024}KiB"}})
ALL_TYPES = Rules({"limits": {"message_bytes": f"{MESSAGE_BYTES // 1024}KiB"}}, FULL)


def read(value, kind="click", record_ts_ms=TS_MS, rules=RULES):
    return decode(value, record_ts_ms, kind, rules)


@pytest.mark.parametrize("case", REFUSED + ODD, ids=lambda case: case.name)
def test_the_corpus_has_its_reasons(case):
    result = read(filled(case, TS_MS), case.topic_type)
    assert (result if isinstance(result, str) else None) == case.reason


@pytest.mark.parametrize("case", REFUSED + ODD + REFUSED_TYPES + ODD_TYPES, ids=lambda case: case.name)
def test_a_reader_of_all_types_has_the_same_reasons_and_more(case):
    result = read(filled(case, TS_MS), case.topic_type, rules=ALL_TYPES)
    if case.name == "an engagement on a topic of clicks":
        assert result.action == b"like"
    assert (result if isinstance(result, str) else None) == case.reason


def test_a_refund_keeps_its_currency_until_its_order_is_known():
    found = read(b'{"ts":%d,"order_id":"o"}' % TS_MS, "refund", rules=ALL_TYPES)
    assert (found.amount_micros, found.currency) == (None, "")
    found = read(b'{"ts":%d,"order_id":"o","amount":"0.5","refund_id":1}' % TS_MS, "refund", rules=ALL_TYPES)
    assert (found.amount_micros, found.currency, found.refund_id) == (500_000, "", b"1")
    assert read(b'{"ts":%d,"order_id":"o","amount":1,"currency":"EUR"}' % TS_MS, "refund", rules=ALL_TYPES).currency == "EUR"


def test_every_reason_that_can_be_reached_is_in_the_corpus():
    later = {"unknown_ad", "bad_range", "unknown_order", "refund_after_horizon"}
    every = set("empty not_json not_object repeated_name unknown_type missing_field bad_type bad_time future bad_money "
                "negative_money money_range bad_id reserved_id unknown_currency unknown_ad bad_range too_large "
                "unknown_order refund_after_horizon".split())
    assert {case.reason for case in REFUSED} == every - later


@pytest.mark.parametrize("text, amount", [
    ("0", 0), ("-0", 0), ("1", 1_000_000), ("12.5", 12_500_000), ("0.0000005", 0), ("0.0000015", 2), ("0.0000025", 2),
    ("0.00000250000001", 3), ("0.0000004999", 0), ("1e3", 1_000_000_000), ("1E-6", 1), ("5e-7", 0), ("15e-7", 2),
    ("1.5e-6", 2), ("9223372036854.775807", 2**63 - 1), ("1e-400", 0), ("0e999999", 0), ("-1.5", -1_500_000),
    ("-0.0000015", -2), ("9223372036854.7758074999", 2**63 - 1)])
def test_money_is_read_from_its_characters(text, amount):
    assert micros(text)[0] == amount


@pytest.mark.parametrize("text", ["", " 1", "1 ", "+1", "01", ".5", "1.", "1e", "1e+", "--1", "0x1", "1,5", "NaN", "1_0",
                                  "١"])
def test_what_is_no_number_is_bad_money(text):
    with pytest.raises(Refused, match="bad_money"):
        micros(text)


def test_negative_is_judged_before_rounding():
    assert micros("-1e-30") == (0, True)
    assert micros("-0.0") == (0, False)


@pytest.mark.parametrize("numerator, denominator, quotient", [
    (1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (-3, 2, -2), (7, 3, 2), (8, 3, 3), (-7, 3, -2), (-8, 3, -3), (0, 5, 0)])
def test_halves_go_to_the_even_neighbour(numerator, denominator, quotient):
    assert half_even(numerator, denominator) == quotient


@pytest.mark.parametrize("text, ms", [
    ("2000-01-01T00:00:00Z", 946_684_800_000), ("2026-03-04T04:53:20Z", TS_MS), ("2026-03-04t04:53:20.1239z", TS_MS + 123),
    ("2026-03-04T05:53:20.5+01:00", TS_MS + 500), ("2026-03-03T23:23:20-05:30", TS_MS),
    ("2024-02-29T00:00:00-00:00", 1_709_164_800_000)])
def test_times_as_text(text, ms):
    assert time_of_text(text) == ms


@pytest.mark.parametrize("text", [
    "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z",
    "2025-01-01T00:00:60Z", "2025-01-01T00:00:00", "2025-01-01 00:00:00Z", "2025-01-01T00:00:00+24:00",
    "2025-01-01T00:00:00+01:60", "2025-01-01T00:00:00.Z", "25-01-01T00:00:00Z", "2025-1-1T00:00:00Z", "now", ""])
def test_what_is_no_time(text):
    with pytest.raises(Refused, match="bad_time"):
        time_of_text(text)


def test_events_carry_what_their_message_says():
    assert read(b'{"ts":%d,"campaign_id":"c","cost":"0.5","revenue":9}' % TS_MS) == Event(
        "click", TS_MS, b"c", b"", 500_000, 0, 0)
    assert read(b'{"ts":%d,"order_id":7,"revenue":1,"margin":-0.25,"campaign_id":null}' % TS_MS, "order") == Event(
        "order", TS_MS, b"", b"7", 0, 1_000_000, -250_000, kind=b"sale", currency="EUR")
    assert read(b'{"ts":%d,"campaign_id":"\\u00e9\\n","type":"impression"}' % TS_MS, None) == Event(
        "impression", TS_MS, "é\n".encode(), b"", 0, 0, 0)


def test_the_edge_of_the_future_and_of_lengths():
    limit = TS_MS + RULES.future_ms
    assert read(b'{"ts":%d,"campaign_id":"c"}' % limit).ts_ms == limit
    assert read(b'{"ts":%d,"campaign_id":"c"}' % (limit + 1)) == "future"
    assert read(b'{"ts":%d,"campaign_id":"c"}' % (limit + 1), record_ts_ms=None).ts_ms == limit + 1
    short = b'{"ts":%d,"campaign_id":"c"}' % TS_MS
    assert read(short + b" " * (MESSAGE_BYTES - len(short))).campaign == b"c"
    assert read(short + b" " * (MESSAGE_BYTES - len(short) + 1)) == "too_large"


def test_both_parsers_agree_where_both_can_read():
    """The slow parser reads what holds an escape \\u: adding one under an unknown name must not change the verdict."""
    for case in REFUSED + ODD + REFUSED_TYPES + ODD_TYPES:
        value = filled(case, TS_MS)
        if not value or not value.startswith(b"{") or len(value) > 1000:
            continue
        escaped = b'{"\\u0078\\u0078":0,' + value[1:]
        for rules in (RULES, ALL_TYPES):
            assert read(escaped, case.topic_type, rules=rules) == read(value, case.topic_type, rules=rules), case.name
