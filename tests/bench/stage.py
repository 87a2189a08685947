"""What all benches stand on: one broker, topics filled once, and runs of a program whose cost is taken.

DESIGN. CPU time is the process's own clock as the kernel keeps it, all threads, those that have ended too. Every run of
roiwatchd has a Redis and a consumer group of its own, so that it starts from nothing; the topics stay. After a run the
totals in Redis are added up: a run that has not counted every event is no result.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from tests.integration import kafka_log
from tests.integration.deployment import BIN, Daemon, environment, merged, yaml_text
from tests.integration.servers import Kafka, Redis, poll, private_directory

TYPES = ("impressions", "clicks", "orders")
WAIT_S = 600


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_ns(pid):
    """CPU time of a process since it began."""
    return time.clock_gettime_ns((~pid << 3) | 2)  # the kernel's clock id of another process, CPUCLOCK_SCHED


def peak_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError(f"no VmHWM of {pid}")


class Topics:
    """Three topics of one workload and the configuration that reads them."""

    def __init__(self, stage, name, partitions):
        self.stage, self.name, self.partitions = stage, name, partitions
        self.n_events = 0
        self.dead_letter = f"{name}.dead-letter"
        self.names = {kind: f"{name}.{kind}" for kind in TYPES}
        kafka_log.create_topics(stage.kafka.address, self.names.values(), partitions)
        kafka_log.create_topics(stage.kafka.address, [self.dead_letter], 1)

    def config(self, store, run, more=None):
        """The path of a configuration for one run over these topics."""
        config = merged({
            "kafka": {"brokers": self.stage.kafka.address, "group": f"{self.name}-{run}",
                      "dead_letter": self.dead_letter, "topics": self.names},
            "redis": {"url": store.url if store else "unix:///nowhere"},
            "windows": ["1h", "total"],
        }, more or {})
        path = self.stage.directory / f"{self.name}-{run}.yaml"
        path.write_text(yaml_text(config), encoding="utf-8")
        return path

    def fill(self, n_events, *words):
        first = self.n_events  # no order id comes twice
        self.n_events += n_events
        return part("fill", self.config(None, "fill"), "--events", n_events, "--first", first, *words)


def part(name, config_path, *words):
    """Runs a part of roiwatch-bench and returns what it says."""
    command = [BIN / "roiwatch-bench", name, "-c", config_path, *words]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=WAIT_S,
                            env=environment(), check=False)
    if result.returncode:
        raise RuntimeError(f"roiwatch-bench {name}: {result.stderr[-2000:]}")
    return json.loads(result.stdout)


def micro():
    """{operation: ns}: single operations, without servers."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config:
        config.write(yaml_text({"kafka": {"brokers": "nowhere"}, "redis": {"url": "unix:///nowhere"}}))
        config.flush()
        return part("micro", config.name, "--span-ms", 30_000)


class Stage:
    """A broker and a directory; close() ends and removes both."""

    def __init__(self):
        self.directory = private_directory()
        self.runs = 0
        self.kafka = Kafka(self.directory / "kafka")
        try:
            self.kafka.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.kafka.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_run(self):
        self.runs += 1
        return f"run{self.runs}"

    def drain(self, topics):
        """One bare drain: events, cpu_ns, read_ns (from the first message to the last), peak_kb."""
        result = part("drain", topics.config(None, self.new_run()))
        if result["events"] != topics.n_events:
            raise AssertionError(f"the drain read {result['events']} events of {topics.n_events}")
        return result

    def count(self, topics, more=None, processes=1, look=None):
        """roiwatchd from nothing until everything is in the reader keys: events, cpu_ns, wall_s, peak_kb, redis_cpu_ns, redis_mb.
        look: what else to do with a client of its Redis then."""
        store = Redis(self.directory / f"redis{self.runs}")
        daemons = []
        try:
            store.start()
            path = topics.config(store, self.new_run(), more)
            redis_before, began = cpu_ns(store.process.pid), time.monotonic()
            for i in range(processes):
                daemons.append(Daemon(path, path.with_suffix(f".{i}.log")))
            wait(path, daemons)
            wall_s = time.monotonic() - began
            result = {"events": topics.n_events, "wall_s": wall_s,
                      "cpu_ns": sum(cpu_ns(daemon.process.pid) for daemon in daemons),
                      "redis_cpu_ns": cpu_ns(store.process.pid) - redis_before,
                      "peak_kb": max(peak_kb(daemon.process.pid) for daemon in daemons)}
            check_totals(store, topics.n_events)
            with store.client() as client:
                result["redis_mb"] = client.info("memory")["used_memory"] / 1e6
                if look:
                    look(client)
            return result
        finally:
            for daemon in daemons:
                daemon.close()
            store.close()


def wait(config_path, daemons):
    """Returns when all that is in Kafka is in the reader keys."""
    def counted():
        result = subprocess.run([str(BIN / "roiwatch"), "offsets", "--wait", "60s", "-c", str(config_path)],
                                capture_output=True, text=True, env=environment(), check=False)
        for daemon in daemons:
            assert daemon.running(), f"roiwatchd has ended: {result.stderr}\n{daemon.log[-2000:]}"
        return result.returncode == 0

    poll(counted, WAIT_S, "all is in the reader keys", daemons[0].process, every_s=0.02)


def check_totals(store, n_events):
    with store.client() as client:
        pipeline = client.pipeline(transaction=False)
        for campaign in client.smembers("roi:campaigns"):
            pipeline.hmget(b"roi:{" + campaign + b"}:total", "impressions", "clicks", "orders")
        counted = sum(int(n) for row in pipeline.execute() for n in row if n)
    if counted != n_events:
        raise AssertionError(f"{counted} events are counted in Redis, {n_events} are in Kafka")
