"""What attribution costs: `./dev bench attribution`.

Two workloads of the same events, in one run and alternating: in one the orders name their campaign, in the other the click
before them, of the same user, earns them. Then a million users, each with a click and an order: what Redis holds of both.
"""

import json
import statistics
import time

from tests.bench.stage import Topics, micro, say

USERS = 1_000_000
TOUCHES_DECIDED = (1, 10, 50)


def filled(stage, name, n, rate, *words):
    topics = Topics(stage, name, 8)
    span_ms = n * 1000 // rate
    topics.fill(n, "--span-ms", span_ms, "--start-ms", int(time.time() * 1000) - span_ms - 120_000, *words)
    return topics


def bytes_in(client, family, part):
    """What Redis says that these keys take, and how many fields they have."""
    names = list(client.scan_iter(f"roi:~{{{family}*}}:{part}".encode(), 1000))
    used = sum(client.memory_usage(name, samples=0) for name in names)
    return used, names


def memory(stage, users):
    """Bytes of Redis per touch and per order, each user with a click under its id and an order."""
    topics = filled(stage, "people", 2 * users, 50_000, "--people")
    found = {}

    def look(client):
        touches, names = bytes_in(client, "u", "touches")
        n = sum(client.hlen(name) for name in names)
        orders, names = bytes_in(client, "o", "orders")
        expiry, _ = bytes_in(client, "o", "expiry")
        n_orders = sum(client.hlen(name) for name in names)
        found.update(identities=n, touch_bytes=touches / n, orders=n_orders, order_bytes=(orders + expiry) / n_orders)

    run = stage.count(topics, {"lateness": {"idle": "log"}}, look=look)
    return {**found, "redis_mb": run["redis_mb"], "roiwatchd_peak_mb": run["peak_kb"] / 1024}


def run(stage, n, rounds, users=USERS):
    by_campaign, by_touches = filled(stage, "named", n, 50_000), filled(stage, "touched", n, 50_000, "--by-touches")
    log = {"lateness": {"idle": "log"}}
    pairs = []
    for i in range(rounds):
        pairs.append([stage.count(topics, log)["cpu_ns"] / n for topics in (by_campaign, by_touches)])
        say(f"bench: round {i + 1} of {rounds}: {pairs[-1][0]:.0f} ns with campaigns, {pairs[-1][1]:.0f} ns by touches")
    single = micro()
    return {"events": n, "named_ns": statistics.median(pair[0] for pair in pairs),
            "touched_ns": statistics.median(pair[1] for pair in pairs),
            "ratio": statistics.median(pair[1] / pair[0] for pair in pairs),
            "decision_ns": {str(k): single[f"decide_{k}"] for k in TOUCHES_DECIDED},
            "memory": memory(stage, users)}


def table(result):
    memory_of = result["memory"]
    lines = [f"orders that name their campaign: {result['named_ns']:.0f} ns of CPU per event, start included",
             f"orders by their touches:          {result['touched_ns']:.0f} ns, {result['ratio']:.3f} times as much",
             "a decision over " + ", ".join(f"{k} touches: {ns:.0f} ns" for k, ns in result["decision_ns"].items()),
             f"{memory_of['identities']} identities of one touch: {memory_of['touch_bytes']:.0f} bytes of Redis each; "
             f"{memory_of['orders']} orders: {memory_of['order_bytes']:.0f} bytes each",
             f"Redis in all {memory_of['redis_mb']:.0f} MB, roiwatchd at most {memory_of['roiwatchd_peak_mb']:.0f} MB"]
    return "\n".join(lines)


def text(result, as_json):
    return json.dumps(result) if as_json else table(result)
