"""One deployment under test: its topics, its configuration, its daemons, and the comparison with the oracle."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid
from decimal import Decimal

import redis
import yaml

from tests.integration import kafka_log
from tests.integration.servers import ROOT, end, poll, spawn
from tests.oracle.generator import Record
from tests.oracle.recount import Recount, encoded

BIN = pathlib.Path(os.environ.get("ROIWATCH_BIN") or ROOT / "build" / "dev" / "bin").resolve()
SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|runtime error:")
KEY = {"impression": "impressions", "click": "clicks", "order": "orders", "refund": "refunds",
       "engagement": "engagements", "spend": "spend"}
ALWAYS = ("impression", "click", "order")
SENTINEL = "sentinel"  # a campaign whose events only move the time on


class _Dumper(yaml.SafeDumper):
    """Amounts as plain decimals, absent values as ~."""


def _decimal(dumper, value):
    text = f"{value:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "~"))


def yaml_text(config):
    return yaml.dump(config, Dumper=_Dumper, allow_unicode=False, sort_keys=False)


def merged(base, more):
    """base with the maps of `more` laid over it; everything that is no map replaces."""
    result = dict(base)
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if both else value
    return result


def environment():
    return {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", "TSAN_OPTIONS": f"exitcode=99:suppressions={ROOT}/tests/tsan/suppressions.txt"}


class Daemon:
    """One roiwatchd. It is killed with the test run; a sanitizer's report fails the test that ends it."""

    def __init__(self, config_path, log_path, words=()):
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.process = spawn([BIN / "roiwatchd", "-c", config_path, *words], stdout=log, stderr=log,
                                 env=environment())

    @property
    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def check(self):
        report = SANITIZER.search(self.log)
        assert not report, f"{report.group(0)}\n{self.log[report.start() - 200:report.start() + 6000]}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.check()

    def stop(self, within_s=30):
        """SIGTERM; the exit status, which is 0 for a daemon that finishes in time."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"not ended {within_s} s after SIGTERM:\n{self.log[-3000:]}") from None
        self.check()
        return status

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def running(self):
        return self.process.poll() is None

    def wait(self, within_s):
        """The exit status of a daemon that ends by itself."""
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within_s} s:\n{self.log[-3000:]}") from None
        self.check()
        return status

    def close(self):
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            end(self.process)


class Deployment:
    """Everything with names of its own, over a broker and a Redis that the test gives."""

    def __init__(self, kafka, store, directory, config=None, partitions=8, mixed=False, kinds=ALWAYS):
        """mixed: also a topic whose name says nothing about the type, as kind "mixed"; kinds: those with a topic."""
        self.kafka, self.store, self.directory = kafka, store, pathlib.Path(directory)
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.partitions = partitions
        self.topics = {kind: f"{self.name}.{KEY[kind]}" for kind in kinds}
        if mixed:
            self.topics["mixed"] = f"{self.name}.mixed"
        self.dead_letter = f"{self.name}.dead"
        self.daemons = []
        self.config_path = self.directory / f"{self.name}.yaml"
        self.configure(config or {})
        kafka_log.create_topics(kafka.address, self.topics.values(), partitions)
        kafka_log.create_topics(kafka.address, [self.dead_letter], 1)

    # Configuration

    def configure(self, more):
        self.config = merged({
            "kafka": {
                "brokers": self.kafka.address, "group": self.name, "dead_letter": self.dead_letter,
                "topics": {KEY.get(kind, kind): topic for kind, topic in self.topics.items()},
                # A killed member is to be missed soon, a broker that comes back to be found soon.
                "properties": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500,
                               "reconnect.backoff.max.ms": 1000, "topic.metadata.refresh.interval.ms": 5000},
            },
            "redis": {"url": self.store.url, "shards": 16, "flush": "50ms"},
            "lateness": {"disorder": "30s", "future": "5m", "idle": "log"},
            "limits": {"message_bytes": "64KiB"},
            "http": {"listen": None},  # several daemons share this configuration
        }, more)
        self.prefix = self.config["redis"].get("prefix", "roi:").encode()
        self.config_path.write_text(yaml_text(self.config), encoding="utf-8")

    # Programs

    def start(self, *words):
        daemon = Daemon(self.config_path, self.directory / f"{self.name}-{len(self.daemons)}.log", words)
        self.daemons.append(daemon)
        return daemon

    def cli(self, *words, timeout_s=120):
        return subprocess.run([str(BIN / "roiwatch"), *words, "-c", str(self.config_path)], capture_output=True,
                              text=True, timeout=timeout_s, env=environment(), check=False)

    def lanes(self):
        """`roiwatch offsets --json`: one dict per lane with topic, partition, lane, next_offset, rejected …"""
        result = self.cli("offsets", "--json")
        assert result.returncode == 0, result.stderr
        given = json.loads(result.stdout)
        return given["lanes"] if isinstance(given, dict) else given

    def close(self):
        for daemon in self.daemons:
            daemon.close()
        for daemon in self.daemons:
            daemon.check()

    # Kafka

    def produce(self, records):
        return kafka_log.produce(self.kafka.address, records)

    def send(self, kind, /, partition, ts_ms, record_ts_ms=None, topic=None, key=None, **fields):
        """One event, acknowledged."""
        return self.produce([self.record(kind, partition, ts_ms, record_ts_ms, topic, key, **fields)])

    def move_time_to(self, ts_ms):
        """An event of no other meaning than its time: with `idle: log` as_of_ms comes to it when all has been read."""
        self.send("impression", 0, ts_ms, campaign_id=SENTINEL)

    def record(self, kind, /, partition, ts_ms, record_ts_ms=None, topic=None, key=None, **fields):
        value = json.dumps({"ts": ts_ms, **fields}).encode()
        return Record(topic or self.topics[kind], partition, key, value, record_ts_ms or ts_ms)

    def log(self):
        return kafka_log.read_log(self.kafka.address, list(self.topics.values()))

    def recount(self):
        return Recount(self.log(), self.config)

    # Redis

    def client(self):
        return self.store.client(socket_timeout=30)

    def reader_keys(self):
        """Every key of a campaign's window that is there, and its fields as text."""
        with self.client() as client:
            names = [name for name in client.scan_iter(match=glob(self.prefix) + b"{*}:*", count=5000)]
            pipeline = client.pipeline(transaction=False)
            for name in names:
                pipeline.hgetall(name)
            found = pipeline.execute()
        return {name: {field.decode(): text.decode() for field, text in fields.items()}
                for name, fields in zip(names, found)}

    def window(self, campaign, window):
        with self.client() as client:
            name = self.prefix + b"{" + encoded(campaign.encode()) + b"}:" + window.encode()
            return {field.decode(): text.decode() for field, text in client.hgetall(name).items()}

    def campaign(self, campaign):
        with self.client() as client:
            name = self.prefix + b"{" + encoded(campaign.encode()) + b"}"
            return {field.decode(): text.decode() for field, text in client.hgetall(name).items()}

    def meta(self):
        with self.client() as client:
            return {field.decode(): text.decode()
                    for field, text in client.hgetall(self.prefix + b"meta").items()}

    def members(self):
        with self.client() as client:
            return client.smembers(self.prefix + b"campaigns")

    # The comparison

    def differences(self, counted):
        """What is not as the oracle says, as sentences; empty where all is exact."""
        try:
            found, members = self.reader_keys(), self.members()
        except redis.RedisError as error:
            return [f"Redis: {error}"]
        wrong = [f"roi:campaigns has {member!r} too many" for member in members - counted.members]
        wrong += [f"roi:campaigns lacks {member!r}" for member in counted.members - members]
        wrong += [f"key {key!r} too many" for key in found.keys() - counted.keys.keys()]
        wrong += [f"key {key!r} is missing" for key in counted.keys.keys() - found.keys()]
        for key in sorted(found.keys() & counted.keys.keys()):
            wrong += [f"{key!r} {what}" for what in counted.differences(key, found[key])]
        return wrong

    def expect_exact(self, within_s=120, counted=None):
        """Waits until every reader key equals the recount of the log that is in Kafka now, and returns the recount."""
        counted = counted or self.recount()
        last = []

        def exact():
            # A daemon that has ended will not come closer; the comparison below says what is missing.
            last[:] = self.differences(counted)
            return not last or not any(daemon.running() for daemon in self.daemons)

        try:
            poll(exact, within_s, "every reader key equals the recount", every_s=0.5)
        except AssertionError:
            pass
        assert not last, self._complaint(last)
        orders, revenue = counted.totals()
        keys = self.reader_keys()
        totals = [fields for key, fields in keys.items() if key.endswith(b"}:total")]
        if totals and not counted.doubtful:  # of those in doubt the differences say nothing
            assert sum(int(fields["revenue_micros"]) for fields in totals) == revenue
            assert sum(int(fields["conversions_micro"]) for fields in totals) == orders * 1_000_000
        return counted

    def _complaint(self, wrong):
        logs = "\n".join(f"--- {daemon.log_path.name} ({daemon.process.poll()})\n{daemon.log[-1500:]}"
                         for daemon in self.daemons[-2:])
        return f"{len(wrong)} differences, the first:\n" + "\n".join(wrong[:12]) + f"\nmeta {self.meta()}\n{logs}"

    def stopped(self, daemon):
        """Whether a daemon has given up: ended with a failure."""
        return not daemon.running() and daemon.process.returncode not in (0, -signal.SIGKILL)

    def calls(self):
        """How many scripts this Redis has run: the measure of progress that the tests kill by."""
        with self.client() as client:
            stats = client.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval", "fcall"))

    def wait_for_calls(self, n, within_s):
        """Waits until n more scripts have run, or until the time is over; whichever comes first."""
        until, goal = time.monotonic() + within_s, self.calls() + n
        try:
            poll(lambda: self.calls() >= goal or time.monotonic() > until, within_s + 5, "progress", every_s=0.005)
        except redis.RedisError:
            pass


def glob(literal):
    """A literal as a pattern of SCAN."""
    return re.sub(rb"([*?\[\]\\])", rb"\\\1", literal)
