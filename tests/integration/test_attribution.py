"""Orders land on the campaigns whose touches earned them, whatever is read first and whatever happens on the way."""

import bisect
import collections
import datetime
import itertools
import json
import os
import pathlib
import random
import time

import pytest

from tests.integration.deployment import ALWAYS, merged
from tests.integration.servers import poll
from tests.oracle import journeys, models
from tests.oracle.journeys import Journeys

KINDS = (*ALWAYS, "refund", "engagement", "spend")
N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000")) // 3
PATIENCE_S = 180 + N_EVENTS // 3000
CONFIG = journeys.CONFIG  # rates, measures, views, all models
CASES = json.loads((pathlib.Path(__file__).parents[1] / "oracle" / "attribution.json").read_text(encoding="utf-8"))["cases"]
T_MS, MINUTE_MS, DAY_MS = 1_795_300_200_000, 60_000, 86_400_000


def people(deployment, seed, n_events=N_EVENTS, **more):
    return Journeys(seed, n_events, deployment.topics, deployment.partitions, **more)


@pytest.fixture
def journey(deploy):
    def make(**attribution):
        return deploy(merged(CONFIG, {"attribution": attribution}), kinds=KINDS)
    return make


def credited(counted):
    """Orders that touches earned, and those of several campaigns."""
    shares = [{share.campaign for share in order.shares} for order in counted.orders.values() if not order.read.event.campaign]
    touched = [campaigns for campaigns in shares if campaigns != {b"(unattributed)"}]
    return len(touched), sum(len(campaigns) > 1 for campaigns in touched)


LAG_EDGES = [hour * 3_600_000 * 3 // 30 for hour in (  # as in the goal rule, for a lookback of 3 days
    0, 1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168, 216, 264, 336, 408, 480, 552, 636, 720)]


def expect_lags(deployment, counted):
    """`show --lags` beside the recount's orders: revenue by how long after the touch it came, what refunds took deducted."""
    revenue, conversions = collections.Counter(), collections.Counter()
    for order in counted.orders.values():
        if order.read.event.campaign and counted.rules.attribution.trusts_campaign or order.shares[0].campaign == b"(unattributed)":
            continue
        taken = models.taken(order.shares, order.refunded)
        for share, back in zip(order.shares, taken):
            bucket = min(bisect.bisect_right(LAG_EDGES, order.read.event.ts_ms - share.touch_ms) - 1, 23)
            for campaign in (share.campaign, None):
                revenue[campaign, bucket] += share.revenue - back.revenue
                conversions[campaign, bucket] += share.conversions
    for campaign in (b"campaign-0000", b"campaign-0003", b"campaign-0005"):
        said = json.loads(deployment.cli("show", campaign.decode(), "--lags", "--json").stdout)
        for name, whose in (("lags", campaign), ("account_lags", None)):
            assert [bucket["from_ms"] for bucket in said[name]] == LAG_EDGES[:-1]
            found = [(bucket["revenue_micros"], bucket["conversions_micro"]) for bucket in said[name]]
            expected = [(revenue[whose, i], conversions[whose, i]) for i in range(24)]
            # Weights of time_decay are no exact numbers: a share may differ by a millionth.
            near = len(counted.orders) if counted.rules.attribution.model == "time_decay" else 0
            assert all(abs(a - b) <= near for pair in zip(found, expected) for a, b in zip(*pair)), (campaign, name)


@pytest.mark.parametrize("attribution", [
    {"model": "linear"}, {"model": "position", "collapse": True, "position": [10, 0, 30]}, {"model": "time_decay"},
    {"model": "last_click", "trust_order_campaign": False, "view_lookback": 0},
], ids=lambda attribution: attribution["model"])
def test_every_model_is_exact(journey, attribution):
    deployment = journey(**attribution)
    deployment.produce(people(deployment, 1))
    deployment.start()
    counted = deployment.expect_exact(PATIENCE_S)
    assert N_EVENTS != 20_000 or not counted.doubts  # what is in doubt is not compared
    touched, shared = credited(counted)
    assert touched > 400 and (shared > 100 or attribution["model"] == "last_click"), (touched, shared)
    assert sum(counted.duplicates.values()) > 100
    expect_lags(deployment, counted)


def test_kills_and_daemons_that_come_and_go_credit_no_order_twice(journey):
    deployment, dice = journey(), random.Random(7)
    records = iter(people(deployment, 2))
    for i in range(12):
        deployment.produce(itertools.islice(records, N_EVENTS // 13))
        daemons = [deployment.start() for _ in range(1 + i % 2)]
        deployment.wait_for_calls(dice.randrange(1, 300), 20)
        for daemon in daemons:
            if dice.random() < 0.3:
                assert daemon.stop() == 0
            else:
                daemon.kill()
    deployment.produce(records)
    deployment.start()
    counted = deployment.expect_exact(PATIENCE_S)
    assert credited(counted)[0] > 400


def test_orders_that_are_read_long_before_their_clicks_wait_for_them(journey):
    """A month's backlog: the orders' topics are small and read at once, the clicks come much later."""
    deployment = journey()
    deployment.produce(people(deployment, 20, mix=journeys.USUAL._replace(clicks=60, orders=6), span_ms=30 * DAY_MS))
    deployment.start()
    counted = deployment.expect_exact(PATIENCE_S)
    assert credited(counted)[0] > 10


def test_late_touches_change_no_decision_and_are_counted(journey):
    deployment = journey()
    deployment.start()
    deployment.send("click", 0, T_MS, user_id="u", campaign_id="first", event_id="e1")
    deployment.send("order", 1, T_MS + MINUTE_MS, order_id="o", revenue="10", user_id="u")
    poll(lambda: deployment.window("first", "total").get("revenue_micros") == "10000000", 60, "the order is credited",
         deployment.daemons[-1].process)
    deployment.move_time_to(T_MS + 10 * MINUTE_MS)
    deployment.send("click", 0, T_MS + 10 * MINUTE_MS, user_id="other", campaign_id="first", event_id="e2")
    deployment.send("click", 0, T_MS + 1000, user_id="u", campaign_id="second", event_id="e3")
    poll(lambda: deployment.window("second", "total").get("clicks") == "1", 60, "the late click is counted",
         deployment.daemons[-1].process)
    assert deployment.window("second", "total")["revenue_micros"] == "0"
    assert deployment.window("first", "total")["revenue_micros"] == "10000000"
    assert sum(lane["late_touches"] for lane in deployment.lanes()) == 1


def test_a_partition_without_progress_holds_up_orders_for_order_hold_only(deploy):
    """A member of the group sleeps: its partitions of clicks are read by nobody, and its session is long."""
    deployment = deploy(merged(CONFIG, {
        "lateness": {"disorder": "1s", "idle": "clock"}, "attribution": {"order_hold": "4s"}, "windows": ["total"],
        "kafka": {"properties": {"session.timeout.ms": 120_000, "max.poll.interval.ms": 300_000}}}), partitions=2, kinds=KINDS)
    awake, asleep = deployment.start(), deployment.start()
    poll(lambda: all(" 6 partitions" in daemon.log for daemon in (awake, asleep)), 60, "both have their share", awake.process)
    asleep.pause()
    now_ms = int(time.time() * 1000)
    for partition in (0, 1):
        deployment.send("order", partition, now_ms, order_id=f"o{partition}", revenue="1", user_id="u")

    def decided():
        return [partition for partition in (0, 1) if deployment.cli("explain", f"o{partition}").returncode == 0]

    first = poll(decided, 60, "the order is decided without them", awake.process, every_s=0.5)
    assert "which has made no progress for attribution.order_hold" in awake.log
    assert int(time.time() * 1000) - now_ms >= 4000
    asleep.resume()
    poll(lambda: decided() == [0, 1], 90, "all are decided", asleep.process, every_s=0.5)
    assert len(first) == 1


def keys_of(deployment):
    """Every reader key without what says only when it was written."""
    apart = {"rev", "from_ms", "to_ms", "as_of_ms"}
    return {name: {field: value for field, value in fields.items() if field not in apart}
            for name, fields in deployment.reader_keys().items()}


def test_the_same_log_gives_the_same_keys_however_it_is_read(journey):
    """In pieces and by two daemons, or whole and by one; with other batches and shards."""
    one, other = journey(), journey()
    records = list(people(one, 3, 12_000))
    one.produce(records)
    one.start()
    counted = one.expect_exact(PATIENCE_S)
    by_topic = sorted(records, key=lambda record: record.topic != one.topics["order"])  # all orders before all clicks
    other.configure(merged(CONFIG, {"redis": {"shards": 5, "flush": "10ms"}}))
    topics = {topic: other.topics[kind] for kind, topic in one.topics.items()}
    other.produce([record._replace(topic=topics[record.topic]) for record in by_topic])
    for _ in range(2):
        other.start()
    poll(lambda: keys_of(one) == keys_of(other), 120, "the same keys", other.daemons[0].process, every_s=1)
    assert credited(counted)[0] > 200


# What the published cases expect: the model, the field, and how many of its units one is.
EXPECTED = {"first": ("first_click", "conversions_micro", 1_000_000), "last": ("last_click", "conversions_micro", 1_000_000),
            "linear": ("linear", "conversions_micro", 1_000_000), "position": ("position", "conversions_micro", 1_000_000),
            "time_decay_halflife_1d": ("time_decay", "conversions_micro", 1_000_000),
            "last_revenue": ("last_click", "revenue_micros", 1_000_000), "influenced_orders": ("linear", "orders", 1)}


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@pytest.mark.parametrize("case, model", [(case, model) for case in CASES for model in case["expected_conversions"]],
                         ids=lambda value: value if isinstance(value, str) else value["name"][:40])
def test_published_cases_end_to_end(deploy, case, model):
    name, field, unit = EXPECTED[model]
    deployment = deploy({"windows": ["total"], "attribution": {
        "model": name, "click_lookback": f"{case['lookback_days']}d", "half_life": "1d"}}, partitions=1)
    deployment.produce(
        [deployment.record("click", 0, milliseconds(click["ts"]), user_id=click["user"], campaign_id=click["campaign"],
                           event_id=f"e{i}") for i, click in enumerate(case["clicks"])]
        + [deployment.record("order", 0, milliseconds(order["ts"]), order_id=f"o{i}", user_id=order["user"],
                             revenue=str(order["revenue"])) for i, order in enumerate(case["orders"])])
    deployment.start()
    deployment.expect_exact(60)
    for campaign, expected in case["expected_conversions"][model].items():
        found = int(deployment.window(campaign, "total").get(field, 0))
        assert abs(found - expected * unit) <= 1, (campaign, found, expected)
