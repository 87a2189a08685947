"""Redis or Kafka goes away and comes back; Redis loses all or a part of its data."""

import itertools
import os
import subprocess

import pytest

from tests.integration import kafka_log
from tests.integration.servers import Kafka, Redis, poll
from tests.oracle.generator import Generator
from tests.oracle.recount import Recount

N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000")) // 3
AWAY_S = float(os.environ.get("ROIWATCH_AWAY_S", "6"))  # by hand: 60
COUNTERS = ("impressions", "clicks", "orders", "conversions_micro", "media_cost_micros", "revenue_micros")


def away(daemon):
    """The time that a server is away; the daemon has to live through it."""
    try:
        status = daemon.process.wait(AWAY_S)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"the daemon ended with {status}:\n{daemon.log[-3000:]}")


def records_of(deployment, seed):
    return iter(Generator(seed, N_EVENTS, deployment.topics, deployment.partitions))


@pytest.fixture
def durable_store():
    server = Redis(aof=True)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def own_kafka():
    """A broker that may be stopped without disturbing other tests."""
    broker = Kafka(heap="512m")
    try:
        yield broker.start()
    finally:
        broker.close()


def test_redis_that_hangs_for_a_while(deploy, store):
    deployment = deploy()
    records = records_of(deployment, 21)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(30, 20)
    store.pause()
    try:
        deployment.produce(records)
        away(daemon)
    finally:
        store.resume()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_redis_that_says_nothing_for_long_is_given_up_and_connected_to_again(deploy, store):
    deployment = deploy()
    records = records_of(deployment, 28)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(30, 20)
    store.pause()
    try:
        deployment.produce(records)
        poll(lambda: "no answer for 15 s" in daemon.log, 40, "the silent connection is given up", daemon.process)
    finally:
        store.resume()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_redis_that_is_killed_and_started_again_with_all_its_data(deploy, durable_store):
    deployment = deploy(redis=durable_store)
    records = records_of(deployment, 22)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(30, 20)
    durable_store.kill()
    deployment.produce(records)
    away(daemon)
    durable_store.start()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_redis_that_is_away_when_the_daemon_is_told_to_end(deploy, store):
    deployment = deploy()
    records = records_of(deployment, 23)
    daemon = deployment.start()
    deployment.produce(records)
    deployment.wait_for_calls(20, 20)
    store.pause()
    try:
        daemon.stop(within_s=60)  # it cannot finish what is in flight; it has to end all the same
    finally:
        store.resume()
    deployment.start()
    deployment.expect_exact()


def test_kafka_that_is_stopped_and_started_again(deploy, own_kafka):
    deployment = deploy(broker=own_kafka)
    records = records_of(deployment, 24)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(30, 20)
    own_kafka.stop()
    away(daemon)
    own_kafka.start()
    deployment.produce(records)
    deployment.expect_exact(180)
    assert daemon.stop() == 0


def test_both_servers_away_at_once(deploy, own_kafka, durable_store):
    deployment = deploy(broker=own_kafka, redis=durable_store)
    records = records_of(deployment, 25)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.wait_for_calls(30, 20)
    own_kafka.kill()
    durable_store.kill()
    away(daemon)
    durable_store.start()
    own_kafka.start()
    deployment.produce(records)
    deployment.expect_exact(180)
    assert daemon.stop() == 0


@pytest.mark.parametrize("when", ["while it reads", "at rest", "while no daemon runs"])
def test_a_flushed_redis_is_recounted_from_the_log(deploy, when):
    deployment = deploy()
    records = records_of(deployment, 26)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    if when == "while it reads":
        deployment.wait_for_calls(30, 20)
    else:
        deployment.expect_exact()
    if when == "while no daemon runs":
        assert daemon.stop() == 0
    with deployment.client() as client:
        client.flushall()
    deployment.produce(records)
    counted = deployment.recount()
    if when == "while no daemon runs":
        daemon = deployment.start()
    poll(lambda: deployment.stopped(daemon) or not deployment.differences(counted), 180,
         "recounted, or stopped", every_s=0.5)
    if deployment.stopped(daemon):
        expect_nothing_on_top(deployment, counted)
        assert "rebuild" in daemon.log
    else:
        deployment.expect_exact(60, counted)
        assert daemon.stop() == 0


def expect_nothing_on_top(deployment, counted):
    """No counter is above what the whole log says."""
    for key, found in deployment.reader_keys().items():
        if key.endswith(b"}:total") and key in counted.keys:
            expected = counted.final(key)
            for name in COUNTERS:
                assert int(found[name]) <= int(expected[name]), (key, name)


def test_a_flushed_redis_whose_log_lost_its_start_stops_with_a_clear_demand(deploy):
    deployment = deploy()
    records = records_of(deployment, 27)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    counted = deployment.expect_exact()
    assert daemon.stop() == 0
    topic = deployment.topics["click"]
    end = kafka_log.end_offsets(deployment.kafka.address, [topic])[topic, 3]
    kafka_log.delete_records(deployment.kafka.address, topic, 3, end // 2)
    with deployment.client() as client:
        client.flushall()
    daemon = deployment.start()
    poll(lambda: deployment.stopped(daemon), 60, "stopped with a demand", every_s=0.2)
    assert topic in daemon.log and "rebuild" in daemon.log
    expect_nothing_on_top(deployment, counted)


def test_a_position_below_the_start_of_the_log_is_a_loss_that_is_told(deploy):
    deployment = deploy()
    records = records_of(deployment, 28)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.expect_exact()
    assert daemon.stop() == 0
    deployment.produce(records)
    counted = deployment.recount()
    topic = deployment.topics["impression"]
    end = kafka_log.end_offsets(deployment.kafka.address, [topic])[topic, 0]
    kafka_log.delete_records(deployment.kafka.address, topic, 0, end - 1)
    daemon = deployment.start()
    poll(lambda: deployment.stopped(daemon), 60, "stopped with a demand", every_s=0.2)
    assert topic in daemon.log
    expect_nothing_on_top(deployment, counted)


def vectors(client, prefix):
    return [name for name in client.scan_iter(match=prefix + b"~*", count=1000) if b"vec" in name]


def test_a_vector_that_is_gone_is_never_counted_upon(deploy):
    deployment = deploy()
    records = records_of(deployment, 29)
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    deployment.expect_exact()
    with deployment.client() as client:
        names = vectors(client, deployment.prefix)
        assert names, "no shard's vector found"
        assert client.delete(sorted(names)[len(names) // 2]) == 1
    deployment.produce(records)
    counted = deployment.recount()
    poll(lambda: deployment.stopped(daemon) or not deployment.differences(counted), 180,
         "rebuilt, or stopped", every_s=0.5)
    if deployment.stopped(daemon):
        expect_nothing_on_top(deployment, counted)
    else:
        deployment.expect_exact(60, counted)


def test_a_copy_of_redis_from_before_goes_on_exactly(deploy, tmp_path):
    """A restart from an older dump takes counters and positions back together: what followed is read again."""
    server = Redis(tmp_path / "redis")
    try:
        server.start()
        deployment = deploy(redis=server)
        records = records_of(deployment, 30)
        daemon = deployment.start()
        deployment.produce(itertools.islice(records, N_EVENTS // 2))
        deployment.wait_for_calls(60, 20)
        with deployment.client() as client:
            client.save()
        deployment.produce(records)
        deployment.expect_exact()
        server.kill()
        server.start()
        counted: Recount = deployment.recount()
        poll(lambda: deployment.stopped(daemon) or not deployment.differences(counted), 180,
             "exact after the replay", every_s=0.5)
        assert not deployment.stopped(daemon), daemon.log[-3000:]
        deployment.expect_exact(60, counted)
    finally:
        server.close()
