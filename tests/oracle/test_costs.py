"""Spend, engagements, measures, currencies and the look-up of ads, by hand."""

import datetime
from decimal import Decimal

import pytest

from tests.oracle.goals import states
from tests.oracle.handmade import DAY_MS, HOUR_MS, NOON_MS, Handmade, field, revenue
from tests.oracle.rules import read_lookup


def cost(counted, window="total"):
    return field(counted, "media_cost_micros", window)


# Spend

def test_spend_with_ts_counts_there_is_never_late_and_total_holds_all_of_it():
    made = Handmade({"windows": ["1h", "24h", "total"]})
    made.add("spend", NOON_MS, campaign_id="c", amount=1)
    made.add("spend", NOON_MS - HOUR_MS, campaign_id="c", amount="2")
    made.add("spend", NOON_MS - 300 * DAY_MS, campaign_id="c", amount=4)
    counted = made.count()
    assert [cost(counted, window)["c"] for window in ("1h", "24h", "total")] == [1_000_000, 3_000_000, 7_000_000]
    assert field(counted, "excluded_micros", "1h") == {} and counted.late == 0
    assert field(counted, "cost_micros") == {"c": 7_000_000} and counted.as_of_ms == NOON_MS


def test_spread_spend_counts_by_milliseconds_up_to_to_ms_and_moves_no_lane():
    made = Handmade({"windows": ["1h", "today", "total"]})
    made.add("click", NOON_MS, campaign_id="c")
    made.add("spend", None, campaign_id="c", amount="0.000007", **{"from": NOON_MS - HOUR_MS, "to": NOON_MS + HOUR_MS})
    made.add("spend", None, campaign_id="c", amount=100, **{"from": NOON_MS + DAY_MS, "to": NOON_MS + 2 * DAY_MS})
    counted = made.count()
    assert counted.as_of_ms == NOON_MS
    # 1h is [11:01, 12:01): floor(7 * 61 / 120) - floor(7 * 1 / 120) = 3 - 0; total ends at 12:15: floor(7 * 75 / 120) = 4
    assert (cost(counted, "1h"), cost(counted, "today"), cost(counted)) == ({"c": 3}, {"c": 4}, {"c": 4})


def test_parts_of_spread_spend_add_up():
    made = Handmade({"windows": ["1h"]})
    made.add("spend", NOON_MS, campaign_id="c", amount="0.001003", **{"from": NOON_MS, "to": NOON_MS + DAY_MS + 7})
    counted = made.count()
    window = counted.rules.windows[0]
    parts = [int(counted.fields(b"c", window, NOON_MS - 1 + hour * HOUR_MS)["cost_micros"]) for hour in range(0, 27)]
    assert sum(parts) == 1003 and min(parts[1:25]) >= 41 and parts[0] == parts[26] == 0


def test_from_and_to_decide_over_ts_which_moves_the_lane_and_can_be_future():
    made = Handmade({"windows": ["1h", "total"]})
    more = {"from": NOON_MS - 2 * DAY_MS, "to": NOON_MS - DAY_MS}
    made.add("spend", NOON_MS, campaign_id="c", amount=1, **more)
    made.add("spend", NOON_MS + 300_001, campaign_id="c", amount=1, record_ts_ms=NOON_MS, **more)
    counted = made.count()
    assert counted.as_of_ms == NOON_MS and (cost(counted, "1h"), cost(counted)) == ({}, {"c": 1_000_000})
    assert counted.rejected == {("ad.spend", 0, "future"): 1}


def test_of_one_spend_id_of_a_campaign_the_highest_offset_holds():
    made = Handmade({"windows": ["1h", "total"]})
    for campaign, spend_id, amount, ts_ms in (("c", "s", 1, NOON_MS), ("c", "s", 2, NOON_MS - DAY_MS), ("d", "s", 4, NOON_MS),
                                              ("c", "t", 8, NOON_MS), ("c", "", 16, NOON_MS), ("c", "", 16, NOON_MS)):
        made.add("spend", ts_ms, campaign_id=campaign, spend_id=spend_id, amount=amount)
    counted = made.count()
    assert cost(counted) == {"c": 42_000_000, "d": 4_000_000} and cost(counted, "1h") == {"c": 40_000_000, "d": 4_000_000}
    assert not counted.duplicates
    made.add("spend", NOON_MS - 1, campaign_id="c", spend_id="s", amount=0)
    assert cost(made.count())["c"] == 40_000_000


# Engagements and measures

def test_engagements_cost_and_are_measured_by_action():
    made = Handmade({"windows": ["1h", "total"], "measures": {"likes": {"action": "like"}, "shares": {"action": "share"}}})
    made.add("click", NOON_MS, campaign_id="c")
    for action, price in (("like", "0.5"), ("like", 0), ("comment", 2)):
        made.add("engagement", NOON_MS, campaign_id="c", action=action, cost=price)
    made.add("engagement", NOON_MS - DAY_MS * 60, campaign_id="c", action="like", cost=8)
    counted = made.count()
    hour, total = counted.final(b"roi:{c}:1h"), counted.final(b"roi:{c}:total")
    assert (hour["measure:likes"], total["measure:likes"], hour["measure:shares"]) == ("2", "3", "0")
    assert (hour["cost_micros"], total["cost_micros"], hour["excluded_micros"]) == ("2500000", "10500000", "8000000")
    assert hour["cost_per:likes_micros"] == "1250000" and total["cost_per:likes_micros"] == "3500000"
    assert "cost_per:shares_micros" not in hour and hour["clicks"] == "1"


def test_orders_of_a_kind_are_measured_by_credited_share_and_refunds_do_not_lower_it():
    made = Handmade({"windows": ["total"], "measures": {"leads": {"orders_of_kind": "lead"}, "sales": {"orders_of_kind": "sale"}}},
                    model="linear")
    made.click(NOON_MS - 2, "a", user_id="u", cost=1)
    made.click(NOON_MS - 1, "b", user_id="u")
    made.order(NOON_MS, 5, "o", user_id="u", kind="lead")
    made.order(NOON_MS, 5, user_id="u")
    made.order(NOON_MS, 5, campaign_id="b")
    made.refund(NOON_MS, "o")
    counted = made.count()
    assert field(counted, "measure:leads") == {"a": 500_000, "b": 500_000}
    assert field(counted, "measure:sales") == {"a": 500_000, "b": 1_500_000}
    assert counted.final(b"roi:{a}:total")["cost_per:leads_micros"] == "2000000"


def test_goals_on_measures():
    made = Handmade({"windows": ["total"], "measures": {"leads": {"orders_of_kind": "lead"}, "likes": {"action": "like"}}},
                    model="linear")
    for age, campaign in ((2, "a"), (1, "b")):
        made.click(NOON_MS - age, campaign, user_id="u", cost=1)
    made.order(NOON_MS, 5, user_id="u", kind="lead")
    made.add("engagement", NOON_MS, campaign_id="a", action="like")

    def judged(**goal):
        made.config["campaigns"] = {"a": {"goals": [{"name": "g", "window": "total", **goal}]}}
        counted = made.count()
        return states(counted, b"a", counted.rules.campaigns[b"a"].goals[0])

    assert judged(metric="measure:leads", target="0.5") == {"ok"} != judged(metric="measure:leads", target="0.500001")
    assert judged(metric="measure:likes", target=1) == {"ok"} != judged(metric="measure:likes", target="1.000001")
    assert judged(metric="cost_per:leads", below=2) == {"ok"} != judged(metric="cost_per:leads", below="1.999999")
    assert judged(metric="cost_per:likes", below=1) == {"ok"} != judged(metric="cost_per:likes", below="0.999999")


def test_a_price_per_order_is_paid_by_share_and_rounded_once():
    made = Handmade({"windows": ["total"], "campaigns": {"a": {"cost": {"cpa": Decimal("0.000001")}}}}, model="linear")
    made.click(NOON_MS - 2, "a", user_id="u")
    made.click(NOON_MS - 1, "b", user_id="u")
    for _ in range(3):
        made.order(NOON_MS, 1, user_id="u")
    assert field(made.count(), "cost_micros") == {"a": 2}  # 1.5: to the even 2, not 3 times 0


# Currencies

RATES = [{"from": datetime.date(2026, 6, 10), "USD": Decimal("0.5"), "GBP": 2},
         {"from": datetime.date(2026, 6, 1), "USD": Decimal("0.25")}, {"from": datetime.date(2026, 6, 11), "GBP": 3}]
MIDNIGHT_MS = NOON_MS - 14 * HOUR_MS  # 10 June in Europe/Paris
DATED = {"rates": RATES, "account": {"currency": "EUR", "timezone": "Europe/Paris"}, "windows": ["total"]}


@pytest.mark.parametrize("ts_ms, code, amount, micros", [
    (MIDNIGHT_MS, "USD", 10, 5_000_000), (MIDNIGHT_MS - 1, "USD", 10, 2_500_000), (MIDNIGHT_MS, "GBP", 10, 20_000_000),
    (MIDNIGHT_MS + DAY_MS, "GBP", 10, 30_000_000), (MIDNIGHT_MS + DAY_MS, "USD", 10, 5_000_000), (MIDNIGHT_MS, "EUR", 10, 10_000_000),
    (MIDNIGHT_MS, "USD", "0.000003", 2), (MIDNIGHT_MS, "USD", "0.000001", 0), (MIDNIGHT_MS, "USD", "0.000005", 2),
    (MIDNIGHT_MS, "USD", "0.0000025", 1),  # first to 2 micro-units, then to 1: 1.25 at once would be 1 too
    (MIDNIGHT_MS, "USD", "0.0000029", 2),  # 3 and then 1.5 → 2; at once it would be 1.45 → 1
    (MIDNIGHT_MS, "GBP", "4611686018427.387903", 2**63 - 2)])
def test_rates_by_local_date_and_both_roundings(ts_ms, code, amount, micros):
    made = Handmade(DATED)
    made.order(ts_ms, amount, campaign_id="c", currency=code)
    assert revenue(made.count()).get("c", 0) == micros


@pytest.mark.parametrize("ts_ms, code, amount, reason", [
    (MIDNIGHT_MS - 1, "GBP", 1, "unknown_currency"), (MIDNIGHT_MS, "JPY", 1, "unknown_currency"),
    (MIDNIGHT_MS, "from", 1, "unknown_currency"), (MIDNIGHT_MS, "gbp", 1, "unknown_currency"),
    (MIDNIGHT_MS, "GBP", "4611686018427.387904", "money_range")])
def test_what_has_no_rate_or_no_room(ts_ms, code, amount, reason):
    made = Handmade(DATED)
    made.order(ts_ms, amount, campaign_id="c", currency=code)
    made.click(ts_ms, "c", currency="JPY")
    made.click(ts_ms, "c", cost=0)
    counted = made.count()
    assert counted.rejected == {("ad.orders", 0, reason): 1} and field(counted, "clicks") == {"c": 2}


def test_costs_and_margins_have_the_rate_too_and_spread_spend_that_of_its_from():
    made = Handmade({**DATED, "campaigns": {"c": {"value": "margin"}}})
    made.click(MIDNIGHT_MS, "c", cost="1", currency="USD")
    made.order(MIDNIGHT_MS, 1, campaign_id="c", currency="USD", margin="-0.000003")
    made.add("spend", MIDNIGHT_MS, campaign_id="c", amount=4, currency="USD",
             **{"from": MIDNIGHT_MS - 1, "to": MIDNIGHT_MS})
    counted = made.count()
    assert cost(counted) == {"c": 500_000 + 1_000_000} and field(counted, "value_micros") == {"c": -2}


def test_a_refund_has_the_orders_currency_or_its_own_at_the_orders_time():
    def refunded(**fields):
        made = Handmade(DATED)
        made.order(MIDNIGHT_MS - 1, 100, "o", campaign_id="c", currency="USD")
        made.refund(MIDNIGHT_MS, "o", **fields)
        counted = made.count()
        return field(counted, "refunded_micros").get("c", {reason for _, _, reason in counted.rejected})

    assert refunded(amount=10) == 2_500_000 == refunded(amount=10, currency="USD")
    assert refunded(amount=10, currency="EUR") == 10_000_000
    assert refunded(amount=10, currency="GBP") == {"unknown_currency"} == refunded(amount=10, currency="JPY")
    assert refunded() == 25_000_000 == refunded(currency="JPY")


# Ads

def test_a_campaign_is_looked_up_by_its_ad_where_it_is_not_named(tmp_path):
    path = tmp_path / "ads.csv"
    path.write_text('ad_id,campaign_id\n1,one\n"a,b",two\n9,(overflow)\n', encoding="utf-8")
    lookup = read_lookup(path)
    made = Handmade()
    for fields in ({"ad_id": 1}, {"ad_id": "a,b"}, {"ad_id": "1", "campaign_id": "own"}, {"ad_id": "2"}, {"ad_id": "9"},
                   {"ad_id": ""}, {}):
        made.add("click", NOON_MS, **fields)
    counted = made.count(lookup=lookup)
    assert field(counted, "clicks") == {"one": 1, "two": 1, "own": 1}
    assert {reason: n for (_, _, reason), n in counted.rejected.items()} == {
        "unknown_ad": 1, "reserved_id": 1, "missing_field": 2}
    assert {reason for _, _, reason in made.count().rejected} == {"missing_field"}
