"""Topics as tests see them: made, filled, read back whole, cut at the start."""

import ctypes
import time
from collections import namedtuple

from confluent_kafka import (OFFSET_BEGINNING, TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Producer,
                             TopicPartition)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from tests.integration.servers import poll
from tests.oracle.recount import Message

DeadLetter = namedtuple("DeadLetter", "key value headers")
Stored = namedtuple("Stored", "offset ts_ms key value headers")


def create_topics(address, names, partitions, config=None):
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    made = admin.create_topics([NewTopic(name, partitions, 1, config=config or {}) for name in names])
    for future in made.values():
        future.result(60)


def configure_topic(address, name, config):
    """Sets the topic's own configuration; what is not named is the broker's again."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    for future in admin.alter_configs([ConfigResource(ConfigResource.Type.TOPIC, name, set_config=config)]).values():
        future.result(60)


def produce(address, records):
    """Sends Records and returns when all are acknowledged."""
    failed = []

    def delivered(error, _message):
        if error:
            failed.append(error)

    # Idempotent, as a batch that goes again must not come behind later ones: the log is to be in the order of the records.
    producer = Producer({"bootstrap.servers": address, "linger.ms": 20, "batch.size": 1_000_000, "enable.idempotence": True,
                         "queue.buffering.max.messages": 500_000, "message.max.bytes": 4_000_000,
                         "delivery.report.only.error": True, "on_delivery": delivered})
    n = 0
    for record in records:
        while True:
            try:
                producer.produce(record.topic, record.value, record.key, record.partition,
                                 timestamp=record.record_ts_ms, headers=getattr(record, "headers", None))
                break
            except BufferError:
                producer.poll(0.5)
        n += 1
        if n % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0
    assert not failed, failed[0]
    return n


def _consumer(address):
    return Consumer({"bootstrap.servers": address, "group.id": "roiwatch-tests-reader", "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "isolation.level": "read_committed", "enable.partition.eof": True})


def _watermarks(consumer, topic, partition):
    """(start, end) of a partition's log; a partition that was made a moment ago may have no leader yet."""
    def ask():
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        except KafkaException as error:
            if not error.args[0].retriable() and "leader" not in error.args[0].str():
                raise
            return None
    return poll(ask, 60, f"the ends of {topic}/{partition}", every_s=0.1)


def _read(address, topics, convert):
    """{(topic, partition): [convert(message), …]} of everything that is in the topics now."""
    consumer = _consumer(address)
    known = consumer.list_topics(timeout=30).topics
    partitions = [(topic, partition) for topic in topics for partition in known[topic].partitions]
    ends = {}
    for topic, partition in partitions:
        low, high = _watermarks(consumer, topic, partition)
        if high > low:
            ends[topic, partition] = high
    log = {name: [] for name in partitions}
    consumer.assign([TopicPartition(*name, OFFSET_BEGINNING) for name in ends])
    last = time.monotonic()
    while ends:
        messages = consumer.consume(20_000, timeout=0.2)  # returns early only when it has as many
        last = time.monotonic() if messages else last
        assert time.monotonic() < last + 60, f"Kafka gave nothing more, {ends} are open"
        for message in messages:
            name = (message.topic(), message.partition())
            # What stands last may be no message but the mark of a transaction's end: then only the end itself tells.
            if message.error() and message.error().code() == KafkaError._PARTITION_EOF:  # pylint: disable=protected-access
                if message.offset() >= ends.get(name, 0):
                    ends.pop(name, None)
                continue
            assert not message.error(), message.error()
            log[name].append(convert(message))
            if message.offset() + 1 >= ends.get(name, 0):
                ends.pop(name, None)
    consumer.close()
    return log


def _message(message):
    kind, ts_ms = message.timestamp()
    return Message(message.offset(), None if kind == TIMESTAMP_NOT_AVAILABLE else ts_ms, message.value())


def read_log(address, topics):
    """The log as the oracle takes it."""
    return _read(address, topics, _message)


def read_dead_letters(address, topic):
    def convert(message):
        headers = {name: value.decode() for name, value in message.headers() or ()}
        return DeadLetter(message.key(), message.value(), headers)
    return [letter for letters in _read(address, [topic], convert).values() for letter in letters]


def read_records(address, topics):
    """{(topic, partition): [Stored, …]} with everything that a record has; headers as text."""
    def convert(message):
        headers = {name: value.decode() for name, value in message.headers() or ()}
        return Stored(message.offset(), message.timestamp()[1], message.key(), message.value(), headers)
    return _read(address, topics, convert)


def end_offsets(address, topics):
    consumer = _consumer(address)
    known = consumer.list_topics(timeout=30).topics
    result = {(topic, partition): _watermarks(consumer, topic, partition)[1]
              for topic in topics for partition in known[topic].partitions}
    consumer.close()
    return result


def delete_records(address, topic, partition, before):
    """Moves the start of a partition's log. Debian's confluent_kafka cannot, librdkafka itself can."""
    lib = ctypes.CDLL("librdkafka.so.1")
    pointer, text, size, integer = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int

    def call(name, result, kinds, *values):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, kinds
        return function(*values)

    why = ctypes.create_string_buffer(512)
    conf = call("rd_kafka_conf_new", pointer, [])
    for name, value in ((b"bootstrap.servers", address.encode()), (b"log_level", b"0")):
        call("rd_kafka_conf_set", integer, [pointer, text, text, text, size], conf, name, value, why, 512)
    handle = call("rd_kafka_new", pointer, [integer, pointer, text, size], 0, conf, why, 512)
    assert handle, why.value
    offsets = call("rd_kafka_topic_partition_list_new", pointer, [integer], 1)
    call("rd_kafka_topic_partition_list_add", pointer, [pointer, text, ctypes.c_int32], offsets, topic.encode(),
         partition)
    call("rd_kafka_topic_partition_list_set_offset", integer, [pointer, text, ctypes.c_int32, ctypes.c_int64],
         offsets, topic.encode(), partition, before)
    request = call("rd_kafka_DeleteRecords_new", pointer, [pointer], offsets)
    queue = call("rd_kafka_queue_new", pointer, [pointer], handle)
    requests = (pointer * 1)(request)
    call("rd_kafka_DeleteRecords", None, [pointer, pointer, size, pointer, pointer], handle, requests, 1, None, queue)
    event = call("rd_kafka_queue_poll", pointer, [pointer, integer], queue, 30_000)
    assert event, "no answer to DeleteRecords"
    error = call("rd_kafka_event_error", integer, [pointer], event)
    call("rd_kafka_event_destroy", None, [pointer], event)
    call("rd_kafka_DeleteRecords_destroy", None, [pointer], request)
    call("rd_kafka_topic_partition_list_destroy", None, [pointer], offsets)
    call("rd_kafka_queue_destroy", None, [pointer], queue)
    call("rd_kafka_destroy", None, [pointer], handle)
    assert error == 0, f"DeleteRecords: error {error}"
