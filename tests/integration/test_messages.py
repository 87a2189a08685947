"""Every kind of message that is refused, and odd ones that are not: dead letters, counts, and going on."""

from tests.integration import kafka_log
from tests.integration.test_exact import expect_rejections_counted
from tests.oracle.corpus import ODD, REFUSED, filled
from tests.oracle.generator import Record

TS_MS = 1_772_600_000_000  # 2026-03-04T04:53:20Z


def corpus_records(deployment):
    """Each case on the topic of its type, with a key; ordinary events before and after."""
    kinds = {"impression": 0, "click": 1, "order": 2, None: 3}
    records = [deployment.record("click", partition, TS_MS, campaign_id="ordinary", cost="1.25")
               for partition in range(deployment.partitions)]
    for i, case in enumerate(REFUSED + ODD):
        topic = deployment.topics[case.topic_type or "mixed"]
        partition = (i + kinds[case.topic_type]) % deployment.partitions
        records.append(Record(topic, partition, f"key {case.name}".encode(), filled(case, TS_MS), TS_MS))
    records += [deployment.record("click", partition, TS_MS + 1000, campaign_id="ordinary", cost="2.5")
                for partition in range(deployment.partitions)]
    return records


def letters_by_identity(deployment):
    result = {}
    for letter in kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter):
        headers = letter.headers
        identity = (headers["roiwatch-topic"], int(headers["roiwatch-partition"]), int(headers["roiwatch-offset"]))
        result[identity] = letter
    return result


def test_each_refused_message_is_a_dead_letter_with_its_reason(deploy):
    deployment = deploy(mixed=True, partitions=2)
    records = corpus_records(deployment)
    deployment.produce(records)
    daemon = deployment.start()
    counted = deployment.expect_exact()
    expect_rejections_counted(deployment, counted)

    offsets, expected = {}, {}
    reasons = {f"key {case.name}".encode(): case.reason for case in REFUSED + ODD}
    for record in records:
        lane = (record.topic, record.partition)
        offsets[lane] = offsets.get(lane, -1) + 1
        if reasons.get(record.key):
            expected[(*lane, offsets[lane])] = (record.key, record.value, reasons[record.key])
    letters = letters_by_identity(deployment)
    found = {identity: (letter.key, letter.value, letter.headers["roiwatch-reason"])
             for identity, letter in letters.items()}
    wrong = {identity: (found.get(identity), expected.get(identity)) for identity in found.keys() | expected.keys()
             if found.get(identity) != expected.get(identity)}
    assert not {k: tuple(x and (x[0], x[2]) for x in v) for k, v in wrong.items()}
    assert not any("roiwatch-truncated" in letter.headers for letter in letters.values())
    assert deployment.window("ordinary", "total")["media_cost_micros"] == str(2 * 3_750_000)
    assert daemon.stop() == 0


def test_a_dead_letter_that_the_broker_will_not_take_goes_without_its_value(deploy, kafka):
    deployment = deploy(partitions=1)
    small = f"{deployment.name}.small"
    kafka_log.create_topics(kafka.address, [small], 1, {"max.message.bytes": "4000"})
    deployment.dead_letter = small
    deployment.configure({"kafka": {"dead_letter": small}})
    big = b'{"campaign_id":"' + b"x" * 20_000 + b'"}'
    deployment.produce([Record(deployment.topics["click"], 0, b"k", big, TS_MS)])
    deployment.send("click", 0, TS_MS, campaign_id="after")
    deployment.start()
    deployment.expect_exact()
    (letter,) = letters_by_identity(deployment).values()
    assert letter.key == b"k" and not letter.value
    assert letter.headers["roiwatch-truncated"] == "1" and letter.headers["roiwatch-offset"] == "0"


def test_without_a_dead_letter_topic_refused_messages_are_counted_and_dropped(deploy):
    deployment = deploy({"kafka": {"dead_letter": None}}, mixed=True, partitions=2)
    deployment.produce(corpus_records(deployment))
    deployment.start()
    counted = deployment.expect_exact()
    expect_rejections_counted(deployment, counted)
    assert letters_by_identity(deployment) == {}


def test_no_offset_is_passed_before_its_dead_letter_is_acknowledged(deploy, kafka):
    """The dead-letter topic is missing: what is refused holds its partition back until it is there."""
    deployment = deploy(partitions=1)
    missing = f"{deployment.name}.later"
    deployment.dead_letter = missing
    deployment.configure({"kafka": {"dead_letter": missing}})
    deployment.produce([Record(deployment.topics["click"], 0, None, b"refused", TS_MS)])
    deployment.send("click", 0, TS_MS, campaign_id="after")
    daemon = deployment.start()
    deployment.wait_for_calls(100, 15)
    assert deployment.window("after", "total").get("clicks", "0") == "0"
    kafka_log.create_topics(kafka.address, [missing], 1)
    if not daemon.running():  # it may also have ended with a clear demand
        assert daemon.process.returncode in (69, 78) and missing in daemon.log
        deployment.start()
    deployment.expect_exact()
    (letter,) = letters_by_identity(deployment).values()
    assert letter.value == b"refused"
