"""Topics that do not exist: said at once and all of them, and waited for."""

import itertools
import re
import signal
import time

from confluent_kafka.admin import AdminClient

from tests.integration import kafka_log
from tests.integration.servers import poll
from tests.oracle.generator import Generator
from tests.oracle.recount import Recount

TS_MS = 1_772_600_000_000
SOON_S = 12  # librdkafka alone names a dead-letter topic that is missing after 30 s


def missing(deployment, *kinds, letters=False):
    """The deployment looks for other names of these kinds; gives them."""
    for kind in kinds:
        deployment.topics[kind] += ".absent"
    if letters:
        deployment.dead_letter += ".absent"
    deployment.configure({"kafka": {"dead_letter": deployment.dead_letter}})
    return [deployment.topics[kind] for kind in kinds] + ([deployment.dead_letter] if letters else [])


def names_in(text, names):
    return [name for name in names if re.search(re.escape(name) + r"(?![\w.])", text)]


def test_the_daemon_names_every_topic_that_is_missing_within_seconds(deploy, kafka):
    deployment = deploy()
    names = missing(deployment, "impression", "order", letters=True)
    deployment.send("click", 0, TS_MS, campaign_id="a")
    daemon = deployment.start()
    poll(lambda: names_in(daemon.log, names) == names, SOON_S, "all names are in the log", daemon.process)
    topics, letters = [line for line in daemon.log.splitlines() if names_in(line, names)]
    assert names_in(topics, names) == names[:2] and "kafka.topics" in topics
    assert "dead-letter" in letters and "stand still" in letters
    assert deployment.topics["click"] not in topics
    poll(lambda: deployment.window("a", "total").get("clicks") == "1", 60, "what is there is counted")
    kafka_log.create_topics(kafka.address, names, 1)
    poll(lambda: "all topics exist now" in daemon.log, 60, "the end of it is said", daemon.process, every_s=0.2)
    assert daemon.stop() == 0


def test_offsets_names_every_topic_that_is_missing_and_waits_for_the_others(deploy):
    deployment = deploy()
    deployment.send("click", 0, TS_MS, campaign_id="a")
    names = missing(deployment, "impression", "order")
    deployment.start()
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr
    assert names_in(waited.stderr, names) == names
    assert deployment.window("a", "total")["clicks"] == "1"


def test_offsets_waits_for_an_absent_kafka_no_longer_than_it_was_told(deploy):
    deployment = deploy()
    began = time.monotonic()
    waited = deployment.cli("offsets", "--wait", "2s", "--set", "kafka.brokers=127.0.0.1:9")
    assert waited.returncode == 69 and "Kafka at 127.0.0.1:9" in waited.stderr, waited.stderr
    assert 1 < time.monotonic() - began < 6


def test_offsets_does_not_take_a_log_without_any_topic_for_counted(deploy, kafka):
    deployment = deploy()
    names = missing(deployment, "impression", "click", "order")
    daemon = deployment.start()
    started = time.monotonic()
    waited = deployment.cli("offsets", "--wait", "1s")
    assert waited.returncode == 1 and time.monotonic() - started >= 1
    assert names_in(waited.stderr, names) == names and "none of the configured topics exists" in waited.stderr
    assert deployment.cli("offsets").returncode == 0
    kafka_log.create_topics(kafka.address, names[1:2], 1)
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    # The same when a daemon has opened the shards.
    poll(lambda: "1 partitions" in daemon.log, 90, "the topic is read", daemon.process)
    with deployment.client() as client:
        poll(lambda: client.hlen("roi:~marks.1") == 1, 30, "its reader has been at its end", daemon.process)
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr


def test_check_live_names_every_topic_that_is_missing_within_seconds(deploy):
    deployment = deploy()
    names = missing(deployment, "impression", "order", letters=True)
    started = time.monotonic()
    result = deployment.cli("check", "--live")
    assert time.monotonic() - started < SOON_S
    assert result.returncode == 78
    assert names_in(result.stderr, names) == names


def delete_topics(kafka, *names):
    admin = AdminClient({"bootstrap.servers": kafka.address})
    for deleted in admin.delete_topics(list(names)).values():
        deleted.result(30)
    poll(lambda: not set(names) & set(admin.list_topics(timeout=10).topics), 30, "the topics are gone", every_s=0.1)


def test_a_topic_that_is_deleted_while_it_is_read_does_not_keep_the_daemon_from_ending(deploy, kafka):
    deployment = deploy()
    records = iter(Generator(81, 30_000, deployment.topics, deployment.partitions))
    deployment.produce(itertools.islice(records, 20_000))
    daemon = deployment.start()
    deployment.wait_for_calls(30, 20)
    clicks = {lane: messages for lane, messages in deployment.log().items() if lane[0] == deployment.topics["click"]}
    delete_topics(kafka, deployment.topics["click"])
    deployment.produce(record for record in records if record.topic != deployment.topics["click"])
    poll(lambda: deployment.topics["click"] in daemon.log, 60, "it is said", daemon.process, every_s=0.2)
    started = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    status = daemon.process.wait(40)
    assert time.monotonic() - started < 20, daemon.log
    assert status == 0, (status, daemon.log[-2000:])
    # Librdkafka may end or not; where it does not, that is said.
    assert time.monotonic() - started < 9 or "librdkafka does not end" in daemon.log
    daemon.check()
    # The others are counted to their end; what was counted of the deleted one stays, and none of it is counted twice.
    daemon = deployment.start()
    poll(lambda: names_in(daemon.log, [deployment.topics["click"]]), 30, "said again", daemon.process, every_s=0.2)
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr
    topics = [deployment.topics["impression"], deployment.topics["order"]]
    others = kafka_log.read_log(kafka.address, topics)
    least = Recount(others, {**deployment.config, "windows": ["total"]})
    most = Recount({**others, **clicks}, {**deployment.config, "windows": ["total"]})
    found, n_exact = deployment.reader_keys(), 0
    for key in least.keys:
        for name in ("impressions", "clicks", "orders", "revenue_micros"):
            low, high = int(least.final(key)[name]), int(most.final(key)[name])
            assert low <= int(found[key][name]) <= high, (key, name)
            n_exact += low == high > 0
    assert n_exact > 100
    assert daemon.stop() == 0
