"""What the service manager is told by a running daemon: the test is the manager, with a socket of its own."""

import pathlib
import re
import socket

import pytest

from tests.integration.servers import poll
from tests.oracle.generator import Generator


class Manager:
    """Keeps what was told, in order."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(0)
        self.told = []

    def lines(self):
        while True:
            try:
                self.told += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.told

    def wait_for(self, pattern, within_s, begin=0):
        """Waits for a line from the begin-th on; its index."""
        return poll(lambda: next((i for i, line in enumerate(self.lines()) if i >= begin and re.fullmatch(pattern, line)), -1) + 1,
                    within_s, f"{pattern} is told: {self.told[-20:]}") - 1


@pytest.fixture
def manager(store, monkeypatch):
    path = store.directory / "notify"  # short enough for a socket
    made = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    yield made
    made.socket.close()


def test_ready_status_pings_and_stopping_are_told(deploy, manager):
    deployment = deploy()
    deployment.produce(Generator(41, 2000, deployment.topics, deployment.partitions))
    daemon = deployment.start()
    ready = manager.wait_for("READY=1", 14)  # because it counts, not because it has waited for long enough
    status = manager.wait_for(r"STATUS=24 partitions, 0 messages to read, complete up to \d+\.\d s ago, \d+ goals firing", 60)
    manager.wait_for("WATCHDOG=1", 10, begin=max(ready, status))
    assert daemon.stop() == 0
    stopping = manager.wait_for("STOPPING=1", 1)
    assert stopping > ready and manager.lines().count("READY=1") == 1


def test_no_core_dump_can_tell_a_secret(deploy, manager):
    daemon = deploy().start()
    manager.wait_for("READY=1", 20)
    limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text(encoding="ascii")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    assert daemon.stop() == 0


def test_servers_that_are_away_are_named_and_hold_up_neither_ready_nor_pings(deploy, manager, store):
    deployment = deploy()
    store.stop()
    daemon = deployment.start()
    waiting = manager.wait_for("STATUS=waiting for Redis.*", 10)
    manager.wait_for("WATCHDOG=1", 5, begin=waiting)
    manager.wait_for("READY=1", 20)
    store.start()
    manager.wait_for("STATUS=24 partitions, .*", 30)
    assert daemon.stop() == 0


def test_a_loop_that_hangs_is_not_vouched_for(deploy, manager, monkeypatch):
    monkeypatch.setenv("ROIWATCH_FAIL_AT", "loop-hang")
    deployment = deploy()
    daemon = deployment.start()
    ready = manager.wait_for("READY=1", 20)
    # Whoever turned would have pinged four times within what it is allowed twice.
    with pytest.raises(AssertionError):
        manager.wait_for("WATCHDOG=1", 2, begin=ready)
    assert daemon.running()
    daemon.kill()
