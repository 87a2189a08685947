"""`roiwatch replay`: what was refused and is mended goes back to its partition, each message once, whatever is killed, called
twice, repeated or recounted."""

import json
import random
import signal
import subprocess
import time
from collections import Counter

import pytest
from confluent_kafka import Producer

from tests.integration import kafka_log
from tests.integration.deployment import BIN, environment, merged
from tests.integration.servers import poll, spawn
from tests.oracle.generator import Record
from tests.oracle.recount import Recount

TS_MS = 1_772_600_000_000
SMALL, LARGE = {"limits": {"message_bytes": "1KiB"}}, {"limits": {"message_bytes": "64KiB"}}
WINDOWS = {"windows": ["1h", "total"]}


def padded(record, size=2000):
    """Beyond a KiB: refused as too_large by SMALL, taken by LARGE."""
    return record._replace(value=record.value[:-1] + b', "padding": "' + b"x" * size + b'"}')


def too_large(deployment, n, campaign="mended", kind="click"):
    """n messages that SMALL refuses; without an id, so that a second copy would count."""
    return [padded(deployment.record(kind, i % deployment.partitions, TS_MS + i, key=b"k%d" % i if i % 3 else None,
                                     campaign_id=campaign, cost="1.25")) for i in range(n)]


def refused(deployment, records, config=None):
    """Lets the daemon refuse the records by SMALL, ends it, and mends the configuration. Returns what a Recount needs."""
    deployment.configure({**(config or WINDOWS), **SMALL})
    old = deployment.config
    deployment.produce(records)
    daemon = deployment.start()
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    assert daemon.stop() == 0
    deployment.configure({**(config or WINDOWS), **LARGE})
    return [(old, kafka_log.end_offsets(deployment.kafka.address, deployment.topics.values()))]


def replay(deployment, *words):
    """Exit status and what --json says; None where nothing was said."""
    result = deployment.cli("replay", "--json", *words)
    assert "Sanitizer" not in result.stderr and "runtime error" not in result.stderr, result.stderr
    return result.returncode, json.loads(result.stdout) if result.stdout else None, result.stderr


def to_send(deployment, *words):
    """How many would be sent; 0 also before the daemon has begun."""
    _, told, _ = replay(deployment, "--dry-run", *words)
    return told["to_send"] if told else 0


def rows(told):
    return {(row["topic"], row["reason"], row["state"]): row["letters"] for row in told["rows"]}


def states(told):
    found = Counter()
    for row in told["rows"]:
        found[row["state"]] += row["letters"]
    return dict(found)


def originals_and_copies(deployment):
    """{(topic, partition, offset): stored} of what was sent by producers, and the same identity of what replay sent for it."""
    originals, copies = {}, []
    for (topic, partition), records in kafka_log.read_records(deployment.kafka.address, deployment.topics.values()).items():
        for record in records:
            if "roiwatch-replayed" not in record.headers:
                originals[topic, partition, record.offset] = record
                continue
            headers = record.headers
            copies.append(((headers["roiwatch-topic"], int(headers["roiwatch-partition"]), int(headers["roiwatch-offset"])),
                           (topic, partition), record))
    return originals, copies


def expect_one_copy_each(deployment, n):
    """Each of the n identities has one copy, in its own partition, with the same key and value."""
    originals, copies = originals_and_copies(deployment)
    assert Counter(identity for identity, _, _ in copies).most_common(1)[0][1] == 1
    assert len(copies) == n
    for identity, place, copy in copies:
        original = originals[identity]
        assert place == identity[:2] and (copy.key, copy.value) == (original.key, original.value)


def marks(deployment):
    return [letter for letter in kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)
            if "roiwatch-replayed" in letter.headers]


def test_mended_messages_are_counted_once_and_a_second_call_sends_nothing(deploy):
    deployment = deploy(partitions=4)
    records = too_large(deployment, 300) + too_large(deployment, 40, kind="impression")
    records += [deployment.record("click", 0, TS_MS, campaign_id="plain")]
    earlier = refused(deployment, records)
    click, impression = deployment.topics["click"], deployment.topics["impression"]

    status, told, said = replay(deployment)
    assert status == 2 and "340 letters" in said and "--yes" in said
    expected = {(click, "too_large", "to_send"): 300, (impression, "too_large", "to_send"): 40}
    assert rows(told) == expected and (told["to_send"], told["sent"], told["letters"]) == (340, 0, 340)
    status, told, said = replay(deployment, "--dry-run", "--yes")
    assert status == 0 and rows(told) == expected
    assert marks(deployment) == [] and originals_and_copies(deployment)[1] == []
    text = deployment.cli("replay", "--dry-run")
    assert text.returncode == 0 and f"{click:24s} too_large" in text.stdout and "to_send" in text.stdout

    before_ms = int(time.time() * 1000)
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and rows(told) == {(*key[:2], "sent"): n for key, n in expected.items()}, said
    expect_one_copy_each(deployment, 340)
    assert all(copy.ts_ms >= before_ms for _, _, copy in originals_and_copies(deployment)[1])
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"done": 340}
    expect_one_copy_each(deployment, 340)

    daemon = deployment.start()
    deployment.expect_exact(counted=Recount(deployment.log(), deployment.config, earlier))
    assert deployment.window("mended", "total")["clicks"] == "300"
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    status, told, said = replay(deployment)
    assert status == 0 and states(told) == {"done": 340}
    assert daemon.stop() == 0


def run_until_killed(deployment, monkeypatch, point):
    monkeypatch.setenv("ROIWATCH_FAIL_AT", point)
    result = deployment.cli("replay", "--yes")
    monkeypatch.delenv("ROIWATCH_FAIL_AT")
    assert result.returncode == -signal.SIGKILL, (point, result.returncode, result.stderr)


def test_kill_9_at_every_point_and_at_random_moments_sends_each_once(deploy, monkeypatch):
    deployment = deploy(partitions=3)
    n = 3100
    earlier = refused(deployment, too_large(deployment, n))
    daemon = deployment.start()  # what is replayed is counted meanwhile
    for point in ("replay-sent:1", "replay-committed:1", "replay-sent:3", "replay-committed:2"):
        run_until_killed(deployment, monkeypatch, point)
    _, told, _ = replay(deployment, "--dry-run")
    assert told["to_send"] == n - 500 * (0 + 1 + 2 + 2), told["rows"]
    dice, ended = random.Random(7), 0
    for _ in range(12):
        process = spawn([BIN / "roiwatch", "replay", "--yes", "-c", deployment.config_path], env=environment(),
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=dice.uniform(0.1, 1.2))
            ended += process.returncode == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told).keys() <= {"done", "sent"}, said
    expect_one_copy_each(deployment, n)
    deployment.expect_exact(counted=Recount(deployment.log(), deployment.config, earlier))
    assert deployment.window("mended", "total")["clicks"] == str(n)
    assert daemon.stop() == 0


def test_of_two_at_once_the_later_fences_off_the_earlier(deploy, monkeypatch):
    deployment = deploy(partitions=2)
    n = 1200
    refused(deployment, too_large(deployment, n))
    monkeypatch.setenv("ROIWATCH_FAIL_AT", "replay-stop:2")
    first = spawn([BIN / "roiwatch", "replay", "--yes", "-c", deployment.config_path], env=environment(),
                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    monkeypatch.delenv("ROIWATCH_FAIL_AT")

    def stopped():
        with open(f"/proc/{first.pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "T"

    poll(stopped, 60, "the first stands in its second transaction", every_s=0.05)
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"done": 500, "sent": n - 500}, said
    first.send_signal(signal.SIGCONT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 77 and "another replay" in said, said
    expect_one_copy_each(deployment, n)
    # And at the same moment, many times over.
    for _ in range(3):
        pair = [spawn([BIN / "roiwatch", "replay", "--yes", "-c", deployment.config_path], env=environment(),
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
        assert {process.wait(60) for process in pair} <= {0, 77}
    expect_one_copy_each(deployment, n)


def test_what_options_leave_behind_can_be_sent_later(deploy):
    deployment = deploy(partitions=2, mixed=True)
    records = too_large(deployment, 10) + too_large(deployment, 20, kind="impression")
    records += [Record(deployment.topics["mixed"], 0, None, b'{"ts":%d,"campaign_id":"m"}' % (TS_MS + i), TS_MS)
                for i in range(5)]
    refused(deployment, records)
    click, impression, mixed = (deployment.topics[kind] for kind in ("click", "impression", "mixed"))
    middle = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    assert replay(deployment, "--reason", "too_lrge")[::2] == (2, "roiwatch replay: --reason too_lrge: allowed is too_large\n")
    assert replay(deployment, "--topic", "elsewhere")[0] == replay(deployment, "--since", "yesterday")[0] == 2
    status, told, _ = replay(deployment, "--yes", "--since", middle)
    assert status == 0 and states(told) == {"not_chosen": 35}
    status, told, _ = replay(deployment, "--yes", "--topic", click, "--reason=too_large", "--reason", "unknown_type")
    assert status == 0
    assert rows(told) == {(click, "too_large", "sent"): 10, (impression, "too_large", "not_chosen"): 20,
                          (mixed, "unknown_type", "not_chosen"): 5}
    status, told, _ = replay(deployment, "--yes", "--reason", "unknown_type", "--reason", "not_json")
    assert rows(told) == {(click, "too_large", "done"): 10, (impression, "too_large", "not_chosen"): 20,
                          (mixed, "unknown_type", "sent"): 5}
    status, told, _ = replay(deployment, "--yes", "--since", "2026-01-01T00:00:00Z")
    assert status == 0 and states(told) == {"done": 15, "sent": 20}
    expect_one_copy_each(deployment, 35)


def count_in_force(deployment):
    with deployment.client() as client:
        meta = client.hgetall("roi:~meta")
    assert int(meta[b"begun"]) > TS_MS
    return int(meta[b"begun"]) * 1000 + int(meta[b"generation"])


def letter_headers(deployment, topic, partition, offset, reason="too_large", **more):
    return [("roiwatch-topic", topic), ("roiwatch-partition", str(partition)), ("roiwatch-offset", str(offset)),
            ("roiwatch-reason", reason), ("roiwatch-group", more.pop("group", deployment.name)),
            ("roiwatch-count", str(count_in_force(deployment))), *more.items()]


def write_letters(deployment, letters):
    """(headers, value[, key, partition of the dead-letter topic]) each."""
    producer = Producer({"bootstrap.servers": deployment.kafka.address})
    for headers, value, *more in letters:
        key, partition = more or (None, 0)
        producer.produce(deployment.dead_letter, value, key, headers=headers, partition=partition)
    assert producer.flush(30) == 0


def test_letters_that_are_repeated_before_or_after_are_sent_once(deploy, kafka):
    deployment = deploy(partitions=2)
    deployment.dead_letter = f"{deployment.name}.wide"
    kafka_log.create_topics(kafka.address, [deployment.dead_letter], 3)
    config = {**WINDOWS, "kafka": {"dead_letter": deployment.dead_letter}}
    refused(deployment, too_large(deployment, 6), config)
    originals, _ = originals_and_copies(deployment)
    again = [(letter_headers(deployment, *identity), stored.value, stored.key, i % 3)
             for i, (identity, stored) in enumerate(originals.items())]
    write_letters(deployment, again + again)
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"sent": 6}, said
    write_letters(deployment, again)  # behind the marks
    before = len(marks(deployment))
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"done": 6}, said
    expect_one_copy_each(deployment, 6)
    # These have marks behind them again, so that retention takes no mark before its letter; once is enough.
    assert before == 6 and len(marks(deployment)) == 12
    assert replay(deployment, "--yes")[0] == 0 and len(marks(deployment)) == 12


def test_a_message_that_is_still_to_be_counted_is_not_sent(deploy):
    """Its letter was written by a daemon that was killed before any shard had passed it: by the mended configuration it is
    accepted where it stands."""
    deployment = deploy(partitions=1)
    earlier = refused(deployment, too_large(deployment, 3))
    records = too_large(deployment, 2)
    deployment.produce(records)
    topic = deployment.topics["click"]
    write_letters(deployment, [(letter_headers(deployment, topic, 0, 3 + i), record.value) for i, record in enumerate(records)])
    status, told, _ = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"sent": 3, "not_counted": 2}
    daemon = deployment.start()
    deployment.expect_exact(counted=Recount(deployment.log(), deployment.config, earlier))
    assert deployment.window("mended", "total")["clicks"] == "5"
    assert daemon.stop() == 0


def without_copies(deployment):
    """The log as a later count reads it."""
    stored = kafka_log.read_records(deployment.kafka.address, deployment.topics.values())
    copies = {(name, record.offset) for name, records in stored.items() for record in records
              if "roiwatch-replayed" in record.headers}
    return {name: [message for message in messages if (name, message.offset) not in copies]
            for name, messages in deployment.log().items()}


@pytest.mark.parametrize("why", ["other windows", "an emptied Redis"])
def test_a_recount_reads_the_message_itself_and_no_copy_of_it(deploy, store, why):
    deployment = deploy(partitions=2)
    windows = [["1h", "total"], ["1h", "30d", "total"], ["1h", "7d", "total"]]  # each needs slices that are not there
    limits, sizes = ["1KiB", "64KiB", "128KiB"], [2000, 70_000]
    hopeless = deployment.record("click", 0, TS_MS, campaign_id="c", cost="-1")
    for i in range(2):  # the second time there are copies of two counts
        config = {"windows": windows[i] if why == "other windows" else windows[0]}
        deployment.configure({**config, "limits": {"message_bytes": limits[i]}})
        deployment.produce([padded(deployment.record("click", k % 2, TS_MS + k, campaign_id="mended"), sizes[i])
                            for k in range(20)] + [hopeless])
        daemon = deployment.start()
        assert deployment.cli("offsets", "--wait", "60s").returncode == 0 and daemon.stop() == 0
        deployment.configure({**config, "limits": {"message_bytes": limits[i + 1]}})
        status, told, _ = replay(deployment, "--yes", "--reason", "too_large")
        assert status == 0 and states(told) == {"sent": 20, "not_chosen": i + 1} | ({"recounted": 20} if i else {})
        daemon = deployment.start()
        assert deployment.cli("offsets", "--wait", "60s").returncode == 0 and daemon.stop() == 0
        assert deployment.window("mended", "total")["clicks"] == str(20 * (i + 1))
        if why == "an emptied Redis":
            with store.client() as client:
                client.flushall()
        else:
            deployment.configure({"windows": windows[i + 1], "limits": {"message_bytes": limits[i + 1]}})
        daemon = deployment.start()
        deployment.expect_exact(60, Recount(without_copies(deployment), deployment.config))
        assert deployment.window("mended", "total")["clicks"] == str(20 * (i + 1))
        # What is refused again has a letter of the new count; the others are of an earlier one.
        poll(lambda i=i: states(replay(deployment, "--dry-run")[1]) == {"recounted": 20 * (i + 1), "to_send": i + 1}, 30,
             "judged anew", every_s=0.3)
        assert daemon.stop() == 0


def test_letters_that_cannot_be_sent_are_named(deploy, kafka):
    deployment = deploy(partitions=2)
    refused(deployment, too_large(deployment, 2) + [Record(deployment.topics["order"], 1, b"k", b"no", TS_MS)])
    click = deployment.topics["click"]
    write_letters(deployment, [
        (letter_headers(deployment, click, 0, 0, **{"roiwatch-truncated": "1"}), None),
        (letter_headers(deployment, click, 7, 1), b"v"),
        (letter_headers(deployment, "gone", 0, 1), b"v"),
        (letter_headers(deployment, click, 1, 0, group="others"), b"v"),
        (letter_headers(deployment, click, 1, 0, reason="nonsense"), b"v"),
        ([], b"no letter at all"),
        ([("roiwatch-topic", click), ("roiwatch-partition", "x"), ("roiwatch-group", deployment.name)], b"v")])
    status, told, said = replay(deployment, "--yes")
    assert status == 0, said
    assert rows(told) == {(click, "too_large", "truncated"): 1, (click, "too_large", "sent"): 1, ("gone", "too_large", "no_topic"): 1,
                          (click, "too_large", "no_partition"): 1, (deployment.topics["order"], "not_json", "sent"): 1}
    assert told["foreign"] == 4
    assert {(letter["topic"], letter["partition"], letter["offset"], letter["state"]) for letter in told["stuck"]} == {
        (click, 0, 0, "truncated"), (click, 7, 1, "no_partition"), ("gone", 0, 1, "no_topic")}
    text = deployment.cli("replay").stdout
    assert f"{click}:0 offset 0, too_large: has no value" in text and "4 records" in text
    # Refused again it is another message, with a letter of its own.
    daemon = deployment.start()
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    _, told, _ = replay(deployment)
    assert rows(told)[deployment.topics["order"], "not_json", "to_send"] == 1
    assert daemon.stop() == 0


def test_a_letter_that_its_topic_does_not_take_holds_up_no_other(deploy, kafka):
    deployment = deploy(partitions=1)
    records = [padded(record, 30_000 if i == 3 else 2000) for i, record in enumerate(
        deployment.record("click", 0, TS_MS + i, campaign_id="mended") for i in range(8))]
    refused(deployment, records)
    narrow = deployment.topics["click"]
    kafka_log.configure_topic(kafka.address, narrow, {"max.message.bytes": "20000"})
    status, told, said = replay(deployment, "--yes")
    assert status == 1 and states(told) == {"sent": 7, "refused": 1}, said
    assert f"{narrow}:0 offset 3" in said and "7 of 8" in said
    assert [letter["offset"] for letter in told["stuck"]] == [3]
    kafka_log.configure_topic(kafka.address, narrow, {"max.message.bytes": "1000000"})
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and states(told) == {"done": 7, "sent": 1}, said
    expect_one_copy_each(deployment, 8)


def test_marks_that_an_open_transaction_hides_are_waited_for(deploy):
    """Somebody else's transaction in the dead-letter topic: what stands behind it cannot be read, and may be marks."""
    deployment = deploy(partitions=1)
    refused(deployment, too_large(deployment, 5))
    other = Producer({"bootstrap.servers": deployment.kafka.address, "transactional.id": f"{deployment.name}-other",
                      "transaction.timeout.ms": 300_000})
    other.init_transactions(60)
    other.begin_transaction()
    other.produce(deployment.dead_letter, b"of somebody else", partition=0)
    assert other.flush(60) == 0
    assert to_send(deployment) == 5  # looking does not wait
    process = spawn([BIN / "roiwatch", "replay", "--yes", "-c", deployment.config_path], env=environment(),
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 69 and "a producer's transaction is open" in said, said
    assert marks(deployment) == []
    process = spawn([BIN / "roiwatch", "replay", "--yes", "-c", deployment.config_path], env=environment(),
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        other.commit_transaction(60)
    _, said = process.communicate(timeout=90)
    assert process.returncode == 0 and "5 of 5" in said, said
    expect_one_copy_each(deployment, 5)


def test_without_letters_or_servers_it_says_so(deploy, store):
    deployment = deploy(WINDOWS)
    result = deployment.cli("replay", "--yes")
    assert result.returncode == 1 and "roiwatchd" in result.stderr, result.stderr  # nothing was ever counted
    daemon = deployment.start()
    poll(lambda: deployment.meta().get("status") == "live", 60, "it counts", daemon.process)
    assert daemon.stop() == 0
    status, told, said = replay(deployment)
    assert (status, told["letters"], told["rows"], told["stuck"]) == (0, 0, [], []), said
    assert deployment.cli("replay", "--set", "kafka.dead_letter=~").returncode == 78
    missing = deployment.cli("replay", "--set", "kafka.dead_letter=nowhere")
    assert missing.returncode == 1 and "nowhere does not exist" in missing.stderr
    assert deployment.cli("replay", "--set", "kafka.brokers=127.0.0.1:9").returncode == 69
    store.stop()
    assert deployment.cli("replay").returncode == 69


def test_a_refund_that_waited_goes_back_as_json_and_is_booked(deploy):
    day_ms = 86_400_000
    config = {"ledger": {"refund_horizon": "6d"}, **WINDOWS}
    deployment = deploy(config, partitions=2, kinds=("impression", "click", "order", "refund"))
    daemon = deployment.start()
    deployment.send("refund", 0, TS_MS - 7 * day_ms, order_id="o", refund_id="r", amount="2.5", key=b"k")
    poll(lambda: sum(lane["refunds"] for lane in deployment.lanes()) == 1, 30, "it waits", daemon.process)
    deployment.send("order", 1, TS_MS, order_id="o", revenue="10", campaign_id="mended")
    poll(lambda: to_send(deployment) == 1, 60, "it is refused", daemon.process, every_s=0.3)
    assert daemon.stop() == 0
    deployment.configure(merged(config, {"ledger": {"refund_horizon": "10d"}}))
    daemon = deployment.start()
    status, told, said = replay(deployment, "--yes")
    assert status == 0 and rows(told) == {(deployment.topics["refund"], "unknown_order", "sent"): 1}, said
    poll(lambda: deployment.window("mended", "total").get("refunded_micros") == "2500000", 60, "it is booked", daemon.process)
    assert replay(deployment, "--yes")[1]["sent"] == 0
    assert daemon.stop() == 0


def test_what_lay_in_the_future_is_judged_by_the_time_of_its_copy(deploy):
    deployment = deploy(WINDOWS, partitions=1)
    deployment.send("click", 0, TS_MS, record_ts_ms=TS_MS - 600_000, campaign_id="mended")
    daemon = deployment.start()
    poll(lambda: to_send(deployment, "--reason", "future") == 1, 60, "it is refused", daemon.process, every_s=0.3)
    assert replay(deployment, "--yes")[0] == 0
    poll(lambda: deployment.window("mended", "total").get("clicks") == "1", 60, "it is counted", daemon.process)
    assert daemon.stop() == 0
