"""The recount on logs small enough to be counted by hand."""

import datetime
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.oracle import windows
from tests.oracle.generator import Generator
from tests.oracle.goals import states
from tests.oracle.recount import Message, Recount, encoded, ratio, recount

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NOON_MS = 1_781_092_800_000  # 2026-06-10T12:00:00Z
TOPICS = {"impression": "ad.impressions", "click": "ad.clicks", "order": "ad.orders"}


def log_of(*events):
    """Events as (topic's kind, partition, ts_ms, fields) to a log; the record's time is the event's."""
    log = {}
    for kind, partition, ts_ms, fields in events:
        messages = log.setdefault((TOPICS[kind], partition), [])
        value = json.dumps({"ts": ts_ms, **fields}).encode()
        messages.append(Message(len(messages), max(ts_ms, NOON_MS), value))
    return log


def at(text):
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def test_one_campaign_by_hand():
    log = log_of(("impression", 0, NOON_MS, {"campaign_id": "c", "cost": "0.01"}),
                 ("impression", 1, NOON_MS - 2 * HOUR_MS, {"campaign_id": "c", "cost": "0.02"}),
                 ("click", 0, NOON_MS, {"campaign_id": "c", "cost": 0.97}),
                 ("order", 0, NOON_MS, {"order_id": "1", "campaign_id": "c", "revenue": "3.5"}),
                 ("order", 0, NOON_MS, {"order_id": "2", "revenue": "4"}))
    keys = recount(log, {"windows": ["1h", "total"]})
    assert keys[b"roi:campaigns"] == {b"c": "", b"(unattributed)": ""}
    assert keys[b"roi:{c}:1h"] == {
        "impressions": "1", "clicks": "1", "orders": "1", "conversions_micro": "1000000",
        "refunded_conversions_micro": "0", "cost_micros": "980000", "media_cost_micros": "980000",
        "revenue_micros": "3500000", "refunded_micros": "0", "cohort_revenue_micros": "3500000",
        "value_micros": "3500000", "cohort_value_micros": "3500000", "excluded_micros": "0", "roi": "2.571429",
        "roas": "3.571429", "ctr": "1.000000", "cvr": "1.000000", "cpc_micros": "980000", "cpm_micros": "980000000",
        "cpa_micros": "980000", "aov_micros": "3500000", "from_ms": str(NOON_MS + MINUTE_MS - HOUR_MS),
        "to_ms": str(NOON_MS + MINUTE_MS), "as_of_ms": str(NOON_MS), "currency": "EUR"}
    total = keys[b"roi:{c}:total"]
    assert (total["impressions"], total["cost_micros"], total["from_ms"]) == ("2", "1000000", "0")
    assert total["to_ms"] == str(NOON_MS + 15 * MINUTE_MS)
    nobody = keys[b"roi:{(unattributed)}:total"]
    assert (nobody["orders"], nobody["revenue_micros"]) == ("1", "4000000")
    assert not {"roi", "roas", "ctr", "cvr", "cpc_micros", "cpm_micros"} & set(nobody)
    assert nobody["cpa_micros"] == "0" and nobody["aov_micros"] == "4000000"
    assert len(keys) == 5


def test_an_order_id_counts_once_and_its_repeats_move_the_lane():
    order = {"order_id": "1", "campaign_id": "c", "revenue": 1}
    log = log_of(("order", 0, NOON_MS - 3 * DAY_MS, order), ("order", 0, NOON_MS, {**order, "revenue": 9}),
                 ("order", 0, NOON_MS - 2 * DAY_MS, {**order, "order_id": "2"}))
    counted = Recount(log, {"windows": ["24h"], "lateness": {"disorder": 0}})
    assert sum(counted.duplicates.values()) == 1 and counted.as_of_ms == NOON_MS
    assert counted.late == 1  # order 2: the repeat of order 1 had brought the lane to noon
    assert counted.totals() == (2, 2_000_000)


def test_late_is_judged_by_the_own_lane_to_the_millisecond():
    config = {"windows": ["1h", "total"], "lateness": {"disorder": "30s"}}
    bound = NOON_MS - HOUR_MS - 30_000
    log = log_of(("click", 0, NOON_MS, {"campaign_id": "c"}), ("click", 0, bound, {"campaign_id": "c", "cost": 1}),
                 ("click", 0, bound - 1, {"campaign_id": "c", "cost": 2}),
                 ("click", 1, bound - 1, {"campaign_id": "c", "cost": 4}),
                 ("order", 0, NOON_MS, {"order_id": "1", "revenue": 1, "campaign_id": "c"}),
                 ("order", 0, bound - 1, {"order_id": "2", "revenue": 8, "campaign_id": "c"}))
    counted = Recount(log, config)
    assert counted.late == 2
    hour, total = counted.final(b"roi:{c}:1h"), counted.final(b"roi:{c}:total")
    assert (hour["excluded_micros"], total["excluded_micros"]) == ("10000000", "0")
    assert (total["clicks"], total["orders"], total["media_cost_micros"]) == ("4", "2", "7000000")
    assert (hour["clicks"], hour["orders"]) == ("1", "1")
    far = Recount(log, {"windows": ["1h", "total"], "defaults": {"goals": [
        {"name": "g", "metric": "roi", "target": 1, "window": "7d"}]}})
    assert far.late == 0
    assert Recount(log, {"windows": ["total"]}).late == 0


def test_refusals_are_counted_by_partition_and_reason_and_leave_no_trace():
    log = log_of(("click", 0, NOON_MS, {"campaign_id": "c"}), ("click", 0, NOON_MS, {}),
                 ("click", 0, NOON_MS + HOUR_MS, {"campaign_id": "x", "type": "spent"}))
    log["ad.clicks", 1] = [Message(0, NOON_MS, b"{"), Message(7, NOON_MS, None)]
    counted = Recount(log, {"windows": ["1h"]})
    assert dict(counted.rejected) == {("ad.clicks", 0, "missing_field"): 1, ("ad.clicks", 0, "unknown_type"): 1,
                                      ("ad.clicks", 1, "not_json"): 1, ("ad.clicks", 1, "empty"): 1}
    assert counted.as_of_ms == NOON_MS and counted.members == {b"c"}


def test_configured_campaigns_have_keys_without_events():
    keys = recount(log_of(("click", 0, NOON_MS, {"campaign_id": "c"})), {"windows": ["1h"], "campaigns": {"50%": None}})
    assert keys[b"roi:{50%25}:1h"]["clicks"] == "0" and "roi" not in keys[b"roi:{50%25}:1h"]


def test_prices_by_local_date_each_rounded_once():
    cost = [{"from": datetime.date(2026, 6, 10), "cpm": Decimal("0.0005"), "cpc": 1},
            {"from": datetime.date(2026, 6, 11), "cpm": Decimal("0.001"), "cpa": Decimal("0.000001")}]
    config = {"windows": ["total"], "campaigns": {"c": {"timezone": "Asia/Tokyo", "cost": cost}}}
    midnight = at("2026-06-11T00:00:00+09:00")
    events = [("impression", 0, midnight - 1, {"campaign_id": "c"})] * 3
    events += [("click", 0, at("2026-06-09T23:59:59.999+09:00"), {"campaign_id": "c"}),
               ("click", 0, midnight - 1, {"campaign_id": "c"}), ("click", 0, midnight, {"campaign_id": "c"}),
               ("order", 0, midnight, {"order_id": "1", "campaign_id": "c", "revenue": 0})]
    assert recount(log_of(*events), config)[b"roi:{c}:total"]["cost_micros"] == str(2 + 1_000_000 + 1)
    events.append(("impression", 0, midnight, {"campaign_id": "c"}))  # 1.5 + 1 = 2.5 micro-units: to the even 2
    assert recount(log_of(*events), config)[b"roi:{c}:total"]["cost_micros"] == str(2 + 1_000_000 + 1)


def test_values_by_margin_and_by_rate():
    log = log_of(("order", 0, NOON_MS, {"order_id": "1", "campaign_id": "m", "revenue": 10, "margin": "-2.5"}),
                 ("order", 0, NOON_MS, {"order_id": "2", "campaign_id": "m", "revenue": 10}),
                 ("order", 0, NOON_MS, {"order_id": "3", "campaign_id": "r", "revenue": "0.000005"}),
                 ("click", 0, NOON_MS, {"campaign_id": "m", "cost": 1}))
    config = {"windows": ["total"], "campaigns": {"m": {"value": "margin"}, "r": {"value": {"margin_rate": Decimal("0.5")}}}}
    keys = recount(log, config)
    m, r = keys[b"roi:{m}:total"], keys[b"roi:{r}:total"]
    assert (m["value_micros"], m["cohort_value_micros"], m["roi"], m["roas"]) == ("-2500000", "-2500000", "-3.500000", "-2.500000")
    assert r["value_micros"] == "2"  # 2.5, half to even


@pytest.mark.parametrize("name, minutes", [
    ("1m", 1), ("5m", 1), ("7m", 1), ("1h", 1), ("90m", 1), ("2h", 1), ("3h", 1), ("6h", 3), ("24h", 15), ("36h", 20),
    ("7d", 105), ("30d", 450)])
def test_slices(name, minutes):
    assert windows.window(name).slice_ms == minutes * MINUTE_MS


def test_rolling_bounds_are_the_first_edge_strictly_after():
    utc = ZoneInfo("UTC")
    assert windows.bounds(windows.window("5m"), utc, 599_999) == (300_000, 600_000)
    assert windows.bounds(windows.window("5m"), utc, 600_000) == (360_000, 660_000)
    week = windows.bounds(windows.window("7d"), utc, NOON_MS)
    assert week[1] % (105 * MINUTE_MS) == 0 and 0 < week[1] - NOON_MS <= 105 * MINUTE_MS
    assert week[1] - week[0] == 7 * DAY_MS


@pytest.mark.parametrize("zone, date, text", [
    ("Europe/Paris", (2026, 3, 29), "2026-03-29T00:00:00+01:00"),
    ("Europe/Paris", (2026, 3, 30), "2026-03-30T00:00:00+02:00"),
    ("America/Sao_Paulo", (2018, 11, 4), "2018-11-04T01:00:00-02:00"),  # midnight was skipped
    ("America/Sao_Paulo", (2018, 2, 18), "2018-02-18T00:00:00-03:00"),  # 23 h of the 17th came twice
    ("America/Havana", (2025, 11, 2), "2025-11-02T00:00:00-04:00"),     # 0 h came twice: the first
    ("Pacific/Apia", (2011, 12, 30), "2011-12-31T00:00:00+14:00"),      # a date that was skipped
    ("Asia/Kathmandu", (2026, 1, 1), "2026-01-01T00:00:00+05:45")])
def test_first_instants_of_local_dates(zone, date, text):
    assert windows.first_instant(datetime.date(*date), ZoneInfo(zone)) == at(text)


def test_calendar_windows():
    paris = ZoneInfo("Europe/Paris")
    moment = at("2026-03-29T23:50:00+02:00")  # a Sunday of 23 hours

    def bounds(name):
        return windows.bounds(windows.window(name), paris, moment)

    end = at("2026-03-30T00:00:00+02:00")
    assert bounds("today") == (at("2026-03-29T00:00:00+01:00"), end)
    assert bounds("yesterday") == (at("2026-03-28T00:00:00+01:00"), at("2026-03-29T00:00:00+01:00"))
    assert bounds("week") == (at("2026-03-23T00:00:00+01:00"), end)
    assert bounds("month") == (at("2026-03-01T00:00:00+01:00"), end)
    assert bounds("total") == (0, end)


def test_fixed_costs_add_up_and_days_get_the_same_part():
    zone = ZoneInfo("Europe/Paris")
    cost = {"cost": {"fixed": [{"amount": Decimal("100.000001"), "from": datetime.date(2026, 3, 28),
                                "to": datetime.date(2026, 3, 31)}]}}
    config = {"windows": ["total"], "campaigns": {"c": cost}, "account": {"timezone": "Europe/Paris"}}
    items = Recount({}, config).rules.campaigns[b"c"].fixed
    edges = [windows.first_instant(datetime.date(2026, 3, day), zone) for day in (28, 29, 30, 31)]
    assert windows.fixed_cost(items, zone, 0, edges[0]) == 0
    assert windows.fixed_cost(items, zone, edges[1], edges[2]) in (33_333_333, 33_333_334)
    half = edges[1] + (edges[2] - edges[1]) // 2
    assert windows.fixed_cost(items, zone, 0, half) == 50_000_000
    cuts = [edges[0] - 5, edges[0] + 17, half, edges[2] + 1, edges[3] - 1, edges[3] + DAY_MS]
    parts = [windows.fixed_cost(items, zone, a, b) for a, b in zip(cuts, cuts[1:])]
    assert sum(parts) == 100_000_001 and all(part >= 0 for part in parts)


@pytest.mark.parametrize("numerator, denominator, text", [
    (1, 3, "0.333333"), (2, 3, "0.666667"), (-1, 3, "-0.333333"), (1, 2_000_000, "0.000000"), (3, 2_000_000, "0.000002"),
    (-1, 4_000_000, "0.000000"), (-1, 1, "-1.000000"), (1, 0, None), (123_456_789, 1, "123456789.000000")])
def test_ratios(numerator, denominator, text):
    assert ratio(numerator, denominator) == text


def test_ids_in_key_names():
    assert encoded("50% {a}\x01\x7f é:*".encode()) == "50%25 %7Ba%7D%01%7F é:*".encode()


def test_goals():
    log = log_of(("click", 0, NOON_MS, {"campaign_id": "c", "cost": 10}),
                 ("order", 0, NOON_MS, {"order_id": "1", "campaign_id": "c", "revenue": 15}))

    def judged(**more):
        goal = {"name": "g", "metric": "roi", "target": Decimal("0.5"), "window": "1h", **more}
        counted = Recount(log, {"windows": ["1h"], "campaigns": {"c": {"goals": [goal]}}})
        return states(counted, b"c", counted.rules.campaigns[b"c"].goals[0])

    assert judged() == {"ok"}
    assert judged(target=Decimal("0.500001")) == {"firing"}
    assert judged(recover=Decimal("0.6")) == {"ok", "firing"}
    assert judged(min_cost=Decimal("10.01")) == {"insufficient", "firing"}
    assert judged(min_orders=2) == {"insufficient", "firing"}
    assert judged(metric="cpm") == {"insufficient", "firing"}
    assert judged(metric="cvr", target=1) == {"ok"}
    assert judged(metric="roas", target=Decimal("1.6")) == {"firing"}


def test_the_generator_is_a_function_of_its_seed_and_makes_every_kind():
    def log(seed):
        result = {}
        for record in Generator(seed, 20_000, TOPICS, 4):
            messages = result.setdefault((record.topic, record.partition), [])
            messages.append(Message(len(messages), record.record_ts_ms, record.value))
        return result

    first = log(1)
    assert first == log(1) and first != log(2)
    counted = Recount(first, {"windows": ["5m", "month", "total"], "limits": {"message_bytes": "64KiB"}})
    reasons = {reason for _, _, reason in counted.rejected}
    assert len(reasons) == 16
    assert sum(counted.duplicates.values()) > 50 and counted.late > 5
    assert {kind for _, _, kind in counted.accepted} >= {"impression", "click", "order"}
    assert any((topic, kind) == ("ad.clicks", "order") for topic, _, kind in counted.accepted)
    assert int(counted.final(b"roi:{campaign-0000}:5m")["clicks"]) > 20
    assert "💩" not in str(counted.members) and "emoji 😀".encode() in counted.members
