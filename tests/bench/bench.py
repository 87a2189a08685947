"""What roiwatch costs per event, beside what reading alone costs.

    ./dev bench [--events N] [--rounds N] [--rate N] [--json]
    ./dev bench micro [--json]                single operations, without Kafka and Redis
    ./dev bench scale [--only PART] [--json]  what the cost follows; latency; memory of Redis
    ./dev bench attribution [--json]          orders by their touches beside orders that name their campaign; memory

In one run, alternating, so that both see the same machine: a bare librdkafka drain and roiwatchd over the same topics
(3 x 8 partitions), each over N and over 2N events. The difference of the two is what N events cost, without the start.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.bench import attribution, scale  # noqa: E402
from tests.bench.stage import Stage, Topics, micro, say  # noqa: E402

PARTITIONS = 8


def slope(once, twice, n, key):
    """Per event, without the start."""
    return (twice[key] - once[key]) / n


def one_round(stage, topics, n):
    """What one round says of both, per event: ns of CPU and of Redis' CPU without the start, and seconds; those of roiwatchd with
    its start, as a difference of such short times says nothing."""
    runs = [(stage.drain(t), stage.count(t)) for t in topics]
    drain, count = ([run[i] for run in runs] for i in (0, 1))
    return {
        "drain": {"ns": slope(*drain, n, "cpu_ns"), "s": drain[1]["read_ns"] / drain[1]["events"] / 1e9,
                  "mb": drain[1]["peak_kb"] / 1024},
        "roiwatchd": {"ns": slope(*count, n, "cpu_ns"), "s": count[1]["wall_s"] / count[1]["events"],
                      "mb": count[1]["peak_kb"] / 1024, "redis_ns": slope(*count, n, "redis_cpu_ns")},
    }


def machine():
    """The processor's name and how many of them."""
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = re.search(r"^model name\s*: (.*)$", text, re.M)
    return f"{name.group(1) if name else 'unknown processor'} x {os.cpu_count()}"


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def summary(rounds, n):
    result = {"events": n, "rounds": len(rounds), "machine": machine()}
    for name in ("drain", "roiwatchd"):
        rows = [a_round[name] for a_round in rounds]
        result[name] = {"ns_per_event": spread([row["ns"] for row in rows]),
                        "events_per_s": spread([1 / row["s"] if row["s"] > 0 else 0.0 for row in rows]),
                        "peak_mb": spread([row["mb"] for row in rows])}
    result["roiwatchd"]["redis_ns_per_event"] = spread([a_round["roiwatchd"]["redis_ns"] for a_round in rounds])
    result["ratio"] = spread([a_round["roiwatchd"]["ns"] / a_round["drain"]["ns"] if a_round["drain"]["ns"] > 0 else 0.0
                              for a_round in rounds])
    return result


def table(result):
    def line(name, values, form):
        return f"{name:34s}" + "".join(f"{form.format(values[key]):>12s}" for key in ("min", "median", "max"))

    rows = [f"{'':34s}{'min':>12s}{'median':>12s}{'max':>12s}"]
    for name in ("drain", "roiwatchd"):
        rows.append(line(f"{name}: ns of CPU per event", result[name]["ns_per_event"], "{:.0f}"))
    rows.append(line("Redis: ns of CPU per event", result["roiwatchd"]["redis_ns_per_event"], "{:.0f}"))
    for name, note in (("drain", ""), ("roiwatchd", ", start incl.")):
        rows.append(line(f"{name}: events/s{note}", result[name]["events_per_s"], "{:.0f}"))
    for name in ("drain", "roiwatchd"):
        rows.append(line(f"{name}: peak memory, MB", result[name]["peak_mb"], "{:.0f}"))
    rows.append(line("ratio roiwatchd : drain", result["ratio"], "{:.2f}"))
    return "\n".join(rows)


def fill(stage, n, rate):
    """The topics with N and those with 2N events."""
    topics = []
    for name, times in (("once", 1), ("twice", 2)):
        say(f"bench: filling {3 * PARTITIONS} partitions with {times * n} events")
        topics.append(Topics(stage, name, PARTITIONS))
        span_ms = times * n * 1000 // rate
        topics[-1].fill(times * n, "--span-ms", span_ms, "--start-ms", int(time.time() * 1000) - span_ms)
    return topics


def run_cost(arguments):
    n = arguments.events
    with Stage() as stage:
        topics, rounds = fill(stage, n, arguments.rate), []
        for i in range(arguments.rounds):
            rounds.append(one_round(stage, topics, n))
            say(f"bench: round {i + 1} of {arguments.rounds}: drain {rounds[-1]['drain']['ns']:.0f} ns, "
                f"roiwatchd {rounds[-1]['roiwatchd']['ns']:.0f} ns per event")
    result = summary(rounds, n)
    print(json.dumps(result) if arguments.json else table(result))


def run_micro(arguments):
    result = micro()
    lines = [f"{name:20s}{ns:10.1f} ns" for name, ns in result.items()]
    print(json.dumps(result) if arguments.json else "\n".join(lines))


def run_scale(arguments):
    with Stage() as stage:
        print(scale.text(scale.run(stage, arguments.events, arguments.only), arguments.json))


def run_attribution(arguments):
    with Stage() as stage:
        result = attribution.run(stage, arguments.events, arguments.rounds, arguments.users)
        print(attribution.text(result, arguments.json))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("cost", "micro", "scale", "attribution"), default="cost", help="cost")
    parser.add_argument("--only", action="append", choices=scale.PARTS, help="of scale: this part; may be repeated")
    parser.add_argument("--events", type=int, default=2_000_000, help="N (2000000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often both are measured (5)")
    parser.add_argument("--rate", type=int, default=50_000,
                        help="events a second of event time (50000): the fewer, the more cells they fall into")
    parser.add_argument("--users", type=int, default=attribution.USERS, help="of attribution: people in Redis (1000000)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if min(arguments.events, arguments.rounds, arguments.rate) < 1:
        parser.error("--events, --rounds and --rate are at least 1")
    {"cost": run_cost, "micro": run_micro, "scale": run_scale, "attribution": run_attribution}[arguments.what](arguments)


if __name__ == "__main__":
    main()
