"""./dev demo, as the README says it: the whole of roiwatch with nothing prepared, and nothing left behind."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest
from confluent_kafka.admin import AdminClient

from tests.integration.servers import ROOT, poll

PATIENCE_S = 300  # it may have to build the release first
LONG = ("--for", "120s")  # far longer than it takes to be ended, and not for ever


@pytest.fixture
def place():
    """Where the demo makes its directory; short, because a socket's path is."""
    with tempfile.TemporaryDirectory(prefix="rw") as directory:
        yield pathlib.Path(directory)


@contextlib.contextmanager
def demo(place, *options):
    # A session of its own, so that a Ctrl-C reaches all that a terminal's would and no more. Whoever runs the tests in the
    # background has them ignore it, and a shell cannot trap what it has inherited as ignored.
    with subprocess.Popen([str(ROOT / "dev"), "demo", *options], env={**os.environ, "TMPDIR": str(place)}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def read_until(process, words):
    """What it said up to a line with these words."""
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return said
    pytest.fail(f"it never said {words!r}: {''.join(said)[-3000:]}")


def programs_of(place):
    """The command lines of running programs that name the place: every one of the demo's does."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(place) in words:
                found.append(words)
    return found


def nothing_is_left(place):
    assert not list(place.iterdir())
    assert not programs_of(place)


def roiwatch_topics(kafka):
    topics = AdminClient({"bootstrap.servers": kafka.address}).list_topics(timeout=30).topics
    return {topic for topic in topics if topic.startswith("roiwatch-demo")}


def test_it_shows_campaigns_and_alerts_and_ends_by_itself(place):
    with demo(place, "--for", "6s") as process:
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said[-3000:]
    final = said[said.rindex("roiwatch  window 1h"):]
    for campaign in ("spring-sale", "video-launch", "brand-search"):
        assert campaign in final, said[-3000:]
    nothing_is_left(place)


@pytest.mark.parametrize("how, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_ends_it_finds_nothing_left(place, how, status):
    with demo(place, *LONG) as process:
        read_until(process, " firing ")
        assert programs_of(place)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does
        else:
            process.send_signal(how)
        process.communicate(timeout=60)
    assert process.returncode == status
    nothing_is_left(place)


def test_a_real_broker_serves_as_well_and_its_topics_are_gone_afterwards(place, kafka):
    with demo(place, "--kafka", kafka.address, *LONG) as process:
        read_until(process, " firing ")
        assert roiwatch_topics(kafka)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    nothing_is_left(place)
    poll(lambda: not roiwatch_topics(kafka), 60, "the demo's topics to go")
