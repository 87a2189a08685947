"""The reading commands and the generator, against a Redis that is filled by hand: no daemon takes part."""

import collections
import json
import os
import pathlib
import struct
import subprocess

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.integration.servers import ROOT, Redis, end, poll, spawn

BIN = pathlib.Path(os.environ.get("ROIWATCH_BIN", ROOT / "build/dev/bin"))
PROGRAM = BIN / "roiwatch"
TOPICS = {"impressions": "ad.impressions", "clicks": "ad.clicks", "orders": "ad.orders"}


@pytest.fixture(name="redis", scope="module")
def fixture_redis():
    server = Redis().start()
    yield server
    server.close()


@pytest.fixture(name="world")
def fixture_world(redis, tmp_path):
    with redis.client() as client:
        client.flushall()
        yield World(redis, client, tmp_path)


class World:
    def __init__(self, redis, client, path):
        self.client, self.path = client, path
        self.config = path / "roiwatch.yaml"
        self.config.write_text(json.dumps({
            "kafka": {"brokers": "127.0.0.1:9"},
            "redis": {"url": f"unix://{redis.socket}", "shards": 2},
            "windows": ["1h", "total"],
            "lateness": {"idle": "log"},
        }), encoding="utf-8")

    def run(self, *words, code=0):
        result = subprocess.run([str(PROGRAM), "-c", str(self.config), *map(str, words)], capture_output=True, text=True,
                                timeout=60, check=False)
        assert "Sanitizer" not in result.stderr, result.stderr
        assert result.returncode == code, result.stderr
        return result

    def campaign(self, name, cost, revenue, state="ok", roi="0.500000"):
        fields = {"impressions": 10, "clicks": 2, "orders": 1, "cost_micros": cost, "revenue_micros": revenue, "roi": roi,
                  "from_ms": 1772323200000, "to_ms": 1772326800000, "as_of_ms": 1772326790000, "currency": "EUR", "rev": 7}
        for window in ("1h", "total"):
            self.client.hset(f"roi:{{{name}}}:{window}", mapping=fields)
        goal = {"goal": "g", "state": state, "metric": "roi", "target": "0.200000", "window": "1h", "value": roi}
        self.client.hset(f"roi:{{{name}}}", mapping={"state": state, "goal:g": json.dumps(goal, separators=(",", ":")),
                                                     "currency": "EUR", "as_of_ms": 1772326790000, "rev": 7,
                                                     "label:team": "emea"})
        self.client.sadd("roi:campaigns", name)

    def alert(self, number):
        self.client.xadd("roi:alerts", {
            "id": f"a{number}", "campaign": "spring", "goal": "g", "state": "firing", "metric": "roi", "target": "0.200000",
            "window": "1h", "value": "-0.100000", "cost_micros": 100, "revenue_micros": 90, "currency": "EUR",
            "excluded_micros": 0, "since_ms": 1772323200000, "at_ms": 1772323260000, "as_of_ms": 1772323261000,
            "summary": f"number {number}", "labels": "{\"team\":\"emea\"}"})


def test_show_gives_every_window_and_goal(world):
    world.campaign("spring sale", 412_000_000, 1_362_560_000)
    shown = json.loads(world.run("show", "spring sale", "--json").stdout)
    assert shown["campaign"] == "spring sale" and shown["state"] == "ok" and shown["labels"] == {"team": "emea"}
    assert shown["windows"]["1h"]["cost_micros"] == 412_000_000 and shown["windows"]["total"]["roi"] == 0.5
    assert shown["goals"]["g"]["target"] == "0.200000"
    text = world.run("show", "spring sale").stdout
    assert "1 362.56" in text and "+50.0 %" in text and "2026-03-01 00:00" in text


def test_show_of_an_unknown_campaign_fails(world):
    result = world.run("show", "nobody", code=1)
    assert result.stdout == "" and "nobody" in result.stderr


def test_ids_cannot_send_commands_to_the_terminal(world):
    world.client.sadd("roi:campaigns", "a\x1b[31m")
    world.client.hset("roi:{a%1B[31m}:1h", mapping={"cost_micros": 1})
    assert "\x1b" not in world.run("top", "--once").stdout
    assert "a\\x1B[31m" in world.run("top", "--once").stdout


def test_top_puts_the_worst_first(world):
    world.campaign("fine", 900_000_000, 1)
    world.campaign("bad", 100, 1, state="firing", roi="-0.990000")
    world.campaign("waits", 200, 1, state="pending")
    rows = json.loads(world.run("top", "--once", "--json").stdout)["campaigns"]
    assert [row["campaign"] for row in rows] == ["bad", "waits", "fine"]
    assert rows[0] == {"campaign": "bad", "cost_micros": 100, "revenue_micros": 1, "roi": -0.99, "state": "firing"}
    text = world.run("top", "--once", "--window", "total").stdout
    assert "window total" in text and "-99.0 %" in text and "roi 1h 0.2" in text


def test_top_ends_by_itself_with_the_table_and_all_alerts(world):
    world.campaign("fine", 1_000_000, 1)
    for number in range(3):
        world.alert(number)
    text = world.run("top", "--for", "300ms").stdout
    assert text.endswith("number 2\n") and "3 alerts" in text


def test_a_window_that_is_not_configured_is_refused(world):
    assert "1h total" in world.run("top", "--window", "7d", code=2).stderr


def test_alerts_come_oldest_first_as_the_contract_has_them(world):
    for number in range(5):
        world.alert(number)
    lines = [json.loads(line) for line in world.run("alerts", "--count", 2, "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == ["a3", "a4"]
    assert lines[0]["low"] is None and lines[0]["value"] == "-0.100000" and lines[0]["labels"] == {"team": "emea"}
    assert lines[0]["cost_micros"] == 100


def test_alerts_follow_what_comes(world):
    world.alert(0)
    follower = spawn([PROGRAM, "-c", world.config, "alerts", "--follow", "--json"], stdout=subprocess.PIPE)
    try:
        assert json.loads(follower.stdout.readline())["id"] == "a0"
        world.alert(1)
        assert json.loads(follower.stdout.readline())["id"] == "a1"
    finally:
        end(follower)


def test_an_absent_redis_is_unavailable(world):
    world.run("show", "x", "--set", "redis.url=unix:///nowhere/redis.sock", code=69)


def test_a_refused_login_is_denied(world):
    (world.path / "password").write_text("wrong\n", encoding="utf-8")
    world.run("show", "x", "--set", f"redis.password_file={world.path}/password", code=77)


def test_unknown_commands_and_options_name_the_nearest(world):
    assert "did you mean offsets?" in world.run("ofsets", code=2).stderr
    assert "did you mean --follow?" in world.run("alerts", "--folow", code=2).stderr
    assert world.run("show", code=2).stderr.strip().endswith("CAMPAIGN")


def generated(world, *words):
    lines = world.run("generate", "--stdout", "--start", "2026-03-01T00:00:00Z", *words).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_the_same_seed_gives_the_same_messages(world):
    options = ("--events", 3000, "--bad", 0.05, "--duplicates", 0.3, "--late", 0.01, "--disorder", "30s")
    first = generated(world, *options, "--seed", 5)
    assert first == generated(world, *options, "--seed", 5)
    assert first != generated(world, *options, "--seed", 6)


def test_the_generator_makes_what_was_asked_for(world):
    messages = generated(world, "--events", 40000, "--campaigns", 30, "--span", "12h", "--duplicates", 0.2, "--bad", 0.01)
    topics = collections.Counter(message["topic"] for message in messages)
    assert len(messages) == 40000 and set(topics) == set(TOPICS.values())
    assert topics["ad.impressions"] > topics["ad.clicks"] > topics["ad.orders"] > 100
    times = [message["ts_ms"] for message in messages]
    assert times == sorted(times) and 10 * 3_600_000 < times[-1] - times[0] < 14 * 3_600_000
    orders = [json.loads(m["value"]) for m in messages if m["topic"] == "ad.orders"]
    ids = collections.Counter(order["order_id"] for order in orders)
    assert 0.1 < sum(n - 1 for n in ids.values()) / len(ids) < 0.3
    assert all(m["key"] == json.loads(m["value"])["order_id"] for m in messages if m["topic"] == "ad.orders")
    assert len({order.get("campaign_id") for order in orders}) > 12


def vector(*entries):
    return b"".join(struct.pack(">qq", offset, newest) for offset, newest in entries)


@pytest.fixture(name="log")
def fixture_log(world):
    """A mock Kafka with one partition a topic and 600 messages; gives (world with its address, end offsets by topic)."""
    address = world.path / "address"
    options = ("--embedded", "--events", 600, "--partitions", 1, "--start", "2026-03-01T00:00:00Z", "--address-file", address)
    server = spawn([PROGRAM, "-c", world.config, "generate", *options])
    try:
        poll(address.exists, 20, "an address", server)
        world.config.write_text(world.config.read_text().replace("127.0.0.1:9", address.read_text().strip()))
        counts = collections.Counter(m["topic"] for m in generated(world, "--events", 600))
        poll(lambda: ends(world) == dict(counts), 20, "600 messages in the log", server, every_s=0.2)
        yield world, counts
    finally:
        end(server)


def register(world, counts):
    """Registers the three partitions; index by topic."""
    world.client.hset("roi:~meta", mapping={"shards": 2, "generation": 1})
    indexes = {topic: index for index, topic in enumerate(sorted(TOPICS.values()))}
    for topic in counts:
        world.client.hset("roi:~lanes.1", f"{topic}:0", f"{indexes[topic]} 0 new x")
    return indexes


N_LANE_COUNTERS, N_REASONS = 11, 20  # of a lane: counters by name (docs/CONTRACT.md, section 5), then one a reason


def fill_vectors(world, counts, missing=0):
    """All families counted to the end; shard 1 of the campaigns is behind by `missing`."""
    for shard in (0, 1):
        behind = missing if shard == 1 else 0
        entries = [(counts[topic] - behind, 1000 + i) for i, topic in enumerate(sorted(counts)) for _ in range(2)]
        world.client.set(f"roi:~{{c{shard}.1}}:vec", vector(*entries))
        for family in "ou":
            world.client.set(f"roi:~{{{family}{shard}.1}}:vec",
                             vector(*[(counts[topic], 1000) for topic in sorted(counts) for _ in range(2)]))


def ends(world):
    register(world, TOPICS.values())
    lanes = json.loads(world.run("offsets", "--json").stdout)
    return {lane["topic"]: lane["last_stable_offset"] for lane in lanes}


def test_offsets_are_the_least_of_all_shards(log):
    world, counts = log
    indexes = register(world, counts)
    fill_vectors(world, counts, missing=3)
    rejected = [0] * N_LANE_COUNTERS + [0] * N_REASONS
    rejected[N_LANE_COUNTERS + 1] = 4  # not_json
    lane = 2 * indexes["ad.clicks"]
    world.client.hset(f"roi:~{{c{lane % 2}.1}}:lanes", struct.pack(">I", lane), struct.pack(f">{len(rejected)}q", *rejected))
    lanes = {(lane["topic"], lane["lane"]): lane for lane in json.loads(world.run("offsets", "--json").stdout)}
    assert len(lanes) == 6
    for topic, n in counts.items():
        assert lanes[topic, "touches"]["next_offset"] == n - 3 and lanes[topic, "touches"]["lag"] == 3
    assert lanes["ad.clicks", "touches"]["rejected"] == {"not_json": 4}
    assert "not_json 4" in world.run("offsets").stdout


def test_waiting_ends_when_counted_and_published(log):
    world, counts = log
    register(world, counts)
    fill_vectors(world, counts, missing=1)
    assert "not every lane" in world.run("offsets", "--wait", "100ms", code=1).stderr
    fill_vectors(world, counts)
    world.client.xadd("roi:~{c0.1}:journal", {"c": "", "v": ""}, id="55-1")
    world.client.hset("roi:~shards.1", mapping={"0": "1002 55-0", "1": "1002 0-0"})
    assert "not all of it is published" in world.run("offsets", "--wait", "100ms", code=1).stderr
    world.client.hset("roi:~shards.1", mapping={"0": "1001 55-1"})
    assert "not all of it is published" in world.run("offsets", "--wait", "100ms", code=1).stderr
    world.client.hset("roi:~shards.1", mapping={"0": "1002 55-1"})
    world.run("offsets", "--wait", "5s")


def test_offsets_before_a_daemon_has_started_are_all_lag(log):
    world, counts = log
    world.client.flushall()
    result = world.run("offsets", "--json")
    assert "no roiwatchd has started" in result.stderr
    for lane in json.loads(result.stdout):
        assert lane["next_offset"] is None and lane["lag"] == counts[lane["topic"]]


def test_check_live_tells_what_an_operator_would_learn_too_late(world, kafka):
    """Topics that are kept 7 days, windows that need 31, and a Redis without persistence."""
    admin = AdminClient({"bootstrap.servers": kafka.address})
    topics = [f"live.{name}" for name in ("impressions", "clicks", "orders", "dead-letter")]
    created = admin.create_topics([NewTopic(t, 2, 1, config={"retention.ms": "604800000"}) for t in topics])
    for done in created.values():
        done.result(30)
    config = json.loads(world.config.read_text())
    config["kafka"] = {"brokers": kafka.address, "dead_letter": topics[3],
                       "topics": dict(zip(("impressions", "clicks", "orders"), topics))}
    config["windows"] = ["1h", "60d"]
    world.config.write_text(json.dumps(config), encoding="utf-8")
    result = world.run("check", "--live")
    assert ("Kafka keeps 7 days, your windows need 60 days: turn on Redis persistence, or a lost Redis cannot be recounted"
            in result.stderr)
    assert "Kafka topic live.orders: 2 partitions" in result.stderr and "Redis persistence is off" in result.stderr
    world.run("check", "--live", "--strict", code=3)
    missing = world.run("check", "--live", "--set", "kafka.dead_letter=no.such.topic", code=78)
    assert "no.such.topic does not exist" in missing.stderr
    told = json.loads(world.run("check", "--live", "--json", "--set", "kafka.dead_letter=no.such.topic", code=78).stdout)
    assert told["ok"] is False
    assert [f for f in told["live"] if f["kind"] == "error" and "no.such.topic does not exist" in f["text"]]
    world.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert "READONLY" in world.run("check", "--live", code=69).stderr
    world.client.execute_command("REPLICAOF", "NO", "ONE")
    world.client.config_set("maxmemory-policy", "allkeys-lru")
    assert "noeviction" in world.run("check", "--live", code=78).stderr
    world.client.config_set("maxmemory-policy", "noeviction")
    world.run("check", "--live", "--set", "redis.url=unix:///nowhere", code=69)
    told = json.loads(world.run("check", "--live", "--json", "--set", "kafka.brokers=127.0.0.1:1", code=69).stdout)
    assert [f for f in told["live"] if f["kind"] == "error" and f["text"].startswith("Kafka at 127.0.0.1:1: live.")]
