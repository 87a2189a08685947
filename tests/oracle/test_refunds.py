"""Refunds by hand: a case for every sentence of the contract about them."""

import random

import pytest

from tests.oracle.handmade import DAY_MS, HOUR_MS, NOON_MS, Handmade, conversions, field, revenue
from tests.oracle.models import Share, taken

HORIZON_MS = 10 * DAY_MS


def made_of(*more, touches="ab", config=None, **attribution):
    """A log with touches of one user, one hour apart, the last an hour before NOON_MS - 5 days."""
    made = Handmade({"ledger": {"refund_horizon": "10d"}, "lateness": {"disorder": "30s"}, **(config or {})},
                    model="linear", **attribution)
    for i, campaign in enumerate(touches):
        made.click(NOON_MS - 5 * DAY_MS - (len(touches) - i) * HOUR_MS, campaign, user_id="u")
    for one in more:
        one(made)
    return made


def order(value=10, ts_ms=NOON_MS - 5 * DAY_MS, order_id="o", **fields):
    return lambda made: made.order(ts_ms, value, order_id=order_id, user_id="u", **fields)


def refund(amount=None, ts_ms=NOON_MS - DAY_MS, order_id="o", **fields):
    return lambda made: made.refund(ts_ms, order_id, amount, **fields)


def refusals(counted):
    return {reason: n for (_, _, reason), n in counted.rejected.items()}


# How much

def test_a_full_refund_leaves_revenue_and_value_as_if_the_order_had_never_been():
    for amount in (None, 10, "10.000000"):
        counted = made_of(order(margin=4), refund(amount), touches="abb",
                          config={"campaigns": {"a": {"value": "margin"}}}).count()
        assert revenue(counted) == {} == field(counted, "value_micros") == field(counted, "cohort_revenue_micros")
        assert field(counted, "cohort_value_micros") == {}
        assert field(counted, "refunded_micros") == {"a": 3_333_334, "b": 6_666_666}
        assert field(counted, "orders") == {"a": 1, "b": 1}
        assert conversions(counted) == field(counted, "refunded_conversions_micro") == {"a": 333_334, "b": 666_666}
        assert counted.totals() == (1, 0)


def test_a_part_is_split_over_the_original_shares():
    counted = made_of(order(margin="-1"), refund("2.000001"), touches="aab",
                      config={"campaigns": {"b": {"value": "margin"}}}).count()
    # Shares 3333334, 3333333, 3333333 of 10; of 2.000001: 666667.2, 666667, 666667 → by remainder 666667 each
    assert field(counted, "refunded_micros") == {"a": 1_333_334, "b": 666_667}
    assert revenue(counted) == {"a": 6_666_667 - 1_333_334, "b": 3_333_333 - 666_667}
    # 200000.1 millionths: 200000 over 333334, 333333, 333333
    assert field(counted, "refunded_conversions_micro") == {"a": 133_334, "b": 66_666}
    # The margin's 200000.1 micro-units over the same shares, with its sign
    assert field(counted, "value_micros")["b"] == -(333_333 - 66_666)


def test_refunded_conversions_and_margin_are_rounded_half_to_even_before_they_are_split():
    shares = [Share(b"a", 0, 1_000_000, 500_000, 2), Share(b"b", 0, 3_000_000, 500_000, 3)]
    assert [part.margin for part in taken(shares, 400_000)] == [0, 0]          # 0.5 → 0
    assert [part.margin for part in taken(shares, 1_200_000)] == [1, 1]        # 1.5 → 2 as 0.8 and 1.2: 0 + 1, then 1
    assert [part.margin for part in taken(shares, 2_000_000)] == [1, 1]        # 2.5 → 2
    assert [part.conversions for part in taken(shares, 2)] == [0, 0]           # 0.5 → 0
    assert [part.conversions for part in taken(shares, 6)] == [1, 1]           # 1.5 → 2
    assert [part.revenue for part in taken(shares, 2)] == [1, 1]               # 0.5 and 1.5: the earlier


def test_an_order_of_no_value_gives_nothing_back():
    counted = made_of(order(0, margin=3), refund(), refund(5), config={
        "defaults": {"goals": []}, "campaigns": {"a": {"value": "margin"}}}).count()
    assert field(counted, "refunded_conversions_micro") == {} == field(counted, "refunded_micros")
    assert field(counted, "value_micros") == {"a": 1_500_000} and counted.excess_micros == 5_000_000
    assert sum(n for (_, _, kind), n in counted.accepted.items() if kind == "refund") == 2


def test_more_than_is_left_takes_what_is_left_and_the_rest_is_the_excess():
    counted = made_of(order(), refund(4), refund("7.5"), refund(1), refund()).count()
    assert counted.excess_micros == 2_500_000 and counted.totals() == (1, 0)
    assert [amount for _, amount in counted.orders[b"o"].refunds] == [4_000_000, 6_000_000, 0, 0]


def test_without_an_amount_it_takes_what_is_left_at_its_offset():
    counted = made_of(order(), refund(4), refund(), refund(1)).count()
    assert [amount for _, amount in counted.orders[b"o"].refunds] == [4_000_000, 6_000_000, 0]
    assert counted.excess_micros == 1_000_000


def test_all_refunds_so_far_are_split_not_each_of_them():
    counted = made_of(order(3), *[refund("0.000001")] * 3, touches="abc").count()
    assert field(counted, "refunded_micros") == {"a": 1, "b": 1, "c": 1}  # each alone would go to a


# Which

def test_refunds_repeat_by_refund_id_within_their_order():
    counted = made_of(order(), order(order_id="p"), refund(1, refund_id="r"), refund(2, refund_id="r"),
                      refund(4, order_id="p", refund_id="r"), refund("0.5"), refund("0.5")).count()
    assert counted.orders[b"o"].refunded == 2_000_000 and counted.orders[b"p"].refunded == 4_000_000
    assert sum(counted.duplicates.values()) == 1 and counted.excess_micros == 0


def test_a_refused_refund_does_not_use_its_id_up():
    late = NOON_MS + 5 * DAY_MS + 1
    counted = made_of(order(), refund(1, late, refund_id="r"), refund(2, refund_id="r")).count()
    assert counted.orders[b"o"].refunded == 2_000_000 and refusals(counted) == {"refund_after_horizon": 1}
    assert not counted.duplicates


@pytest.mark.parametrize("after_ms, reason", [
    (HORIZON_MS, None), (HORIZON_MS + 1, "refund_after_horizon"), (-HORIZON_MS, None), (-HORIZON_MS - 1, "unknown_order")])
@pytest.mark.parametrize("first", ["order", "refund"])
def test_the_horizon_to_the_millisecond_in_whichever_order_they_are_read(first, after_ms, reason):
    ts_ms = NOON_MS - 5 * DAY_MS
    steps = [order(ts_ms=ts_ms), refund(1, ts_ms + after_ms)]
    counted = made_of(*(steps if first == "order" else reversed(steps))).count()
    assert refusals(counted) == ({reason: 1} if reason else {})
    assert counted.orders[b"o"].refunded == (0 if reason else 1_000_000) and not counted.waiting


def test_a_refund_waits_for_its_order_until_the_horizon_has_passed_and_then_is_unknown():
    def counted(passed_ms, topic="order"):
        made = made_of(refund(1, NOON_MS - 5 * DAY_MS, topic=topic), order(1, order_id="other"))
        made.order(NOON_MS - 5 * DAY_MS + HORIZON_MS + passed_ms, 1)
        return made.count()

    assert len(counted(30_000).waiting) == 1 and not counted(30_000).rejected
    assert not counted(30_001).waiting and refusals(counted(30_001)) == {"unknown_order": 1}
    assert counted(30_001, "refund").rejected == {("ad.refunds", 0, "unknown_order"): 1}


def test_a_refund_before_its_order_is_taken_when_the_order_comes():
    counted = made_of(refund(4, refund_id="r"), refund(5, refund_id="r"), order(), refund(1)).count()
    assert counted.orders[b"o"].refunded == 5_000_000 and sum(counted.duplicates.values()) == 1


def test_an_order_takes_1000_refunds():
    counted = made_of(order(), *[refund("0.001")] * 1000, refund(1), refund(1, refund_id="r")).count()
    assert counted.orders[b"o"].refunded == 1_000_000 and refusals(counted) == {"bad_range": 2}
    before = made_of(*[refund("0.001")] * 1001, order(ts_ms=NOON_MS - 5 * DAY_MS)).count()
    assert before.orders[b"o"].refunded == 1_000_000 and refusals(before) == {"bad_range": 1}
    alone = made_of(*[refund("0.001")] * 1001).count()
    assert len(alone.waiting) == 1000 and refusals(alone) == {"bad_range": 1}


def test_one_decision_per_order_id():
    counted = made_of(order(), order(99), refund(), order(7)).count()
    assert counted.totals() == (1, 0) and sum(counted.duplicates.values()) == 2
    assert field(counted, "refunded_micros") == {"a": 5_000_000, "b": 5_000_000}


# When

def _booked(booking, *steps, **more):
    return made_of(*steps, config={"windows": ["1h", "7d", "total"], "ledger": {
        "refund_horizon": "10d", "refund_booking": booking}}, **more).count()


def test_refunds_are_booked_at_the_orders_and_touches_times():
    counted = _booked("order", order(10, NOON_MS - 10), refund(4, NOON_MS))
    assert revenue(counted, "1h") == {"a": 3_000_000, "b": 3_000_000}
    assert field(counted, "refunded_micros", "1h") == {"a": 2_000_000, "b": 2_000_000}
    assert field(counted, "cohort_revenue_micros", "1h") == {}
    assert field(counted, "cohort_revenue_micros", "7d") == {"a": 3_000_000, "b": 3_000_000}
    old = _booked("order", order(), refund(4, NOON_MS))
    assert revenue(old, "1h") == {} == field(old, "refunded_micros", "1h")
    assert revenue(old, "7d") == {"a": 3_000_000, "b": 3_000_000}


def test_or_at_the_refunds_own_time_in_all_views():
    counted = _booked("refund", order(margin=2), refund(4, NOON_MS))
    for name, amount in (("revenue_micros", -2_000_000), ("cohort_revenue_micros", -2_000_000),
                         ("refunded_micros", 2_000_000), ("refunded_conversions_micro", 200_000),
                         ("value_micros", -2_000_000), ("cohort_value_micros", -2_000_000)):
        assert field(counted, name, "1h") == {"a": amount, "b": amount}, name
    assert field(counted, "orders", "1h") == {} and revenue(counted) == {"a": 3_000_000, "b": 3_000_000}


def test_a_refunds_own_change_of_the_split_can_be_negative():
    # Of shares 3, 3, 1 a refund of 3 takes 1.29, 1.29, 0.43 → 1, 1, 1; and one of 4 takes 1.71, 1.71, 0.57 → 2, 2, 0
    shares = [Share(b"x", 0, part, 1, 0) for part in (3, 3, 1)]
    splits = [[part.revenue for part in taken(shares, refunded)] for refunded in range(8)]
    steps = [[new - old for new, old in zip(after, before)] for before, after in zip(splits, splits[1:])]
    assert splits[3:5] == [[1, 1, 1], [2, 2, 0]] and all(sum(step) == 1 for step in steps) and [1, 1, -1] in steps


def test_a_refund_is_late_by_the_time_at_which_it_is_booked():
    def counted(booking, refund_ts_ms):
        return made_of(order(ts_ms=NOON_MS - 5 * DAY_MS), refund(4, refund_ts_ms), config={
            "windows": ["24h", "total"], "ledger": {"refund_horizon": "10d", "refund_booking": booking}}).count()

    late = counted("order", NOON_MS)
    assert late.late == 1 and field(late, "excluded_micros", "24h") == {"a": 2_000_000, "b": 2_000_000}
    assert revenue(late) == {"a": 3_000_000, "b": 3_000_000} and revenue(late, "24h") == {}
    assert counted("refund", NOON_MS).late == 0
    assert revenue(counted("refund", NOON_MS), "24h") == {"a": -2_000_000, "b": -2_000_000}


def test_the_refunds_lane_is_that_of_its_own_partition():
    def late(topic):
        made = made_of(order(), config={"windows": ["24h", "total"]})
        made.order(NOON_MS, 1)
        made.refund(NOON_MS - 4 * DAY_MS, "o", 4, topic=topic)
        return made.count().late

    assert (late("order"), late("refund")) == (1, 0)


def test_what_a_late_refund_took_is_not_in_windows_but_in_total():
    made = made_of(order(margin=1), config={"windows": ["1h", "24h", "total"], "campaigns": {"a": {"value": "margin"}}})
    made.refund(NOON_MS - 5 * DAY_MS, "o", 2)
    made.order(NOON_MS, 1)
    made.refund(NOON_MS - 5 * DAY_MS, "o", 4)
    counted = made.count()
    assert field(counted, "excluded_micros", "24h") == {"a": 2_000_000, "b": 2_000_000}
    assert field(counted, "excluded_micros") == {}
    assert revenue(counted)["a"] == 2_000_000 and field(counted, "value_micros")["a"] == 200_000


# Properties

@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_refunds_does_not_matter(seed):
    dice = random.Random(seed)
    amounts = [f"{dice.randrange(1, 3 * 10**6)}e-6" for _ in range(dice.randrange(2, 7))]
    if seed % 3 == 0:
        amounts.append(None)
    value, touches = f"{dice.randrange(1, 10**7)}e-6", "".join(dice.choice("abc") for _ in range(dice.randrange(1, 6)))
    config = {"windows": ["7d", "total"], "defaults": {"goals": []}, "campaigns": {"a": {"value": "margin"}}}
    results = []
    for _ in range(4):
        dice.shuffle(amounts)
        steps = [order(value, margin="-0.7654321"), *(refund(amount) for amount in amounts)]
        place = dice.randrange(len(steps))
        steps[0], steps[place] = steps[place], steps[0]
        counted = made_of(*steps, touches=touches, config=config).count()
        results.append(({key: counted.final(key) for key in counted.keys}, counted.totals()))
    assert all(result == results[0] for result in results), seed


@pytest.mark.parametrize("seed", range(10))
def test_refunds_never_take_more_of_a_share_than_it_has_and_all_at_last(seed):
    dice = random.Random(seed)
    for _ in range(60):
        n = dice.randrange(1, 7)
        revenue_parts = [dice.choice((0, 1, 2, dice.randrange(10**9))) for _ in range(n)]
        cuts = sorted(dice.randrange(1_000_001) for _ in range(n - 1))
        conversion_parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1_000_000])]
        sign = dice.choice((1, -1))
        shares = [Share(b"x", 0, one, part, sign * dice.randrange(10**6)) for one, part in
                  zip(revenue_parts, conversion_parts)]
        whole = sum(revenue_parts)
        refunded = dice.choice((0, whole, dice.randrange(whole + 1)))
        parts = taken(shares, refunded)
        assert sum(part.revenue for part in parts) == refunded
        for share, part in zip(shares, parts):
            assert 0 <= part.revenue <= share.revenue and 0 <= part.conversions <= share.conversions, seed
            assert 0 <= sign * part.margin <= sign * share.margin, seed
        if whole and refunded == whole:
            assert [tuple(part) for part in parts] == [tuple(share[2:]) for share in shares]
