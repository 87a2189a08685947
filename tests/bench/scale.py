"""What the cost per event follows, and what it does not: `./dev bench scale`.

Each row is one run of roiwatchd from nothing over N events; what a run over hardly any events costs is taken off.
"""

import json
import time

from tests.bench.stage import Topics, part, say
from tests.integration.deployment import Daemon
from tests.integration.servers import Redis, poll

EIGHT_WINDOWS = ["5m", "1h", "24h", "7d", "30d", "today", "month", "total"]
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
FEW = 1000


def now_ms():
    return int(time.time() * 1000)


def filled(stage, name, n, partitions=8, campaigns=500, rate=50_000, even=False):
    topics = Topics(stage, name, partitions)
    span_ms = n * 1000 // rate
    topics.fill(n, "--campaigns", campaigns, "--span-ms", span_ms, "--start-ms", now_ms() - span_ms,
                *(["--even"] if even else []))
    return topics


class Scale:
    def __init__(self, stage, n):
        self.stage, self.n = stage, n
        self.rows = []
        few = filled(stage, "few", FEW)
        self.start = stage.count(few)
        self.plain = filled(stage, "plain", n)

    def row(self, name, value, topics, more=None, processes=1):
        run = self.stage.count(topics, more, processes)
        n = run["events"] - FEW
        self.rows.append({
            "series": name, "value": value,
            "ns_per_event": (run["cpu_ns"] - processes * self.start["cpu_ns"]) / n,
            "redis_ns_per_event": (run["redis_cpu_ns"] - self.start["redis_cpu_ns"]) / n,
            "events_per_s": run["events"] / run["wall_s"],  # its start included: a difference of short times says nothing
            "peak_mb": run["peak_kb"] / 1024, "redis_mb": run["redis_mb"],
        })
        say(f"bench: {name} {value}: {self.rows[-1]['ns_per_event']:.0f} ns per event")

    def campaigns(self):
        for n in (100, 1_000, 10_000, 100_000):
            self.row("campaigns", n, filled(self.stage, f"campaigns{n}", self.n, campaigns=n))

    def windows(self):
        for windows in (["total"], ["1h", "total"], ["30d", "total"], EIGHT_WINDOWS):
            self.row("windows", " ".join(windows), self.plain, {"windows": windows})

    def event_rate(self):
        for rate in (500, 5_000, 50_000):
            topics = self.plain if rate == 50_000 else filled(self.stage, f"rate{rate}", self.n, rate=rate)
            self.row("events a second of event time", rate, topics)

    def partitions(self):
        for n in (8, 50, 300):
            topics = self.plain if n == 8 else filled(self.stage, f"partitions{n}", self.n, partitions=n)
            self.row("partitions", f"3 x {n}", topics)

    def processes(self):
        for n in (1, 2, 4):
            self.row("processes", n, self.plain, processes=n)


def latency(stage, rate=50_000, seconds=20):
    """From the hand-over of an event to the producer to its campaign's total, in ms, everything on this machine."""
    topics = Topics(stage, "latency", 8)
    store = Redis(stage.directory / "redis-latency").start()
    path = topics.config(store, "latency", {"windows": EIGHT_WINDOWS})
    daemon = Daemon(path, path.with_suffix(".log"))
    try:
        with store.client() as client:
            poll(lambda: client.hlen("roi:~lanes.1") == 24, 60, "all partitions are read", daemon.process)
        return part("latency", path, "--events", rate * seconds, "--rate", rate, "--campaigns", 500, "--watched", 50,
                    "--even")
    finally:
        daemon.close()
        store.close()


def memory(stage, campaigns=100_000):
    """Redis with many campaigns in eight windows, 1 % with events in the last hour and 10 % in the last day."""
    topics = Topics(stage, "memory", 8)
    now = now_ms()
    for share, each, since_ms, until_ms in ((1, 10, 29 * DAY_MS, DAY_MS), (10, 20, DAY_MS, HOUR_MS),
                                            (100, 60, HOUR_MS, 0)):
        n = campaigns // share
        topics.fill(n * each, "--campaigns", n, "--even", "--start-ms", now - since_ms, "--span-ms",
                    since_ms - until_ms)
    run = stage.count(topics, {"windows": EIGHT_WINDOWS})
    return {"campaigns": campaigns, "events": run["events"], "redis_mb": run["redis_mb"],
            "roiwatchd_peak_mb": run["peak_kb"] / 1024}


SERIES = ("campaigns", "windows", "event_rate", "partitions", "processes")
PARTS = (*SERIES, "latency", "memory")


def run(stage, n, only):
    result = {"events": n}
    wanted = [name for name in PARTS if not only or name in only]
    if any(name in SERIES for name in wanted):
        scale = Scale(stage, n)
        for name in SERIES:
            if name in wanted:
                getattr(scale, name)()
        result["rows"] = scale.rows
    if "latency" in wanted:
        result["latency"] = latency(stage)
    if "memory" in wanted:
        result["memory"] = memory(stage)
    return result


def table(result):
    lines = []
    for i, row in enumerate(result.get("rows", ())):
        if i == 0 or row["series"] != result["rows"][i - 1]["series"]:
            lines.append(f"\n{row['series']:44s}{'ns/event':>9s}{'Redis ns':>9s}{'events/s':>10s}{'peak MB':>8s}"
                         f"{'Redis MB':>9s}")
        lines.append(f"  {str(row['value']):42s}{row['ns_per_event']:9.0f}{row['redis_ns_per_event']:9.0f}"
                     f"{row['events_per_s']:10.0f}{row['peak_mb']:8.0f}{row['redis_mb']:9.0f}")
    if "latency" in result:
        row = result["latency"]
        lines.append(f"\nlatency to the total key: p50 {row['p50_ms']:.0f} ms, p99 {row['p99_ms']:.0f} ms, "
                     f"most {row['max_ms']:.0f} ms ({row['seen']} of {row['watched']} seen)")
    if "memory" in result:
        row = result["memory"]
        lines.append(f"\n{row['campaigns']} campaigns in 8 windows: {row['redis_mb']:.0f} MB of Redis, "
                     f"{row['roiwatchd_peak_mb']:.0f} MB of roiwatchd")
    return "\n".join(lines).lstrip("\n")


def text(result, as_json):
    return json.dumps(result) if as_json else table(result)
