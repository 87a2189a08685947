"""The bench runs and says something sensible. What it says is not judged: no test depends on how fast a machine is."""

import json
import subprocess
import sys

from tests.integration.deployment import BIN, environment
from tests.integration.servers import ROOT

N = 20_000


def test_the_bench_counts_every_event_and_gives_all_numbers():
    result = subprocess.run([sys.executable, str(ROOT / "tests/bench/bench.py"), "--events", str(N), "--rounds", "1",
                             "--json"], capture_output=True, text=True, timeout=240, check=False,
                            env={**environment(), "ROIWATCH_BIN": str(BIN)})
    assert result.returncode == 0, result.stderr[-3000:]
    said = json.loads(result.stdout)
    assert said["events"] == N and said["rounds"] == 1
    for program, keys in (("drain", {"ns_per_event", "events_per_s", "peak_mb"}),
                          ("roiwatchd", {"ns_per_event", "events_per_s", "peak_mb", "redis_ns_per_event"})):
        assert set(said[program]) == keys
        for values in said[program].values():
            assert values["min"] <= values["median"] <= values["max"]
        assert said[program]["peak_mb"]["min"] > 1
        # An event in less than a nanosecond would mean that it was not read at all.
        assert said[program]["ns_per_event"]["min"] > 1
    assert said["ratio"]["min"] > 0


def test_the_bench_of_attribution_says_what_touches_and_orders_take():
    result = subprocess.run([sys.executable, str(ROOT / "tests/bench/bench.py"), "attribution", "--events", str(N), "--rounds", "1",
                             "--users", "3000", "--json"], capture_output=True, text=True, timeout=300, check=False,
                            env={**environment(), "ROIWATCH_BIN": str(BIN)})
    assert result.returncode == 0, result.stderr[-3000:]
    said = json.loads(result.stdout)
    assert said["memory"]["identities"] == said["memory"]["orders"] == 3000
    assert said["memory"]["touch_bytes"] > 50 and said["memory"]["order_bytes"] > 50
    assert said["decision_ns"]["1"] < said["decision_ns"]["10"] < said["decision_ns"]["50"]
    assert said["ratio"] > 0
