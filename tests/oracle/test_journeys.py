"""The generator of journeys, the recount of what it makes, and what the order of reading leaves open."""

import pytest

from tests.oracle.handmade import DAY_MS, HOUR_MS, NOON_MS, TOPICS, TOPICS_CONFIG, Handmade, field, revenue
from tests.oracle.journeys import CONFIG, USUAL, Journeys
from tests.oracle.money import half_even
from tests.oracle.reading import Log, Message
from tests.oracle.recount import Recount, ratio
from tests.oracle.rules import FULL, Rules


def log_of(journeys):
    log = {}
    for record in journeys:
        messages = log.setdefault((record.topic, record.partition), [])
        messages.append(Message(len(messages), record.record_ts_ms, record.value))
    return log


def config_of(model="linear", **more):
    return {**CONFIG, "kafka": {"topics": TOPICS_CONFIG}, "attribution": {**CONFIG["attribution"], "model": model}, **more}


@pytest.fixture(scope="module")
def log():
    return log_of(Journeys(1, 20_000, TOPICS, 3))


def test_it_is_a_function_of_its_seed(log):
    assert log == log_of(Journeys(1, 20_000, TOPICS, 3)) and log != log_of(Journeys(2, 20_000, TOPICS, 3))
    assert sum(len(messages) for messages in log.values()) == 20_000
    assert log_of(Journeys(1, 3000, TOPICS, 3, mix=USUAL))


def test_it_makes_every_kind_and_nothing_that_the_log_does_not_decide(log):
    counted = Recount(log, config_of(), features=FULL)
    assert counted.doubts == []
    assert {kind for _, _, kind in counted.accepted} == set(TOPICS)
    assert {reason for _, _, reason in counted.rejected} >= {
        "unknown_order", "refund_after_horizon", "bad_range", "unknown_currency", "future", "missing_field"}
    assert counted.late > 50 and counted.waiting and counted.excess_micros
    assert {kind: sum(n for (topic, _), n in counted.duplicates.items() if topic == TOPICS[kind]) > 10
            for kind in ("click", "order", "refund")} == {"click": True, "order": True, "refund": True}
    orders = list(counted.orders.values())
    assert max(len(order.shares) for order in orders) == 8
    assert sum(len({share.campaign for share in order.shares}) > 1 for order in orders) > 100
    assert sum(len(order.refunds) > 1 for order in orders) > 20
    assert sum(order.refunded == order.value > 0 for order in orders) > 50
    assert field(counted, "cost_per:leads_micros") and field(counted, "measure:shares")


def test_ads_are_looked_up():
    made = Journeys(3, 3000, TOPICS, 2, ads=0.5)
    counted = Recount(log_of(made), config_of(), features=FULL, lookup=made.lookup)
    reasons = [reason for _, _, reason in counted.rejected.elements()]
    assert 5 < reasons.count("unknown_ad") < 60 and counted.doubts == []


def _by_hand(reads, order):
    """The touches of an order, looked for among all clicks and views of a log (lookbacks of CONFIG)."""
    ids = {("u", order.user_id), ("k", order.click_id)} - {("u", b""), ("k", b"")}
    mine = [read for read in reads if read.event.ts_ms <= order.ts_ms
            and {("u", read.event.user_id), ("k", read.event.click_id)} & ids]
    clicks = [read for read in mine if read.event.type == "click" and order.ts_ms - read.event.ts_ms <= 3 * DAY_MS]
    views = [read for read in mine if read.event.type == "impression" and order.ts_ms - read.event.ts_ms <= DAY_MS]
    counted = sorted(clicks or views, key=lambda read: (read.event.ts_ms, read.topic, read.partition, read.offset))[-8:]
    return [(read.event.campaign, read.event.ts_ms) for read in counted]


def test_touches_are_those_that_a_search_through_the_whole_log_finds():
    log, config = log_of(Journeys(6, 5000, TOPICS, 3)), config_of()
    reads, remembered = [], {}
    for read in Log(log, Rules(config, FULL)):
        event = read.event
        own = event.event_id or event.click_id
        places = [place for place in ((own, "u", event.user_id), (own, "k", event.click_id)) if own and place[2]]
        again = event.type == "click" and any(event.ts_ms - ts_ms <= 3 * DAY_MS + 600_000
                                              for place in places for ts_ms in remembered.get(place, ()))
        if event.type in ("click", "impression") and not again:
            reads.append(read)
        for place in places if event.type == "click" and not again else ():
            remembered.setdefault(place, []).append(event.ts_ms)
    orders = [order for order in Recount(log, config, features=FULL).orders.values() if not order.read.event.campaign]
    assert sum(len(order.shares) > 1 for order in orders) > 100
    for order in orders:
        found = _by_hand(reads, order.read.event) or [(b"(unattributed)", order.read.event.ts_ms)]
        if order.read.event.kind == b"sale":
            assert [(share.campaign, share.touch_ms) for share in order.shares] == found


@pytest.mark.parametrize("model, booking", [("linear", "order"), ("position", "refund"), ("time_decay", "order")])
def test_the_sum_over_campaigns_is_accepted_orders_less_refunds(log, model, booking):
    counted = Recount(log, config_of(model, ledger={"refund_horizon": "6d", "refund_booking": booking}), features=FULL)
    orders, total = counted.totals()
    assert orders > 1500 and sum(revenue(counted).values()) == total == sum(field(counted, "cohort_revenue_micros").values())
    assert sum(field(counted, "conversions_micro").values()) == orders * 1_000_000
    assert sum(field(counted, "refunded_micros").values()) == sum(order.refunded for order in counted.orders.values())


def test_a_recount_does_not_depend_on_which_partition_is_read_first(log):
    renamed = {(f"{9 - i}.{topic}", partition): messages
               for i, ((topic, partition), messages) in enumerate(sorted(log.items()))}
    topics = {key: sorted(name for name, _ in renamed if name.endswith("." + topic))
              for key, topic in TOPICS_CONFIG.items()}
    # Touches of one time go by topic, so that other names may credit others; the rest must be the same.
    one = Recount(log, config_of(), features=FULL)
    other = Recount(renamed, {**config_of(), "kafka": {"topics": topics}}, features=FULL)
    assert one.totals() == other.totals() and one.as_of_ms == other.as_of_ms and one.members == other.members
    for name in ("clicks", "cost_micros", "refunded_conversions_micro", "measure:likes"):
        assert sum(field(one, name).values()) == sum(field(other, name).values())


# Shares that are no exact numbers

def test_shares_by_time_decay_may_be_off_by_one_and_what_follows_must_follow(log):
    counted = Recount(log, config_of("time_decay"), features=FULL)

    def weight(key):
        """How much one millionth of an order changes: the most, so that it is seen in cpa."""
        fields = counted.final(key)
        return int(fields["cost_micros"]) / (int(fields["conversions_micro"]) or 10**12) ** 2

    key = max((key for key, (_, window) in counted.keys.items() if window.name == "total"
               and int(counted.final(key)["conversions_micro"]) % 10**6), key=weight)
    found = {**counted.final(key), "rev": "1"}
    assert counted.differences(key, found) == []

    def changed(off=0, **fields):
        """With so many conversions more, and what follows from them."""
        n, cost = int(found["conversions_micro"]) + off, int(found["cost_micros"])
        follow = {"conversions_micro": str(n), "cpa_micros": str(half_even(cost * 10**6, n)),
                  "cvr": ratio(n, int(found["clicks"]) * 10**6),
                  "aov_micros": str(half_even(int(found["revenue_micros"]) * 10**6, n))}
        return counted.differences(key, {**found, **follow, **fields})

    assert changed() == changed(1) == changed(-1) == []
    assert any("cpa_micros" in what for what in changed(1, cpa_micros=found["cpa_micros"]))
    assert any("clicks" in what for what in changed(clicks=str(int(found["clicks"]) + 1)))
    assert any("conversions_micro" in what for what in changed(10**6))
    exact = Recount(log, config_of("linear"), features=FULL)
    found = {**exact.final(key), "rev": "1"}
    assert exact.differences(key, {**found, "conversions_micro": str(int(found["conversions_micro"]) + 1)})


# What the log alone does not decide

def _doubts(made, **more):
    return [(one.what, sorted(campaign.decode() for campaign in one.campaigns)) for one in made.count(**more).doubts]


def _late_click(click_ts_ms, order_ts_ms, newest_ms, **attribution):
    """A click that its lane reads after something newer, and an order in a lane of its own."""
    made = Handmade(**attribution)
    made.click(NOON_MS - 3 * HOUR_MS, "early", user_id="u")
    made.click(newest_ms, "newest")
    made.click(click_ts_ms, "late", user_id="u")
    made.order(order_ts_ms, 1, user_id="u")
    return made


ORDER_MS = NOON_MS - HOUR_MS
BOTH = [("order", ["(unattributed)", "early", "late"])]


@pytest.mark.parametrize("newest_ms, model, doubts", [
    (ORDER_MS + 30_000, "last_click", BOTH), (ORDER_MS + 29_999, "last_click", []), (NOON_MS, "linear", BOTH),
    (NOON_MS, "first_click", [])])
def test_a_touch_is_in_doubt_where_its_lane_was_complete_beyond_the_order_and_it_matters(newest_ms, model, doubts):
    assert _doubts(_late_click(ORDER_MS - 1000, ORDER_MS, newest_ms, model=model)) == doubts


def test_a_late_touch_that_the_order_does_not_count_is_no_doubt():
    assert _doubts(_late_click(ORDER_MS + 1, ORDER_MS, NOON_MS)) == []
    assert _doubts(_late_click(ORDER_MS - 1, ORDER_MS, NOON_MS, click_lookback="1ms")) == [
        ("order", ["(unattributed)", "early", "late"])]


def test_while_a_log_is_written_the_furthest_lane_counts():
    made = Handmade()
    made.click(ORDER_MS - 1, "c", user_id="u", record_ts_ms=NOON_MS + 1)
    made.order(ORDER_MS, 1, user_id="u", record_ts_ms=NOON_MS - 1)
    made.view(NOON_MS, "v", record_ts_ms=NOON_MS)
    assert _doubts(made) == [] and _doubts(made, live=True) == [("order", ["(unattributed)", "c"])]
    made.log["ad.clicks", 0][0] = made.log["ad.clicks", 0][0]._replace(record_ts_ms=NOON_MS - 1)
    assert _doubts(made, live=True) == []


def test_a_campaign_in_doubt_is_compared_by_its_bounds_alone():
    counted = _late_click(ORDER_MS - 1000, ORDER_MS, NOON_MS).count()
    assert counted.doubtful == {b"early", b"late", b"(unattributed)"}
    key = b"roi:{late}:total"
    found = {**counted.final(key), "rev": "1"}
    assert counted.differences(key, {**found, "revenue_micros": "9"}) == []
    assert counted.differences(key, {**found, "to_ms": "9"})
    assert counted.differences(b"roi:{newest}:total", {**counted.final(b"roi:{newest}:total"), "rev": "1", "clicks": "9"})


def test_an_order_so_late_that_its_touches_may_be_gone():
    def made(newest_ms, **attribution):
        made = Handmade(click_lookback="1d", order_hold="10m", **attribution)
        made.click(NOON_MS - 2 * DAY_MS, "c", user_id="u")
        made.click(NOON_MS - DAY_MS + 5, "d", user_id="u")
        made.order(newest_ms, 1)
        made.order(NOON_MS - DAY_MS, 1, user_id="u")
        return made

    dropped_ms = NOON_MS - DAY_MS + 30_000 + 600_000
    assert _doubts(made(dropped_ms)) == [] != _doubts(made(dropped_ms + 1))
    assert _doubts(made(dropped_ms, max_touches=1)) == [("order", ["(unattributed)", "c", "d"])]


def test_ids_in_two_partitions_are_in_doubt():
    made = Handmade()
    for partition in (0, 1):
        made.order(NOON_MS, 1, "o", campaign_id="a", partition=partition)
        made.click(NOON_MS, "b", user_id="u", event_id="e", partition=partition)
        made.add("spend", NOON_MS, campaign_id="s", spend_id="s", amount=1, partition=partition)
    assert sorted(_doubts(made)) == [("click", ["b"]), ("order", ["a"]), ("spend", ["s"])]
    assert made.count().totals() == (1, 1_000_000) and field(made.count(), "clicks") == {"b": 1}


def test_what_is_repeated_so_late_that_it_may_be_forgotten():
    def made(passed_ms):
        made = Handmade({"ledger": {"refund_horizon": "1d"}}, click_lookback="1d", order_hold="10m")
        made.click(NOON_MS - 2 * DAY_MS, "c", user_id="u", event_id="e")
        made.order(NOON_MS - 2 * DAY_MS, 1, "o", campaign_id="a")
        made.click(NOON_MS - DAY_MS + 630_000 + passed_ms, "n")
        made.order(NOON_MS - DAY_MS + 30_000 + passed_ms, 1, campaign_id="n")
        made.click(NOON_MS - 2 * DAY_MS, "c", user_id="u", event_id="e")
        made.order(NOON_MS - 2 * DAY_MS, 1, "o", campaign_id="a")
        return made

    assert _doubts(made(0)) == [] and _doubts(made(1)) == [("click", ["c"]), ("order", ["a"])]


def test_refunds_whose_order_may_not_have_been_known():
    def made(newest_ms, refund_ts_ms):
        made = Handmade({"ledger": {"refund_horizon": "1d"}})
        made.order(NOON_MS - 2 * DAY_MS, 1, "o", campaign_id="a")
        made.order(newest_ms, 1)
        made.refund(refund_ts_ms, "o")
        return made

    edge_ms = NOON_MS - DAY_MS
    assert _doubts(made(edge_ms + 30_000, edge_ms)) == [] and _doubts(made(edge_ms + 30_001, edge_ms)) == [("refund", ["a"])]
    assert _doubts(made(edge_ms + 30_000, edge_ms + 1)) == []
    assert _doubts(made(edge_ms + 30_001, edge_ms + 1)) == [("refund", [])]  # unknown_order or refund_after_horizon


def test_a_refund_that_may_have_been_given_up_before_its_late_order_came():
    def made(newest_ms, refund_first):
        made = Handmade({"ledger": {"refund_horizon": "1d"}})
        if refund_first:
            made.refund(NOON_MS - 2 * DAY_MS, "o")
        made.order(newest_ms, 1)
        made.order(NOON_MS - 2 * DAY_MS + HOUR_MS, 1, "o", campaign_id="a")
        if not refund_first:
            made.refund(NOON_MS - 2 * DAY_MS, "o")
        return made

    edge_ms = NOON_MS - DAY_MS + 30_000
    assert _doubts(made(edge_ms, True)) == [] and _doubts(made(edge_ms + 1, True)) == [("refund", ["a"])]
    assert _doubts(made(edge_ms + 1, False)) == []


def test_refunds_of_one_order_in_several_partitions():
    def made(*amounts, booking="order", **fields):
        made = Handmade({"ledger": {"refund_booking": booking}})
        made.order(NOON_MS - 2 * DAY_MS, 10, "o", campaign_id="a")
        for i, amount in enumerate(amounts):
            made.refund(NOON_MS - 1 - i, "o", amount, topic=("order", "refund")[i % 2], **fields)
        return made

    assert _doubts(made(4, 5)) == [] and _doubts(made(4, 5, booking="refund")) == []
    assert _doubts(made(4, 7)) == [("refund", [])] and _doubts(made(4, 7, booking="refund")) == [("refund", ["a"])]
    assert _doubts(made(4, 5, refund_id="r")) == [("refund", ["a"])]


def test_late_touches_are_named_and_all_else_is_decided():
    log = log_of(Journeys(4, 12_000, TOPICS, 3, late=0.05))
    counted = Recount(log, config_of(), features=FULL)
    assert 0 < len(counted.doubts) < len(counted.orders) // 10 and counted.doubtful
    assert {one.what for one in counted.doubts} <= {"order", "click", "refund"}
    assert len(Recount(log, config_of(), features=FULL, live=True).doubts) >= len(counted.doubts)
