"""The tests' own tools: what they compare by has to be able to fail. No daemon runs here."""

import pytest

from tests.integration import kafka_log
from tests.integration.deployment import Deployment
from tests.oracle.generator import Generator, Record


@pytest.fixture
def filled(kafka, store, tmp_path):
    """A deployment whose Redis holds exactly what the oracle says, written by the oracle."""
    deployment = Deployment(kafka, store, tmp_path, {"windows": ["1h", "total"]}, partitions=2)
    deployment.produce(Generator(3, 3000, deployment.topics, 2))
    counted = deployment.recount()
    with deployment.client() as client:
        client.sadd("roi:campaigns", *counted.members)
        for key in counted.keys:
            client.hset(key, mapping={**counted.final(key), "rev": 1})
    return deployment, counted


def test_the_log_that_is_read_back_is_what_was_produced(kafka, store, tmp_path):
    deployment = Deployment(kafka, store, tmp_path, partitions=2)
    records = list(Generator(3, 3000, deployment.topics, 2))
    assert deployment.produce(records) == 3000
    expected = {}
    for record in records:
        expected.setdefault((record.topic, record.partition), []).append((record.record_ts_ms, record.value))
    found = {name: [(message.record_ts_ms, message.value) for message in messages]
             for name, messages in deployment.log().items()}
    assert found == expected


def test_the_comparison_passes_what_is_exact(filled):
    deployment, counted = filled
    assert deployment.differences(counted) == []


@pytest.mark.parametrize("field, change, what", [
    ("clicks", 1, "clicks"), ("revenue_micros", -1, "revenue_micros"), ("excluded_micros", 1, "excluded_micros"),
    ("from_ms", 60_000, "bounds"), ("to_ms", 1, "bounds"), ("as_of_ms", 86_400_000, "past the end")])
def test_the_comparison_finds_a_number_that_is_off(filled, field, change, what):
    deployment, counted = filled
    with deployment.client() as client:
        client.hincrby("roi:{campaign-0001}:1h", field, change)
    assert any(what in sentence for sentence in deployment.differences(counted))


def test_the_comparison_finds_keys_and_members_too_many_and_too_few(filled):
    deployment, counted = filled
    with deployment.client() as client:
        client.delete("roi:{campaign-0000}:total")
        client.hset("roi:{campaign-0000}:24h", "clicks", 0)
        client.hset("roi:{campaign-0001}:1h", "strange", 0)
        client.srem("roi:campaigns", "campaign-0002")
        client.sadd("roi:campaigns", "nobody")
    found = "\n".join(deployment.differences(counted))
    for what in ("total' is missing", "24h' too many", "strange", "lacks b'campaign-0002'", "b'nobody' too many"):
        assert what in found


def test_a_log_that_lost_its_start_is_read_from_what_is_left(kafka, store, tmp_path):
    deployment = Deployment(kafka, store, tmp_path, partitions=1)
    topic = deployment.topics["click"]
    deployment.produce([Record(topic, 0, None, b"%d" % i, 1000) for i in range(10)])
    kafka_log.delete_records(kafka.address, topic, 0, 4)
    assert [message.offset for message in deployment.log()[topic, 0]] == [4, 5, 6, 7, 8, 9]
    assert kafka_log.end_offsets(kafka.address, [topic]) == {(topic, 0): 10}
