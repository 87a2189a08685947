"""roiwatch explain ORDER: what the ledger says of an order, beside an independent recount of the log."""

import collections
import json
import random

import pytest

from tests.integration.servers import poll
from tests.integration.test_refunds import CONFIG, DAY_MS, KINDS, T_MS, journeys

N_ORDERS = 40


@pytest.fixture
def deployment(deploy):
    return deploy(CONFIG, mixed=True, kinds=KINDS)


def explain(deployment, order_id, code=0):
    result = deployment.cli("explain", order_id, "--json")
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout) if code == 0 else result.stderr


def text(deployment, order_id):
    result = deployment.cli("explain", order_id)
    assert result.returncode == 0, result.stderr
    return [" ".join(line.split()) for line in result.stdout.splitlines() if line]


def test_it_says_what_the_recount_says(deployment):
    deployment.configure({**CONFIG, "attribution": {"model": "linear", "view_lookback": "1d"}})
    deployment.produce(journeys(deployment, 11))
    deployment.start()
    counted = deployment.expect_exact(180)
    kept = {order_id for order_id, order in counted.orders.items()  # older ones are forgotten by and by
            if order.read.event.ts_ms > counted.as_of_ms - 5 * DAY_MS}
    refunded = {order_id for order_id in kept if counted.orders[order_id].refunded}
    n_touched = 0
    some = random.Random(1).sample(sorted(refunded), N_ORDERS // 2) + random.Random(2).sample(sorted(kept), N_ORDERS // 2)
    for order_id in some:
        order, said = counted.orders[order_id], explain(deployment, order_id)
        touched = not order.read.event.campaign and order.shares[0].campaign != b"(unattributed)"
        n_touched += touched
        assert (said["ts_ms"], said["revenue_micros"], said["model"]) == (
            order.read.event.ts_ms, order.value, "linear" if touched else None)
        expected = collections.Counter()
        for share in order.shares:
            expected[share.campaign] += share.revenue
        assert {share["campaign"].encode(): share["revenue_micros"] for share in said["shares"]} == expected, order_id
        assert sum(share["conversions_micro"] for share in said["shares"]) == 1_000_000
        assert sum(share["refunded_micros"] for share in said["shares"]) == order.refunded
        assert sum(touch["revenue_micros"] for touch in said["touches"]) == (order.value if touched else 0), said
        assert all(touch["eligible"] == (touch["why"] == "counts") for touch in said["touches"])
        assert sum(refund["amount_micros"] for refund in said["refunds"]) == order.refunded
    assert n_touched > 10


def test_the_touches_of_an_order_and_why_each_counts_or_not(deploy):
    deployment = deploy({**CONFIG, "attribution": {"model": "position", "click_lookback": "1h", "view_lookback": "1h"}}, kinds=KINDS)
    deployment.start()
    minute = 60_000
    for i, (kind, before, campaign) in enumerate([("click", 65, "old"), ("click", 50, "a"), ("click", 20, "b"), ("click", 10, "a"),
                                                  ("impression", 5, "seen"), ("click", -1, "after")]):
        deployment.send(kind, i % 2, T_MS - before * minute, user_id="u", campaign_id=campaign, event_id=f"e{i}")
    deployment.send("order", 0, T_MS, order_id="o", revenue="100", user_id="u")
    deployment.expect_exact()
    said = explain(deployment, "o")
    assert said["model"] == "position"
    assert [(touch["campaign"], touch["type"], touch["eligible"], touch["revenue_micros"]) for touch in said["touches"]] == [
        ("old", "click", False, 0), ("a", "click", True, 40_000_000), ("b", "click", True, 20_000_000),
        ("a", "click", True, 40_000_000), ("seen", "impression", False, 0), ("after", "click", False, 0)]
    assert said["touches"][0]["why"] == "older than the lookback" and said["touches"][-1]["why"] == "after the order"
    assert [(share["campaign"], share["revenue_micros"]) for share in said["shares"]] == [("a", 80_000_000), ("b", 20_000_000)]
    assert "b click 2026-11-21 22:10:00 20.00 counts" in text(deployment, "o")


def test_all_that_can_become_of_a_refund(deployment):
    deployment.start()
    deployment.send("order", 0, T_MS, order_id="o", revenue="100", margin="30", campaign_id="c", kind="lead")
    deployment.send("refund", 1, T_MS + 1000, order_id="o", refund_id="r1", amount="10.5")
    deployment.expect_exact()
    deployment.send("refund", 1, T_MS + 2000, order_id="o", amount="200")
    deployment.expect_exact()
    said = explain(deployment, "o")
    assert said == {
        "order_id": "o", "ts_ms": T_MS, "revenue_micros": 100_000_000, "margin_micros": 30_000_000, "kind": "lead",
        "model": None, "currency": "EUR", "touches": [],
        "shares": [{"campaign": "c", "conversions_micro": 1_000_000, "revenue_micros": 100_000_000,
                    "refunded_micros": 100_000_000}],
        "bookings": [{"campaign": "c", "order_ms": T_MS, "touch_ms": T_MS, "conversions_micro": 1_000_000,
                      "revenue_micros": 100_000_000, "refunded_micros": 100_000_000}],
        "refunds": [
            {"refund_id": "r1", "ts_ms": T_MS + 1000, "amount_micros": 10_500_000, "excess_micros": 0, "state": "booked_at_order"},
            {"refund_id": None, "ts_ms": T_MS + 2000, "amount_micros": 89_500_000, "excess_micros": 110_500_000,
             "state": "booked_at_order"}]}
    assert text(deployment, "o") == [
        "order o 2026-11-21 22:30:00 UTC lead revenue 100.00, margin 30.00 EUR",
        "credited whole to the campaign that it names",
        "campaign conversions revenue refunded net cohort at (UTC)",
        "c 1.00 100.00 100.00 0.00 2026-11-21 22:30:00",
        "refund 2026-11-21 22:30:01 10.50 EUR r1 booked at the times of the order and its touches",
        "refund 2026-11-21 22:30:02 89.50 EUR booked at the times of the order and its touches; 110.50 more than was left"]

    # Two that come before their order, of which one is too early for it and one is a repeat.
    for ts_ms, refund_id in ((T_MS - 7 * DAY_MS, "early"), (T_MS, "r"), (T_MS + 1, "r")):
        deployment.send("refund", 2, ts_ms, order_id="later", refund_id=refund_id, amount="1")
    poll(lambda: sum(lane["refunds"] for lane in deployment.lanes()) == 5, 30, "they wait", deployment.daemons[-1].process)
    waiting = explain(deployment, "later")
    assert (waiting["ts_ms"], waiting["shares"]) == (None, [])
    assert [refund["state"] for refund in waiting["refunds"]] == ["waits"] * 3
    assert text(deployment, "later")[:2] == [
        "order later has not come yet", "refund 2026-11-14 22:30:00 0.00 EUR early waits for its order"]
    deployment.send("order", 0, T_MS, order_id="later", revenue="5")
    deployment.expect_exact()
    decided = explain(deployment, "later")
    assert [share["campaign"] for share in decided["shares"]] == ["(unattributed)"]
    assert [(refund["state"], refund["amount_micros"]) for refund in decided["refunds"]] == [
        ("unknown_order", 0), ("booked_at_order", 1_000_000), ("repeated", 0)]
    assert text(deployment, "later")[1] == "credited to nobody: it names no campaign, and no touch earned it"


def test_a_refund_that_is_booked_at_its_own_time_says_so(deploy):
    deployment = deploy({**CONFIG, "ledger": {"refund_booking": "refund"}}, kinds=KINDS)
    deployment.start()
    deployment.send("order", 0, T_MS, order_id="o", revenue="3", campaign_id="c")
    deployment.send("refund", 1, T_MS + 1000, order_id="o", amount="1")
    deployment.expect_exact()
    assert [refund["state"] for refund in explain(deployment, "o")["refunds"]] == ["booked_at_refund"]
    assert text(deployment, "o")[-1] == "refund 2026-11-21 22:30:01 1.00 EUR booked at its own time"


def test_an_order_that_is_not_there_is_said_with_why(deployment):
    daemon = deployment.start()
    deployment.send("order", 0, T_MS, order_id="o", revenue="1")
    deployment.expect_exact()
    why = explain(deployment, "\x1b[2Jnobody", code=1)
    assert why.startswith('roiwatch explain: order "\\x1B[2Jnobody" is not in the ledger: ') and "refund_horizon" in why
    assert daemon.stop() == 0
    with deployment.client() as client:
        client.hset(next(client.scan_iter(b"roi:~*:orders", 1000)), "o", "bytes")
    assert "did not write" in explain(deployment, "o", code=1)
