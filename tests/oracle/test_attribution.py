"""Attribution by hand: a case for every sentence of the contract's "Attribution, exactly" about touches and models."""

import datetime
import json
import pathlib
import random
from fractions import Fraction

import pytest

from tests.oracle import models
from tests.oracle.decode import UNATTRIBUTED
from tests.oracle.handmade import DAY_MS, HOUR_MS, MINUTE_MS, NOON_MS, Handmade, conversions, field, revenue
from tests.oracle.models import split
from tests.oracle.rules import PRESENT

CASES = json.loads(pathlib.Path(__file__).with_name("attribution.json").read_text(encoding="utf-8"))["cases"]
NOBODY = UNATTRIBUTED.decode()
MODELS = {"first": "first_click", "last": "last_click", "linear": "linear", "position": "position",
          "time_decay_halflife_1d": "time_decay", "last_revenue": "last_click", "influenced_orders": "linear"}


# Cases of others

def _case(case, model):
    made = Handmade(model=model, click_lookback=f"{case['lookback_days']}d", half_life="1d")
    for kind in ("clicks", "orders"):
        for event in case[kind]:
            ts_ms = int(datetime.datetime.fromisoformat(event["ts"].replace("Z", "+00:00")).timestamp() * 1000)
            if kind == "clicks":
                made.click(ts_ms, event["campaign"], user_id=event["user"])
            else:
                made.order(ts_ms, event["revenue"], user_id=event["user"])
    return made.count()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_conformance(case):
    for what, expected in case["expected_conversions"].items():
        counted = _case(case, MODELS[what])
        name = {"last_revenue": "revenue_micros", "influenced_orders": "orders"}.get(what, "conversions_micro")
        unit = 1 if name == "orders" else 1_000_000
        found = field(counted, name)
        for campaign, n in expected.items():
            assert abs(found.get(campaign, 0) - n * unit) < 1, (what, campaign)
        assert set(found) - {NOBODY} == {campaign for campaign, n in expected.items() if n}
    counts, counted = case["expected_counts"], _case(case, "last_click")
    assert counted.totals()[0] == counts.get("total_orders", len(case["orders"]))
    if "unattributed_orders" in counts:
        assert field(counted, "orders").get(NOBODY, 0) == counts["unattributed_orders"]
    if "campaign_rows" in counts:
        assert len(counted.members - {UNATTRIBUTED}) == counts["campaign_rows"]


# Which touches count

def test_a_trusted_campaign_takes_all_at_the_orders_time_whatever_was_clicked():
    def counted(**attribution):
        made = Handmade({"windows": ["1h", "total"]}, **attribution)
        made.click(NOON_MS - 2 * HOUR_MS, "clicked", user_id="u")
        made.order(NOON_MS, 5, user_id="u", campaign_id="named")
        return made.count()

    assert revenue(counted()) == {"named": 5_000_000}
    assert field(counted(), "cohort_revenue_micros", "1h") == {"named": 5_000_000}
    assert revenue(counted(trust_order_campaign=False)) == {"clicked": 5_000_000}
    assert field(counted(trust_order_campaign=False), "cohort_revenue_micros", "1h") == {}
    assert field(counted(trust_order_campaign=False), "cohort_revenue_micros") == {"clicked": 5_000_000}
    assert b"named" not in counted(trust_order_campaign=False).members


def test_touches_are_found_under_either_identity_and_each_counts_once():
    made = Handmade(model="linear")
    made.click(NOON_MS - 3, "user", user_id="u")
    made.click(NOON_MS - 2, "click", click_id="k", event_id="1")
    made.click(NOON_MS - 1, "both", user_id="u", click_id="k", event_id="2")
    made.click(NOON_MS - 1, "neither")
    made.click(NOON_MS - 1, "other", user_id="k", click_id="u")  # a user's id is no click's id
    made.order(NOON_MS, 3, user_id="u", click_id="k")
    made.order(NOON_MS, 8, user_id="u")
    made.order(NOON_MS, 16, click_id="k")
    assert revenue(made.count()) == {"user": 5_000_000, "click": 9_000_000, "both": 13_000_000}


def test_an_order_without_identity_or_without_touches_is_unattributed_at_its_own_time():
    made = Handmade({"windows": ["1h", "total"]})
    made.click(NOON_MS, "c", user_id="u")
    made.order(NOON_MS, 1)
    made.order(NOON_MS, 2, user_id="v")
    made.order(NOON_MS, 4, user_id="")
    counted = made.count()
    assert revenue(counted) == {NOBODY: 7_000_000} and field(counted, "orders") == {NOBODY: 3}
    assert field(counted, "cohort_revenue_micros", "1h") == {NOBODY: 7_000_000}


@pytest.mark.parametrize("age_ms, found", [
    (0, True), (1, True), (-1, False), (DAY_MS, True), (DAY_MS + 1, False)])
def test_the_click_lookback_is_inclusive_at_both_ends(age_ms, found):
    made = Handmade(click_lookback="1d", view_lookback="3d")
    made.click(NOON_MS - age_ms, "c", user_id="u")
    made.order(NOON_MS, 1, user_id="u")
    assert revenue(made.count()) == {"c" if found else NOBODY: 1_000_000}


@pytest.mark.parametrize("age_ms, found", [
    (0, True), (-1, False), (HOUR_MS, True), (HOUR_MS + 1, False)])
def test_the_view_lookback_is_inclusive_at_both_ends(age_ms, found):
    made = Handmade(click_lookback="1d", view_lookback="1h")
    made.view(NOON_MS - age_ms, "v", user_id="u")
    made.order(NOON_MS, 1, user_id="u")
    assert revenue(made.count()) == {"v" if found else NOBODY: 1_000_000}


def test_views_count_only_where_there_is_no_eligible_click():
    made = Handmade(model="linear", click_lookback="1h", view_lookback="1d")
    for user, age_ms in (("in", HOUR_MS), ("out", HOUR_MS + 1)):
        made.click(NOON_MS - age_ms, "clicked", user_id=user)
        made.view(NOON_MS - 1, "viewed", user_id=user)
        made.order(NOON_MS, 1, user_id=user)
    assert revenue(made.count()) == {"clicked": 1_000_000, "viewed": 1_000_000}


def test_views_are_off_with_a_lookback_of_0():
    made = Handmade()
    made.view(NOON_MS, "v", user_id="u")
    made.order(NOON_MS, 1, user_id="u")
    assert revenue(made.count()) == {NOBODY: 1_000_000}


def test_views_and_engagements_are_not_deduplicated_and_engagements_are_no_touches():
    made = Handmade(model="linear", view_lookback="1d")
    for _ in range(2):
        made.view(NOON_MS - 2, "v", user_id="u", event_id="e")
        made.add("engagement", NOON_MS - 1, campaign_id="e", action="like", user_id="u", event_id="e")
    made.view(NOON_MS - 1, "w", user_id="u")
    made.order(NOON_MS, 3, user_id="u")
    assert revenue(made.count()) == {"v": 2_000_000, "w": 1_000_000}


def test_touches_of_one_time_go_by_topic_as_bytes_then_partition_then_offset():
    def last(*clicks):
        made = Handmade({"kafka": {"topics": {"clicks": ["a", "é", "z", "B"], "orders": "ad.orders"}}})
        for topic, partition, campaign in clicks:
            made.log.setdefault((topic, partition), [])
            made.click(NOON_MS, campaign, user_id="u")
            made.log[topic, partition].append(
                made.log["ad.clicks", 0].pop()._replace(offset=len(made.log[topic, partition])))
        del made.log["ad.clicks", 0]
        made.order(NOON_MS, 1, user_id="u")
        return set(revenue(made.count()))

    assert last(("é", 0, "first"), ("z", 9, "second"), ("a", 0, "third")) == {"first"}
    assert last(("B", 9, "first"), ("a", 0, "second")) == {"second"}
    assert last(("a", 10, "first"), ("a", 9, "second")) == {"first"}
    assert last(("a", 0, "first"), ("a", 0, "second")) == {"second"}


def test_the_newest_max_touches_count_over_all_identities_and_then_runs_collapse():
    def counted(**attribution):
        made = Handmade(model="linear", **attribution)
        for age, campaign, who in ((6, "a", {"user_id": "u"}), (5, "b", {"click_id": "k"}), (4, "a", {"user_id": "u"}),
                                   (3, "a", {"click_id": "k"}), (2, "a", {"user_id": "u"}), (1, "c", {"user_id": "u"})):
            made.click(NOON_MS - age, campaign, event_id=str(age), **who)
        made.order(NOON_MS, 60, user_id="u", click_id="k")
        return revenue(made.count())

    assert counted() == {"a": 40_000_000, "b": 10_000_000, "c": 10_000_000}
    assert counted(max_touches=5) == {"b": 12_000_000, "a": 36_000_000, "c": 12_000_000}
    assert counted(max_touches=1) == {"c": 60_000_000}
    assert counted(collapse=True) == {"a": 30_000_000, "b": 15_000_000, "c": 15_000_000}
    assert counted(collapse=True, max_touches=4) == {"a": 30_000_000, "c": 30_000_000}


def test_a_run_leaves_its_last_touch():
    made = Handmade({"windows": ["1h", "total"]}, model="first_click", collapse=True)
    made.click(NOON_MS - 3 * HOUR_MS, "a", user_id="u")
    made.click(NOON_MS - 60_000, "a", user_id="u")
    made.order(NOON_MS, 1, user_id="u")
    assert field(made.count(), "cohort_revenue_micros", "1h") == {"a": 1_000_000}


def test_a_touch_serves_several_orders_and_read_order_does_not_matter():
    made = Handmade()
    made.order(NOON_MS - 10, 1, user_id="u")
    made.click(NOON_MS - 20, "a", user_id="u")
    made.click(NOON_MS - 5, "b", user_id="u")
    made.order(NOON_MS, 2, user_id="u")
    assert revenue(made.count()) == {"a": 1_000_000, "b": 2_000_000}


# Models

@pytest.mark.parametrize("model, n, position, by", [
    ("last_click", 3, (), [0, 0, 1]), ("first_click", 3, (), [1, 0, 0]), ("linear", 4, (), [1, 1, 1, 1]),
    ("position", 1, (40, 20, 40), [1]), ("position", 2, (40, 20, 40), [1, 1]), ("position", 2, (10, 20, 30), [1, 3]),
    ("position", 2, (0, 1, 0), [1, 1]), ("position", 2, (0, 1, 5), [0, 1]), ("position", 3, (40, 20, 40), [2, 1, 2]),
    ("position", 5, (40, 20, 40), [6, 1, 1, 1, 6]), ("position", 1, (0, 1, 0), [1]), ("position", 3, (0, 1, 0), [0, 1, 0])])
def test_weights(model, n, position, by):
    found = models.weights(model, list(range(n)), [Fraction(part) for part in position], 1)
    assert [Fraction(one) / sum(found) for one in found] == [Fraction(one, sum(by)) for one in by]


def test_time_decay_halves_with_every_half_life_counted_from_the_newest():
    found = models.weights("time_decay", [0, 1000, 3000, 4000, 4000], (), 1000)
    assert [Fraction(one, found[-1]) for one in found] == [Fraction(1, 16), Fraction(1, 8), Fraction(1, 2), 1, 1]
    half = models.weights("time_decay", [0, 1], (), 2)
    assert abs(Fraction(half[0], half[1]) ** 2 - Fraction(1, 2)) < Fraction(1, 10**45)
    far = models.weights("time_decay", [0, 10**10], (), 1)
    assert far[0] == 0 and split(100, far) == [0, 100]


def test_kinds_name_their_model_and_a_missing_kind_is_a_sale():
    made = Handmade(model="last_click", by_kind={"lead": "first_click", "sale": "linear"})
    made.click(NOON_MS - 2, "a", user_id="u")
    made.click(NOON_MS - 1, "b", user_id="u")
    made.order(NOON_MS, 10, user_id="u", kind="lead")
    made.order(NOON_MS, 100, user_id="u", kind="other")
    made.order(NOON_MS, 1000, user_id="u")
    assert revenue(made.count()) == {"a": 510_000_000, "b": 600_000_000}


@pytest.mark.parametrize("amount, by, parts", [
    (1_000_000, [1, 1, 1], [333_334, 333_333, 333_333]), (2, [1, 1, 1], [1, 1, 0]), (10, [1, 2, 4], [1, 3, 6]),
    (0, [1, 2], [0, 0]), (5, [0, 1, 0], [0, 5, 0]), (1, [1, 2, 2], [0, 1, 0]), (7, [Fraction(1, 2), Fraction(3, 2)], [2, 5]),
    (2**63 - 1, [1, 1], [2**62, 2**62 - 1])])
def test_splits_go_by_largest_remainder_and_ties_to_the_earlier(amount, by, parts):
    assert split(amount, by) == parts


def test_a_campaign_gets_the_sum_of_its_touches_parts():
    made = Handmade(model="linear")
    for age, campaign in ((3, "a"), (2, "b"), (1, "a")):
        made.click(NOON_MS - age, campaign, user_id="u")
    made.order(NOON_MS, "0.000002", user_id="u")  # parts 1, 1, 0; by campaigns it would be 1, 1 as well
    made.order(NOON_MS, "0.000001", user_id="u")  # part 1 to the first; by campaigns it would be the same
    made.order(NOON_MS, "0.000005", user_id="u")  # parts 2, 2, 1; by campaigns, of weights 2 and 1, it would be 3, 2
    counted = made.count()
    assert revenue(counted) == {"a": 1 + 1 + 3, "b": 1 + 2}
    assert conversions(counted) == {"a": 3 * 666_667, "b": 3 * 333_333}


def test_a_negative_margin_is_split_as_its_absolute_value():
    made = Handmade({"windows": ["total"], "campaigns": {"a": {"value": "margin"}, "b": {"value": "margin"}}},
                    model="linear")
    made.click(NOON_MS - 2, "a", user_id="u")
    made.click(NOON_MS - 1, "b", user_id="u")
    made.order(NOON_MS, 1, user_id="u", margin="-0.000003")
    assert field(made.count(), "value_micros") == {"a": -2, "b": -1}


def test_an_order_counts_where_its_share_is_at_least_1_millionth():
    def orders(position):
        made = Handmade(model="position", position=position)
        for age, campaign in ((3, "a"), (2, "b"), (1, "c")):
            made.click(NOON_MS - age, campaign, user_id="u")
        made.order(NOON_MS, 100, user_id="u")
        return field(made.count(), "orders"), revenue(made.count())

    assert orders([1, 999_999, 0]) == ({"a": 1, "b": 1}, {"a": 100, "b": 99_999_900})
    assert orders([1, 9_999_999, 0]) == ({"b": 1}, {"a": 10, "b": 99_999_990})


def test_cohorts_follow_the_touch_and_its_own_lateness():
    made = Handmade({"windows": ["1h", "24h", "total"], "lateness": {"disorder": "30s"}}, model="linear")
    made.click(NOON_MS - DAY_MS - 60_000, "old", user_id="u")
    made.click(NOON_MS - 2 * HOUR_MS, "new", user_id="u")
    made.order(NOON_MS, 2, user_id="u")
    counted = made.count()
    assert revenue(counted, "1h") == {"old": 1_000_000, "new": 1_000_000}
    assert field(counted, "cohort_revenue_micros", "1h") == {}
    assert field(counted, "cohort_revenue_micros", "24h") == {"new": 1_000_000}
    assert field(counted, "cohort_revenue_micros") == {"old": 1_000_000, "new": 1_000_000}
    assert field(counted, "excluded_micros", "1h") == {}


def test_a_late_order_is_excluded_by_its_shares():
    made = Handmade({"windows": ["1h", "total"], "lateness": {"disorder": "30s"}}, model="linear")
    old = NOON_MS - HOUR_MS - 30_001
    made.click(old - 1, "a", user_id="u")
    made.click(old, "b", user_id="u")
    made.order(NOON_MS, 1, campaign_id="now")
    made.order(old, 3, user_id="u")
    counted = made.count()
    assert counted.late == 1 and revenue(counted, "1h") == {"now": 1_000_000}
    assert field(counted, "excluded_micros", "1h") == {"a": 1_500_000, "b": 1_500_000}
    assert field(counted, "conversions_micro") == {"now": 1_000_000, "a": 500_000, "b": 500_000}


# Repeats of clicks

def _clicks(*clicks, **attribution):
    """Clicks as (ts_ms, campaign, fields) of one partition: which campaigns are counted, and how many repeats."""
    made = Handmade(click_lookback="1d", order_hold="10m", **attribution)
    for ts_ms, campaign, fields in clicks:
        made.click(ts_ms, campaign, **fields)
    counted = made.count()
    assert sum(field(counted, "clicks").values()) + sum(counted.duplicates.values()) == len(clicks)
    return "".join(sorted(campaign * n for campaign, n in field(counted, "clicks").items()))


E, K, U, V = {"event_id": "e"}, {"click_id": "k"}, {"user_id": "u"}, {"user_id": "v"}
DAY_AND_HOLD_MS = DAY_MS + 10 * MINUTE_MS


@pytest.mark.parametrize("clicks, counted", [
    ([(0, "a", {**E, **U}), (0, "b", {**E, **U})], "a"),                       # the lowest offset wins
    ([(9, "a", {**E, **U}), (0, "b", {**E, **U})], "a"),                       # whatever the times
    ([(0, "a", {**E, **U}), (0, "b", {**E, **V})], "ab"),                      # no identity is shared
    ([(0, "a", {**E, **U, **K}), (0, "b", {**E, **V, **K})], "a"),             # one is
    ([(0, "a", {**E, **U}), (0, "b", {**E, **K}), (0, "c", {**E, **U, **K})], "ab"),
    ([(0, "a", {**K}), (0, "b", {**K})], "a"),                                 # without an event_id by click_id
    ([(0, "a", {**K, "event_id": "1"}), (0, "b", {**K, "event_id": "2"})], "ab"),
    ([(0, "a", E), (0, "b", E)], "ab"),                                        # without identity never
    ([(0, "a", U), (0, "b", U)], "ab"),                                        # without an id never
    ([(0, "a", {**E, **U}), (DAY_AND_HOLD_MS, "b", {**E, **U})], "a"),
    ([(0, "a", {**E, **U}), (DAY_AND_HOLD_MS + 1, "b", {**E, **U})], "ab"),
    ([(0, "a", {**E, **U}), (9, "b", {**E, **U}), (DAY_AND_HOLD_MS + 9, "c", {**E, **U})], "ac"),
    ([(9, "a", {**E, **U}), (DAY_AND_HOLD_MS + 10, "b", {**E, **U}), (0, "c", {**E, **U})], "ab"),
])
def test_repeats_of_clicks(clicks, counted):
    start = NOON_MS - 2 * DAY_MS
    assert _clicks(*((start + ts_ms, campaign, fields) for ts_ms, campaign, fields in clicks)) == counted


def test_a_repeat_of_a_click_is_no_touch_costs_nothing_and_makes_no_member():
    made = Handmade()
    made.click(NOON_MS - 2, "a", user_id="u", event_id="e", cost=1)
    made.click(NOON_MS - 1, "b", user_id="u", event_id="e", cost=2)
    made.order(NOON_MS, 1, user_id="u")
    counted = made.count()
    assert revenue(counted) == {"a": 1_000_000} and field(counted, "media_cost_micros") == {"a": 1_000_000}
    assert counted.members == {b"a"} and counted.duplicates == {("ad.clicks", 0): 1}


def test_the_present_product_counts_by_campaign_id_alone():
    made = Handmade()
    for _ in range(2):
        made.click(NOON_MS - 1, "a", user_id="u", event_id="e")
    made.order(NOON_MS, 1, user_id="u")
    made.order(NOON_MS, 2, user_id="u", campaign_id="b", order_id="o")
    made.refund(NOON_MS, "o")
    counted = made.count(features=frozenset())
    assert field(counted, "clicks") == {"a": 2} and revenue(counted) == {NOBODY: 1_000_000, "b": 2_000_000}
    assert counted.rejected == {("ad.orders", 0, "unknown_type"): 1}


# Properties

@pytest.mark.parametrize("seed", range(40))
def test_parts_add_up_and_are_off_by_less_than_one(seed):
    dice = random.Random(seed)
    for _ in range(50):
        by = [dice.choice((0, 1, 2, 40, 10**50, dice.randrange(1, 10**9))) for _ in range(dice.randrange(1, 12))]
        by[dice.randrange(len(by))] += 1
        amount = dice.choice((0, 1, 7, 1_000_000, dice.randrange(2**63)))
        parts = split(amount, by)
        assert sum(parts) == amount, seed
        for part, weight in zip(parts, by):
            assert abs(part - Fraction(amount * weight, sum(by))) < 1 and (weight or not part), seed


@pytest.mark.parametrize("seed", range(8))
def test_every_model_gives_each_order_away_exactly(seed):
    dice = random.Random(seed)
    model = dice.choice(("last_click", "first_click", "linear", "position", "time_decay"))
    made = Handmade(model=model, view_lookback="2h", collapse=seed % 2 == 1, max_touches=dice.randrange(1, 9))
    for _ in range(300):
        ts_ms, user = NOON_MS - dice.randrange(3 * DAY_MS), {"user_id": f"u{dice.randrange(9)}"}
        if dice.random() < 0.7:
            made.add(dice.choice(("click", "impression")), ts_ms, campaign_id=f"c{dice.randrange(5)}", **user)
        else:
            made.order(ts_ms, f"{dice.randrange(10**9)}e-6", **user)
    counted = made.count()
    for order in counted.orders.values():
        assert sum(share.revenue for share in order.shares) == order.value
        assert sum(share.conversions for share in order.shares) == 1_000_000
    orders, total = counted.totals()
    assert sum(revenue(counted).values()) == total == sum(field(counted, "cohort_revenue_micros").values())
    assert sum(conversions(counted).values()) == orders * 1_000_000
