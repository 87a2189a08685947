"""A Redis that will not take writes (a replica, a full one), at the first start and later: waited for, at rest, and told once."""

import itertools
import os
import subprocess
import time

import pytest

from tests.integration.servers import Redis, poll
from tests.oracle.generator import Generator

N_EVENTS = 6000
LOOK_S = 6
CPU_MOST = 0.05  # of one core, while there is nothing to do but to wait
LINES_MOST = 12


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ReadOnly:
    word = "READONLY"

    @staticmethod
    def begin(client):
        client.execute_command("REPLICAOF", "127.0.0.1", "1")

    @staticmethod
    def end(client):
        client.execute_command("REPLICAOF", "NO", "ONE")


class Full:
    word = "OOM"

    @staticmethod
    def begin(client):
        client.config_set("maxmemory", 1)

    @staticmethod
    def end(client):
        client.config_set("maxmemory", 0)


@pytest.fixture(name="server")
def fixture_server(tmp_path):
    server = Redis(tmp_path / "redis")
    try:
        yield server.start()
    finally:
        server.close()


def n_refused(client):
    return sum(stats["rejected_calls"] for stats in client.info("commandstats").values())


def expect_rest(daemon, client):
    """For some seconds it hardly uses the processor, hardly asks and hardly says anything."""
    cpu, lines, since, refused = cpu_s(daemon.process), len(daemon.log.splitlines()), time.monotonic(), n_refused(client)
    try:
        raise AssertionError(f"ended with {daemon.process.wait(LOOK_S)}:\n{daemon.log[-2000:]}")
    except subprocess.TimeoutExpired:
        pass
    used = (cpu_s(daemon.process) - cpu) / (time.monotonic() - since)
    said = daemon.log.splitlines()[lines:]
    assert n_refused(client) - refused < 100 * LOOK_S, "it asks again and again"
    assert used < CPU_MOST, f"{100 * used:.1f} % of a core"
    assert len(said) <= 2, said


@pytest.mark.parametrize("fault", [ReadOnly, Full])
@pytest.mark.parametrize("when", ["at the first start", "later"])
def test_a_redis_that_takes_no_writes_is_waited_for(deploy, server, fault, when):
    deployment = deploy(redis=server)
    records = iter(Generator(51, N_EVENTS, deployment.topics, deployment.partitions))
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    with server.client() as client:
        if when == "later":
            daemon = deployment.start()
            deployment.expect_exact()
            fault.begin(client)
            deployment.produce(records)
        else:
            fault.begin(client)
            daemon = deployment.start()
            deployment.produce(records)
        poll(lambda: fault.word in daemon.log, 30, f"the log says {fault.word}", daemon.process, every_s=0.1)
        expect_rest(daemon, client)
        told = [line for line in daemon.log.splitlines() if fault.word in line]
        assert len(told) <= 3, told
        assert len(daemon.log.splitlines()) <= LINES_MOST, daemon.log
        fault.end(client)
    deployment.expect_exact()
    assert daemon.stop() == 0
