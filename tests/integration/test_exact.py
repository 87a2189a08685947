"""The main promise: every reader key equals an independent recount of the log, whatever happens on the way."""

import datetime
import itertools
import os
import random
import subprocess
from decimal import Decimal

import pytest

from tests.integration import kafka_log
from tests.integration.servers import poll
from tests.oracle.generator import Generator

N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000"))
SEEDS = [int(seed) for seed in os.environ.get("ROIWATCH_SEEDS", "1,2").split(",")]
N_KILLS = int(os.environ.get("ROIWATCH_KILLS", "20"))
# Two million events need minutes where the suite's thousands need seconds.
PATIENCE_S = 120 + N_EVENTS // 5000

CONFIG = {
    "account": {"currency": "EUR", "timezone": "Europe/Paris"},
    "windows": ["5m", "1h", "24h", "7d", "30d", "today", "yesterday", "week", "month", "total"],
    "defaults": {"cost": {"cpm": Decimal("0.0015")}},
    "campaigns": {
        "campaign-0000": {
            "timezone": "America/New_York",
            "cost": [{"from": datetime.date(2026, 1, 1), "cpm": Decimal("2.5"), "cpc": Decimal("0.4")},
                     {"from": datetime.date(2026, 3, 8), "cpm": Decimal("1.999999"), "cpa": Decimal("3.1")},
                     {"from": datetime.date(2026, 4, 2), "cpc": Decimal("0.333333")}]},
        "campaign-0001": {
            "timezone": "Australia/Lord_Howe", "value": "margin",
            "cost": {"cpc": Decimal("0.05"), "fixed": [
                {"amount": Decimal("5000"), "from": datetime.date(2026, 3, 1), "to": datetime.date(2026, 5, 1),
                 "label": "creative"}]}},
        "100% off": {"timezone": "Asia/Kathmandu", "value": {"margin_rate": Decimal("0.35")},
                     "cost": {"cpa": Decimal("1.000001")}},
        "{braces}": {"value": {"margin_rate": Decimal("0.333333")}},
        "no events at all": {"labels": {"team": "emea"}},
        "only a fee": {"cost": {"fixed": [
            {"amount": Decimal("99.99"), "from": datetime.date(2026, 3, 20), "to": datetime.date(2026, 3, 31)}]}},
    },
}


def generator(deployment, seed):
    return Generator(seed, N_EVENTS, deployment.topics, deployment.partitions)


def rejections(deployment):
    """What stands in Redis: (topic, partition, reason) → count."""
    found = {}
    for lane in deployment.lanes():
        for reason, n in lane["rejected"].items():
            key = (lane["topic"], lane["partition"], reason)
            found[key] = found.get(key, 0) + n
    return {key: n for key, n in found.items() if n}


def expect_rejections_counted(deployment, counted):
    """Rejections by reason stand in Redis, as exact as the counters."""
    assert rejections(deployment) == dict(counted.rejected)


def expect_dead_letters(deployment, counted):
    """Each refused message has its letter, at least once, and no other message has one."""
    letters = kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)
    found = {}
    for letter in letters:
        headers = letter.headers
        identity = (headers["roiwatch-topic"], int(headers["roiwatch-partition"]), int(headers["roiwatch-offset"]))
        found.setdefault(identity, set()).add(headers["roiwatch-reason"])
    by_reason = {}
    for (topic, partition, _), reasons in found.items():
        assert len(reasons) == 1
        key = (topic, partition, *reasons)
        by_reason[key] = by_reason.get(key, 0) + 1
    assert by_reason == dict(counted.rejected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_log_is_counted_exactly(deploy, seed):
    deployment = deploy(CONFIG)
    deployment.produce(generator(deployment, seed))
    daemon = deployment.start()
    counted = deployment.expect_exact(PATIENCE_S)
    assert counted.late > 0 and sum(counted.duplicates.values()) > 0 and len(counted.members) > 100
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr
    expect_rejections_counted(deployment, counted)
    expect_dead_letters(deployment, counted)
    poll(lambda: int(deployment.meta()["as_of_ms"]) == counted.as_of_ms, 30, "all that was read counts as complete")
    assert daemon.stop() == 0


def test_kill_9_at_random_moments_loses_and_doubles_nothing(deploy):
    deployment = deploy(CONFIG)
    dice = random.Random(4)
    records = iter(generator(deployment, 11))
    for i in range(N_KILLS):
        deployment.produce(itertools.islice(records, N_EVENTS // (N_KILLS + 1)))
        daemon = deployment.start()
        if i % 4 == 3:  # by time: while it starts, joins, takes over
            try:
                daemon.process.wait(dice.uniform(0.01, 4))
                raise AssertionError(f"ended by itself:\n{daemon.log[-2000:]}")
            except subprocess.TimeoutExpired:
                pass
        else:  # by work done, however fast the machine is
            deployment.wait_for_calls(dice.randrange(1, 150), 20)
        assert daemon.running(), daemon.log[-2000:]
        daemon.kill()
    deployment.produce(records)
    daemon = deployment.start()
    counted = deployment.expect_exact(PATIENCE_S)
    expect_rejections_counted(deployment, counted)
    expect_dead_letters(deployment, counted)
    assert daemon.stop() == 0


def test_two_daemons_may_join_and_leave_at_any_time(deploy):
    deployment = deploy(CONFIG)
    dice = random.Random(5)
    records = iter(generator(deployment, 12))
    running = [deployment.start()]
    n_changes = 8
    for i in range(n_changes):
        deployment.produce(itertools.islice(records, N_EVENTS // (n_changes + 1)))
        deployment.wait_for_calls(dice.randrange(20, 200), 20)
        if len(running) == 1:
            running.append(deployment.start())
            continue
        leaving = running.pop(dice.randrange(2))
        assert leaving.running(), leaving.log[-2000:]
        if i % 4 == 1:
            leaving.kill()
        else:
            assert leaving.stop() == 0
    running.append(deployment.start())
    deployment.produce(records)
    counted = deployment.expect_exact(PATIENCE_S)
    expect_rejections_counted(deployment, counted)
    for daemon in running:
        assert daemon.stop() == 0
    # What stands in Redis is complete without any daemon: a late writer would show here.
    assert not deployment.differences(counted)


def test_sigterm_under_load_ends_with_0_and_loses_nothing(deploy):
    deployment = deploy(CONFIG)
    dice = random.Random(6)
    records = iter(generator(deployment, 13))
    for _ in range(6):
        deployment.produce(itertools.islice(records, N_EVENTS // 7))
        daemon = deployment.start()
        deployment.wait_for_calls(dice.randrange(1, 100), 15)
        assert daemon.stop() == 0, daemon.log[-2000:]
    deployment.produce(records)
    deployment.start()
    deployment.expect_exact(PATIENCE_S)


def test_a_paused_daemon_that_wakes_up_after_its_partitions_moved_changes_nothing(deploy):
    deployment = deploy(CONFIG)
    records = iter(generator(deployment, 14))
    zombie = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(40, 20)
    zombie.pause()
    heir = deployment.start()
    deployment.produce(records)
    counted = deployment.expect_exact(PATIENCE_S)
    zombie.resume()
    # Its session is over: it has to notice, drop what it held and come back as a member like any other.
    deployment.wait_for_calls(200, 20)
    assert heir.running()
    deployment.expect_exact(PATIENCE_S, counted)
    assert zombie.stop() == 0 and heir.stop() == 0
