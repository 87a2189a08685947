"""Access lists of a Kafka broker, over its protocol: what Debian 12's confluent_kafka cannot do, and kafka-acls.sh only in
seconds each."""

import contextlib
import socket
import struct

from tests.integration.servers import poll

TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID = 2, 3, 4, 5
LITERAL, ALLOW = 3, 3
READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, IDEMPOTENT_WRITE = 3, 4, 8, 10, 12
DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS, VERSION = 29, 30, 31, 1


def _text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def _receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        assert part, "the broker hung up"
        data += part
    return data


def _call(address, key, body):
    """The answer behind its correlation number."""
    host, port = address.rsplit(":", 1)
    request = struct.pack(">hhih", key, VERSION, 1, -1) + body
    with contextlib.closing(socket.create_connection((host, int(port)), 30)) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        return _receive(connection, struct.unpack(">i", _receive(connection, 4))[0])[4:]


def _change(address, key, entries):
    answer = _call(address, key, struct.pack(">i", len(entries)) + b"".join(entries))
    n, error = struct.unpack(">ih", answer[4:10])
    assert n == len(entries) and error == 0, answer


def _known(address, entry):
    """Does the broker, which hears of changes from its controller, know this right?"""
    answer = _call(address, DESCRIBE_ACLS, entry)
    error, size = struct.unpack(">hh", answer[4:8])
    assert error == 0, answer
    return struct.unpack(">i", answer[8 + max(size, 0):12 + max(size, 0)])[0] > 0


def _entries(user, kind, names, operation):
    return [struct.pack(">b", kind) + _text(name) + struct.pack(">b", LITERAL) + _text(f"User:{user}") + _text("*")
            + struct.pack(">bb", operation, ALLOW) for name in names]


def allow(address, user, kind, names, operation):
    entries = _entries(user, kind, names, operation)
    _change(address, CREATE_ACLS, entries)
    poll(lambda: all(_known(address, entry) for entry in entries), 30, "the rights hold")


def forbid(address, user, kind, names, operation):
    """Takes away what allow() gave."""
    entries = _entries(user, kind, names, operation)
    _change(address, DELETE_ACLS, entries)
    poll(lambda: not any(_known(address, entry) for entry in entries), 30, "the rights are gone")
