"""Refunds: full, partial, repeated, before their order, beyond what is left, too late; exact whatever happens on the way."""

import collections
import itertools
import json
import os
import random

import pytest

from tests.integration import kafka_log
from tests.integration.deployment import ALWAYS
from tests.integration.servers import poll
from tests.integration.test_exact import rejections
from tests.oracle.journeys import Journeys

KINDS = (*ALWAYS, "refund")
N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000")) // 2
CONFIG = {"account": {"currency": "EUR", "timezone": "Europe/Paris"}, "ledger": {"refund_horizon": "6d"},
          "windows": ["1h", "24h", "7d", "today", "month", "total"],
          "campaigns": {"campaign-0000": {"value": "margin"}, "campaign-0001": {"value": {"margin_rate": 0.35}}}}
T_MS, DAY_MS = 1_795_300_200_000, 86_400_000


def journeys(deployment, seed):
    """What has no topic of its own comes on the one that says nothing about types."""
    topics = {**deployment.topics, "engagement": deployment.topics["mixed"], "spend": deployment.topics["mixed"]}
    return Journeys(seed, N_EVENTS, topics, deployment.partitions, refunds=0.5)


def by_reason(rejected):
    """An order may be remembered for longer than it has to: then a refund after the horizon still finds it. A refund that
    waited is refused by the message that ends its waiting."""
    found = collections.Counter()
    for (topic, partition, reason), n in rejected.items():
        ledger = reason in ("unknown_order", "refund_after_horizon")
        found["of the ledger" if ledger else (topic, partition, reason)] += n
    return found


@pytest.fixture
def journey(deploy):
    def make(booking="order"):
        ledger = {**CONFIG["ledger"], "refund_booking": booking}
        return deploy({**CONFIG, "ledger": ledger}, mixed=True, kinds=KINDS)
    return make




@pytest.mark.parametrize("booking", ["order", "refund"])
def test_every_kind_of_refund_is_exact(journey, booking):
    deployment = journey(booking)
    deployment.produce(journeys(deployment, 5))
    deployment.start()
    counted = deployment.expect_exact(180)
    kinds = collections.Counter(type for (_, _, type), n in counted.accepted.items() for _ in range(n))
    assert kinds["refund"] > 100 and counted.excess_micros > 0, kinds
    # A refund without an order is refused when all partitions have passed it, some time after the rest is counted.
    expected = by_reason(counted.rejected)
    waited = expected["of the ledger"]

    def refused():
        found = by_reason(rejections(deployment))
        return found if waited * 2 // 3 <= found["of the ledger"] <= waited else None

    # Several that wait for one order are refused together, when the newest of them may be: some still wait.
    found = poll(refused, 90, f"most of {waited} refunds are refused", deployment.daemons[-1].process, every_s=1)
    assert found | {"of the ledger": waited} == expected

    def letters():
        return {(letter.headers["roiwatch-topic"], letter.headers["roiwatch-partition"], letter.headers["roiwatch-offset"])
                for letter in kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)}

    poll(lambda: len(letters()) == by_reason(rejections(deployment)).total(), 60, "a letter for each",
         deployment.daemons[-1].process, every_s=1)
    refunded = sum(int(fields["refunded_micros"]) for key, fields in deployment.reader_keys().items() if key.endswith(b":total"))
    assert refunded == sum(order.refunded for order in counted.orders.values()) > 0


def test_kills_and_two_daemons_take_no_refund_twice(journey):
    deployment, dice = journey(), random.Random(3)
    records = iter(journeys(deployment, 6))
    for i in range(10):
        deployment.produce(itertools.islice(records, N_EVENTS // 11))
        daemons = [deployment.start() for _ in range(1 + i % 2)]
        deployment.wait_for_calls(dice.randrange(1, 200), 20)
        for daemon in daemons:
            daemon.kill()
    deployment.produce(records)
    deployment.start()
    deployment.expect_exact(180)


def test_a_full_refund_leaves_the_money_as_if_there_had_been_no_order(journey):
    deployment = journey()
    deployment.start()
    deployment.send("click", 1, T_MS, campaign_id="c", cost="2")
    deployment.send("order", 2, T_MS + 1000, order_id="o1", revenue="10", campaign_id="c")
    deployment.send("order", 2, T_MS + 1000, order_id="o2", revenue="7.5", margin="3", campaign_id="c")
    deployment.expect_exact()
    before = deployment.window("c", "total")
    deployment.send("refund", 3, T_MS + 2000, order_id="o1", refund_id="r1", amount="4")
    deployment.send("refund", 3, T_MS + 3000, order_id="o1")
    deployment.expect_exact()
    after = deployment.window("c", "total")
    assert (before["revenue_micros"], after["revenue_micros"]) == ("17500000", "7500000")
    assert after["refunded_micros"] == "10000000" and after["refunded_conversions_micro"] == "1000000"
    assert after["orders"] == "2" and after["roi"] == "2.750000"


def test_refused_refunds_go_to_the_dead_letters_with_their_reason(journey):
    deployment = journey()
    deployment.start()
    deployment.send("refund", 0, T_MS - 7 * DAY_MS, order_id="o1", refund_id="early", amount="1.50", key=b"k0")
    poll(lambda: sum(lane["refunds"] for lane in deployment.lanes()) == 1, 30, "it waits", deployment.daemons[-1].process)
    deployment.send("order", 2, T_MS, order_id="o1", revenue="10", campaign_id="c")
    deployment.expect_exact()
    deployment.send("refund", 1, T_MS + 6 * DAY_MS + 1, order_id="o1", refund_id="late", amount="2", key=b"k1")
    deployment.send("refund", 1, T_MS + 6 * DAY_MS, order_id="o1", refund_id="late", amount="3")
    poll(lambda: deployment.window("c", "total")["revenue_micros"] == "7000000", 60, "the one in time",
         deployment.daemons[-1].process)

    def letters():
        return kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)

    poll(lambda: len(letters()) >= 2, 30, "both letters", deployment.daemons[-1].process)
    found = {letter.headers["roiwatch-reason"]: letter for letter in letters()}
    assert set(found) == {"unknown_order", "refund_after_horizon"}
    late, early = found["refund_after_horizon"], found["unknown_order"]
    assert late.key == b"k1" and json.loads(late.value)["refund_id"] == "late"
    assert late.headers["roiwatch-partition"] == "1" and late.headers["roiwatch-topic"] == deployment.topics["refund"]
    assert json.loads(early.value) == {"type": "refund", "ts": T_MS - 7 * DAY_MS, "order_id": "o1", "refund_id": "early",
                                       "amount": "1.500000"}
    assert early.headers["roiwatch-partition"] == "0"
    rejected = collections.Counter()
    for lane in deployment.lanes():
        rejected.update(lane["rejected"])
    assert rejected == {"unknown_order": 1, "refund_after_horizon": 1}
