"""What roiwatchd says, and how often."""

import json
import os
import socket
import subprocess

import pytest

from tests.integration.deployment import BIN, environment
from tests.integration.servers import poll

LOST = "stops reading and tries again until it is back"


def test_a_failure_that_repeats_is_counted_and_not_repeated(deploy, store):
    deployment = deploy()
    daemon = deployment.start()
    connected = "redis: connected to"
    for i in range(4):
        poll(lambda: daemon.log.count(connected) == i + 1, 30, "connected", daemon.process)
        store.kill()
        store.start()
    poll(lambda: daemon.log.count(connected) == 5, 30, "connected", daemon.process)
    assert daemon.stop() == 0
    said = [line for line in daemon.log.splitlines() if LOST in line]
    texts = {line.split(" (")[0] for line in said}
    # Each wording once, and the rest as a number at the end.
    assert len(said) <= len(texts) + 1, said
    assert any("more like it" in line for line in said) or len(texts) == 4, said


def test_json_is_one_object_a_line(deploy, store):
    deployment = deploy()
    daemon = deployment.start("--log-format", "json")
    poll(lambda: "connected to" in daemon.log, 30, "connected", daemon.process)
    store.kill()
    poll(lambda: LOST in daemon.log, 30, "lost", daemon.process)
    store.start()
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    lost = [line for line in lines if LOST in line["message"]]
    assert lost[0]["level"] == "warning" and lost[0]["part"] == "redis" and lost[0]["file"] == "daemon/app.c"
    assert {line["level"] for line in lines} <= {"error", "warning", "notice", "info"}


def test_an_error_in_the_configuration_has_the_format_too(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("kafka: {brokers: b}\nredis: {url: 'redis://h:1/0'}\nwindow: [1h]\n")
    for words, first in ((["--log-format", "json"], "{"), ([], f"{path}:3:1: ")):
        result = subprocess.run([BIN / "roiwatchd", "-c", path, *words], capture_output=True, text=True, timeout=30,
                                env=environment(), check=False)
        assert result.returncode == 78 and result.stderr.startswith(first), result.stderr


def test_what_the_command_line_must_not_say_is_named():
    for words, said in ((["--log-format", "xml"], "--log-format is auto, journal, text or json: xml"),
                        (["now"], "no argument expected: now"),
                        ([f"--set=a.b{i}=1" for i in range(300)], "too many --set; write them into the configuration")):
        result = subprocess.run([BIN / "roiwatchd", *words], capture_output=True, text=True, timeout=30, check=False)
        assert result.returncode == 2 and f"roiwatchd: {said}" in result.stderr, (result.returncode, result.stderr)


def has_mount_namespaces():
    """Root has, but not in a container or chroot whose root is no mount point."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, timeout=30, check=False).returncode == 0


@pytest.mark.skipif(not has_mount_namespaces(), reason="a mount namespace needs root, and a mount point as root directory")
def test_the_journal_gets_fields(tmp_path):
    """A socket in the journal's place, in a mount namespace of its own: what is sent there is what is looked at."""
    run = tmp_path / "journal"
    run.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(run / "socket"))
        journal.settimeout(20)
        script = ("mkdir -p /run/systemd/journal && mount --bind $1 /run/systemd/journal && "
                  "exec $2 --log-format journal -c $3")
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", run, BIN / "roiwatchd", tmp_path / "none.yaml"],
            capture_output=True, text=True, timeout=30, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=False)
        assert result.returncode == 78, result.stderr
        fields = dict(line.split("=", 1) for line in journal.recv(65536).decode().splitlines() if "=" in line)
    assert fields["PRIORITY"] == "3" and fields["SYSLOG_IDENTIFIER"] == "roiwatchd"
    assert "none.yaml" in fields["MESSAGE"] and fields["CODE_FILE"] == "daemon/main.c" and fields["ROIWATCH_PART"] == "main"
