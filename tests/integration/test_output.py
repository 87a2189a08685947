"""What the commands print: nowhere to print it to, numbers at the ends of their range, and a log without foreign lines."""

import os
import re
import subprocess

import pytest

from tests.integration.servers import poll, spawn
from tests.integration.test_cli import PROGRAM, fixture_log, fixture_redis, fixture_world  # noqa: F401  fixtures

LEAST, MOST = -(2**63), 2**63 - 1
READING = [("show", "c"), ("show", "c", "--json"), ("top", "--once"), ("top", "--once", "--json"), ("top", "--for", "1s"),
           ("alerts",), ("alerts", "--follow"), ("check",), ("check", "--json"), ("config",), ("config", "--sample"),
           ("offsets",), ("offsets", "--json"), ("generate", "--stdout", "--events", "2000"), ("--help",), ("--version",)]


@pytest.fixture(name="filled")
def fixture_filled(log):
    world, _ = log
    world.campaign("c", 1, 2)
    world.alert(0)
    return world


def run(world, words, **more):
    return subprocess.run([str(PROGRAM), "-c", str(world.config), *words], stderr=subprocess.PIPE, text=True, timeout=20,
                          check=False, **more)


def run_into(world, words, where):
    if where == "closed":
        return run(world, words, preexec_fn=lambda: os.close(1))
    if where == "a full device":
        with open("/dev/full", "w", encoding="ascii") as full:
            return run(world, words, stdout=full)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run(world, words, stdout=writer)
    finally:
        os.close(writer)


def complaint(result):
    """What is not right with a command that could not print."""
    said = [line for line in result.stderr.splitlines() if "cannot be written" in line]
    if result.returncode == 1 and len(said) == 1 and said[0].startswith("roiwatch") and "Sanitizer" not in result.stderr:
        return None
    return f"{result.returncode}: {result.stderr[-300:]}"


@pytest.mark.parametrize("where", ["a full device", "a pipe without reader", "closed"])
def test_output_that_cannot_be_written_ends_with_1_and_a_message(filled, where):
    found = {" ".join(words): complaint(run_into(filled, words, where)) for words in READING}
    assert {words: what for words, what in found.items() if what} == {}


def test_generate_says_why_its_output_cannot_be_written(filled):
    """The reason is that of the write that failed, somewhere among the messages."""
    result = run_into(filled, ("generate", "--stdout", "--events", "2000"), "a full device")
    assert result.returncode == 1 and "cannot be written: No space left on device" in result.stderr, result.stderr


@pytest.mark.parametrize("words", [("top",), ("alerts", "--follow")], ids=" ".join)
def test_watching_ends_when_nobody_reads_any_more(filled, words):
    watcher = spawn([PROGRAM, "-c", filled.config, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert watcher.stdout.readline()
        watcher.stdout.close()
        assert watcher.wait(10) == 1  # although nothing more comes that could be printed
        assert "cannot be written" in watcher.stderr.read()
    finally:
        watcher.kill()
        watcher.wait()


def columns(line):
    return re.split(r" {2,}", line.strip())


def test_numbers_at_the_ends_of_their_range_stay_whole_and_apart(world):
    for name, cost, revenue in (("least", LEAST, LEAST), ("most", MOST, MOST)):
        world.campaign(name, cost, revenue, roi="9223372036854.775807")
        for window in ("1h", "total"):
            world.client.hset(f"roi:{{{name}}}:{window}", mapping={"impressions": MOST})
    low, high = "-9 223 372 036 854.78", "9 223 372 036 854.78"
    shown = {columns(line)[0]: columns(line)[1:] for line in world.run("show", "least").stdout.splitlines() if line.strip()}
    assert shown["cost"] == [low, low] and shown["impressions"] == [str(MOST)] * 2
    assert shown["window"] == ["1h", "total"] and len(shown["from (UTC)"]) == 2
    lines = world.run("show", "least").stdout.splitlines()
    heading, cost = (next(line for line in lines if line.startswith(name)) for name in ("window", "cost"))
    assert len(heading) == len(cost), "the columns' ends stand below each other"
    rows = {columns(line)[0]: columns(line) for line in world.run("top", "--once").stdout.splitlines() if line.strip()}
    assert rows["least"][1:4] == [low, low, "+922337203685477.6 %"]
    assert rows["most"][1:4] == [high, high, "+922337203685477.6 %"]
    assert rows["least"][4:6] == ["roi 1h 0.2", "ok"]


def test_the_log_has_no_lines_but_roiwatchs_own(deploy):
    """Properties that only a consumer has are passed to the producer of dead letters too, which need not tell."""
    deployment = deploy({"kafka": {"properties": {"fetch.wait.max.ms": 100}}})
    deployment.send("click", 0, 1_772_600_000_000, campaign_id="a")
    daemon = deployment.start()
    poll(lambda: deployment.window("a", "total").get("clicks") == "1", 60, "counted", daemon.process, every_s=0.1)
    assert daemon.stop() == 0
    assert [line for line in daemon.log.splitlines() if not line.startswith("roiwatchd: ")] == []
    assert "CONFWARN" not in daemon.log
