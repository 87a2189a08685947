"""A configuration that reads the same bytes otherwise, after kills at random moments: each message is read by one of the
configurations, the same for all shards, and none is lost or doubled.

By which one a message is read follows from the vectors that the killed daemon left: the next configuration holds from the
furthest offset on that any shard had counted, and never from before one that held earlier. The oracle recounts by that."""

import itertools
import random
import struct

import pytest

from tests.integration import kafka_log
from tests.integration.servers import poll
from tests.integration.test_exact import expect_rejections_counted
from tests.oracle.generator import Generator
from tests.oracle.recount import Recount

N_EVENTS = 24_000
OFFSET_BITS = 48


def swapped(deployment):
    """Impressions for clicks and the other way round, and orders only where they say that they are."""
    names = deployment.topics
    return {"kafka": {"topics": {"impressions": names["click"], "clicks": names["impression"], "orders": None,
                                 "mixed": names["order"]}}}


CHANGES = {
    "lateness.future": lambda _: {"lateness": {"future": "6m"}},
    "limits.message_bytes": lambda _: {"limits": {"message_bytes": "1KiB"}},
    "the types of topics": swapped,
}


def remarkable(records):
    """Every fifth is sent some five minutes before its event is, every fifth is longer than a KiB: too early or too large
    by one of the two configurations."""
    for i, record in enumerate(records):
        if i % 5 == 0:
            record = record._replace(record_ts_ms=record.record_ts_ms - 330_000)
        elif i % 5 == 1 and record.value:
            record = record._replace(value=record.value + b" " * 1024)
        yield record


def cleaned(config):
    """Without the topics' keys that are off."""
    topics = {key: name for key, name in config["kafka"]["topics"].items() if name}
    return {**config, "kafka": {**config["kafka"], "topics": topics}}


def furthest(client):
    """{(topic, partition): the furthest offset that any shard has counted}."""
    indexes = {}
    for name, entry in client.hgetall("roi:~lanes.1").items():
        topic, _, partition = name.decode().rpartition(":")
        indexes[topic, int(partition)] = int(entry.split()[0])
    result = dict.fromkeys(indexes, 0)
    for name in client.scan_iter(match="roi:~{*:vec", count=1000):
        vector = client.get(name)
        for lane, index in indexes.items():
            for at in (32 * index, 32 * index + 16):
                if at + 8 <= len(vector):
                    position = struct.unpack_from(">q", vector, at)[0]
                    result[lane] = max(result[lane], position & ((1 << OFFSET_BITS) - 1) if position >= 0 else 0)
    return result


def expect_letters(deployment, counted):
    """Each refused message has a letter with the reason by which it was counted. It may have another too, as letters are
    sent before anything is counted: the killed daemon had read it by its own rules."""
    found = {}
    for letter in kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter):
        headers = letter.headers
        lane = (headers["roiwatch-topic"], int(headers["roiwatch-partition"]), headers["roiwatch-reason"])
        found.setdefault(lane, set()).add(headers["roiwatch-offset"])
    assert {lane: (n, len(found.get(lane, ()))) for lane, n in counted.rejected.items() if len(found.get(lane, ())) < n} == {}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_rules_after_kills_count_each_message_by_one_of_them(deploy, what):
    deployment = deploy({"windows": ["1h", "month", "total"]})
    dice = random.Random(len(what))
    records = remarkable(Generator(71, N_EVENTS, deployment.topics, deployment.partitions))
    plain, other = {}, CHANGES[what](deployment)
    n_rounds, earlier = 5, []
    with deployment.client() as client:
        for i in range(n_rounds):
            deployment.produce(itertools.islice(records, N_EVENTS // (n_rounds + 1)))
            deployment.configure({"windows": ["1h", "month", "total"], **(other if i % 2 else plain)})
            deployment.config = cleaned(deployment.config)
            daemon = deployment.start()
            deployment.wait_for_calls(dice.randrange(60, 260), 20)
            assert daemon.running(), daemon.log[-2000:]
            before = earlier[-1][1] if earlier else {}
            # A daemon that was killed before it had counted anything would leave nothing to tell the rules apart.
            poll(lambda before=before: sum(furthest(client).values()) >= sum(before.values()) + 500, 60,
                 "some messages of this round are counted", daemon.process)
            daemon.kill()
            poll(lambda: client.info("clients")["connected_clients"] == 1, 20, "the killed daemon's connection is gone")
            until = furthest(client)
            earlier.append((deployment.config, {lane: max(offset, before.get(lane, 0)) for lane, offset in until.items()}))
    deployment.configure({"windows": ["1h", "month", "total"], **(other if n_rounds % 2 else plain)})
    deployment.config = cleaned(deployment.config)
    deployment.produce(records)
    daemon = deployment.start()
    counted = Recount(deployment.log(), deployment.config, earlier)
    deployment.expect_exact(120, counted)
    expect_rejections_counted(deployment, counted)
    expect_letters(deployment, counted)
    # It did matter by which configuration: neither alone gives these numbers.
    for config in (deployment.config, earlier[-1][0]):
        assert Recount(deployment.log(), config).rejected != counted.rejected
    assert daemon.stop() == 0
