"""Many hours of event time in minutes: what roiwatchd holds must not grow.

    soak.py [--hours 24] [--speed 120] [--rate 2000] [--campaigns 500]

A real Kafka and a real Redis, `roiwatch generate` paced by --speed, and once a few seconds a look at the process: resident
memory, descriptors, lines of the log. The longest window is 6 h, so all have filled and roll when the second half is judged: memory of its last
third against its first, descriptors and lines against the middle. Exit 1 where something grew."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.integration.deployment import BIN, Deployment  # noqa: E402
from tests.integration.servers import Kafka, Redis, end, spawn  # noqa: E402

EVERY_S, GROWTH_MOST, LINES_AN_HOUR_MOST = 5, 1.03, 2


def look(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii")
    kib = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    fds = len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir()))
    return kib / 1024, fds, daemon.log.count("\n")


def watch(daemon, seconds, hours_of):
    samples = []
    for i in range(int(seconds / EVERY_S)):
        try:
            raise SystemExit(f"roiwatchd ended with {daemon.process.wait(EVERY_S)}:\n{daemon.log[-2000:]}")
        except subprocess.TimeoutExpired:
            pass
        samples.append(look(daemon))
        if i % 12 == 11:
            print(f"{hours_of((i + 1) * EVERY_S):6.1f} h  {samples[-1][0]:8.1f} MiB  {samples[-1][1]:4d} descriptors"
                  f"  {samples[-1][2]:4d} lines", flush=True)
    return samples


def judge(samples, hours):
    half = samples[len(samples) // 2:]
    third = len(half) // 3
    early, late = (statistics.median(s[0] for s in part) for part in (half[:third], half[-third:]))
    lines = half[-1][2] - half[0][2]
    print(f"second half: {early:.1f} -> {late:.1f} MiB, {half[0][1]} -> {half[-1][1]} descriptors, {lines} more lines")
    return late <= early * GROWTH_MOST and half[-1][1] <= half[0][1] and lines <= LINES_AN_HOUR_MOST * hours / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--speed", type=int, default=120)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--campaigns", type=int, default=500)
    options = parser.parse_args()
    seconds = options.hours * 3600 / options.speed
    kafka, store = Kafka().start(), Redis().start()
    with tempfile.TemporaryDirectory(prefix="roiwatch-soak-") as directory:
        goal = {"name": "roi", "metric": "roi", "target": 0.2, "window": "1h", "for": "10m", "rule": "threshold"}
        deployment = Deployment(kafka, store, directory, {
            "windows": ["5m", "1h", "6h", "total"], "defaults": {"goals": [goal]}}, partitions=4)
        generator = spawn([BIN / "roiwatch", "-c", deployment.config_path, "generate", "--events", int(1e9), "--rate", options.rate,
                           "--speed", options.speed, "--start", "30h", "--campaigns", options.campaigns, "--disorder", "5s",
                           "--bad", "0.002", "--duplicates", "0.01"], stdout=sys.stderr, stderr=sys.stderr)
        try:
            daemon = deployment.start()
            samples = watch(daemon, seconds, lambda passed_s: passed_s * options.speed / 3600)
            flat = judge(samples, options.hours)
            print(deployment.meta())
            print(daemon.log[-3000:])
        finally:
            end(generator)
            deployment.close()
            kafka.close()
            store.close()
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
