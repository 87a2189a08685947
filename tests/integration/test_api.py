"""The API: what it says is what stands in Redis, page by page, whatever the ids are made of."""

import json
import threading
import time
from urllib.parse import quote

from tests.integration.http_client import Client
from tests.integration.servers import poll
from tests.oracle.generator import Generator

NOW_MS = int(time.time() * 1000)
WINDOWS = ["5m", "1h", "today", "total"]
RATIOS = {"roi", "roas", "ctr", "cvr"}
GOAL = {"name": "roi", "metric": "roi", "target": 100, "window": "total", "rule": "threshold"}


def started(deploy, config=None):
    client = Client()
    deployment = deploy({"http": {"listen": client.listen}, "windows": WINDOWS, "defaults": {"goals": [GOAL]},
                         **(config or {})}, partitions=2)
    return client, deployment, deployment.start()


def number(text):
    return float(text) if "." in text else int(text)


def expected_of(deployment, campaign):
    """The campaign as Redis has it, in the form of the API."""
    fields = deployment.campaign(campaign)
    return {"campaign": campaign, "state": fields["state"], "currency": fields["currency"],
            "as_of_ms": int(fields["as_of_ms"]), "rev": int(fields["rev"]),
            "labels": {name[6:]: value for name, value in fields.items() if name.startswith("label:")},
            "goals": {name[5:]: json.loads(value) for name, value in fields.items() if name.startswith("goal:")},
            "windows": {window: {name: value if name == "currency" else number(value)
                                 for name, value in deployment.window(campaign, window).items()}
                        for window in WINDOWS}}


def pages(client, limit):
    """All campaigns, page by page, and how many pages there were."""
    found, after, n = [], "", 0
    while True:
        page = client.json(f"/api/v1/campaigns?limit={limit}" + (f"&after={quote(after, safe='')}" if after else ""))
        assert len(page["campaigns"]) <= limit
        found += page["campaigns"]
        n += 1
        if page["next"] is None:
            return found, n
        assert page["next"] == page["campaigns"][-1]["campaign"] and len(page["campaigns"]) == limit
        after = page["next"]


def names_are_members(deployment):
    with deployment.client() as redis:
        return (redis.zrangebylex(deployment.prefix + b"~names", "-", "+")
                == sorted(redis.smembers(deployment.prefix + b"campaigns")))


def test_what_the_api_says_is_what_stands_in_redis(deploy):
    client, deployment, daemon = started(deploy, {"campaigns": {"labelled": {"labels": {"team": "é \"x\""}}}})
    deployment.produce(Generator(51, 20_000, deployment.topics, 2))
    counted = deployment.expect_exact()
    client.expect_ready()
    found, _ = pages(client, 1000)
    assert {campaign["campaign"].encode() for campaign in found} == counted.members
    assert [campaign["campaign"].encode() for campaign in found] == sorted(counted.members)
    ratios = 0
    for campaign in found:
        assert campaign == expected_of(deployment, campaign["campaign"])
        for fields in campaign["windows"].values():
            ratios += sum(isinstance(fields[name], float) for name in RATIOS & fields.keys())
            assert isinstance(fields["cost_micros"], int)
        # One alone is the same; what show says too.
        assert client.json("/api/v1/campaigns/" + quote(campaign["campaign"], safe="")) == campaign
    assert ratios > 100
    shown = deployment.cli("show", "labelled", "--json")
    assert json.loads(shown.stdout) == client.json("/api/v1/campaigns/labelled")
    assert client.json("/api/v1/campaigns/labelled")["labels"] == {"team": "é \"x\""}
    # Alerts, newest first.
    with deployment.client() as redis:
        entries = redis.xrevrange("roi:alerts")
    assert len(entries) > 3
    alerts = client.json("/api/v1/alerts?limit=1000")["alerts"]
    assert [alert["id"].encode() for alert in alerts] == [fields[b"id"] for _, fields in entries]
    for alert, (_, fields) in zip(alerts, entries):
        assert alert["labels"] == json.loads(fields[b"labels"]) and alert["low"] is None
        assert alert["cost_micros"] == int(fields[b"cost_micros"]) and alert["value"] == fields[b"value"].decode()
        assert list(alert)[:3] == ["id", "campaign", "goal"] and len(alert) == 20
    assert client.json("/api/v1/alerts?limit=2")["alerts"] == alerts[:2]
    assert daemon.stop() == 0


ODD = ["(", "((", "(a", "[", "[a", "-", "+", "-inf", "+inf", "%", "%41", "{", "{roi}", "}", " ", "a b", "a+b", "a&b=c", "a/b",
       "/", "//", "..", "?", "#", "a\"b", "a\\b", "\x01", "\x7f", "é", "\u2028", "😀", "0", "00", "a" * 256, "a" * 255 + "b"]


def test_paging_misses_none_and_repeats_none(deploy):
    client, deployment, daemon = started(deploy)
    ids = ODD + [f"campaign-{i}" for i in range(250 - len(ODD))]
    deployment.produce([deployment.record("click", i % 2, NOW_MS - 60_000, campaign_id=name)
                        for i, name in enumerate(ids)])
    deployment.expect_exact()
    client.expect_ready()
    expected = sorted(ids, key=lambda name: name.encode())
    for limit in (1, 3, 100, 249, 250, 251, 1000):
        found, n = pages(client, limit)
        assert [campaign["campaign"] for campaign in found] == expected, limit
        assert n == -(-250 // limit)
        assert all(len(campaign["windows"]) == len(WINDOWS) for campaign in found)
    assert len(client.json("/api/v1/campaigns")["campaigns"]) == 100
    # Behind an id that there is not, too.
    page = client.json("/api/v1/campaigns?limit=1&after=campaign-0zzz")
    assert page["campaigns"][0]["campaign"] == "campaign-1"
    assert client.json("/api/v1/campaigns?after=%F0%9F%98%80") == {"campaigns": [], "next": None}
    for name in ids:
        assert client.json("/api/v1/campaigns/" + quote(name, safe=""))["campaign"] == name
    # A raw slash is as good as an escaped one.
    assert client.json("/api/v1/campaigns/a/b")["campaign"] == "a/b"
    assert names_are_members(deployment)
    # New ones are in the index as well; and after everything was lost and counted again.
    deployment.send("click", 0, NOW_MS, campaign_id="(new")
    deployment.expect_exact()
    assert names_are_members(deployment) and len(pages(client, 1000)[0]) == 251
    with deployment.client() as redis:
        redis.flushall()
    poll(lambda: not deployment.differences(deployment.recount()), 60, "counted again", every_s=0.5)
    assert names_are_members(deployment) and len(pages(client, 1000)[0]) == 251
    assert daemon.stop() == 0
    assert deployment.cli("rebuild", "--yes").returncode == 0
    with deployment.client() as redis:
        assert not redis.exists("roi:~names", "roi:campaigns")
    deployment.start()
    deployment.expect_exact()
    assert names_are_members(deployment)


def test_what_is_asked_wrongly_or_is_not_there_is_said(deploy):
    client, deployment, daemon = started(deploy)
    deployment.send("click", 0, NOW_MS, campaign_id="c")
    deployment.expect_exact()
    client.expect_ready()
    for target, status, word in (
            ("/api/v1/campaigns/nobody", 404, "no campaign"),
            ("/api/v1/campaigns/%zz", 400, "percent-encoded"),
            ("/api/v1/campaigns/%00", 400, "percent-encoded"),
            ("/api/v1/campaigns/", 404, "known"),
            ("/api/v1/campaigns?limit=0", 400, "1 to 1000"),
            ("/api/v1/campaigns?limit=1001", 400, "1 to 1000"),
            ("/api/v1/campaigns?limit=ten", 400, "1 to 1000"),
            ("/api/v1/campaigns?limt=1", 400, "limt"),
            ("/api/v1/campaigns?limit=1&limit=2", 400, "twice"),
            ("/api/v1/campaigns?after=%4", 400, "percent-encoded"),
            ("/api/v1/alerts?after=x", 400, "after"),
            ("/api/v1/campaigns/" + "x" * 5000, 404, "no campaign")):
        assert word in client.json(target, status)["error"], target
    # A key that another program has made is left out, the rest is said.
    with deployment.client() as redis:
        redis.set("roi:{c}:5m", "x")
    found = client.json("/api/v1/campaigns/c")
    assert "5m" not in found["windows"] and found["windows"]["total"]["clicks"] == 1
    assert daemon.stop() == 0


def asked(client, target, answers):
    began = time.monotonic()
    status, _, body = client.request(target, timeout_s=30)
    answers.append((status, json.loads(body).get("error", ""), time.monotonic() - began))


def ask_at_once(client, n):
    answers = []
    threads = [threading.Thread(target=asked, args=(client, "/api/v1/campaigns", answers)) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads, answers


def joined(threads):
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_redis_that_goes_during_a_request_is_a_503(deploy, store):
    client, deployment, daemon = started(deploy)
    deployment.send("click", 0, NOW_MS, campaign_id="c")
    deployment.expect_exact()
    client.expect_ready()
    # Silent: told after a few seconds; more than a few at once are told at once.
    store.pause()
    threads, answers = ask_at_once(client, 12)
    poll(lambda: len(answers) >= 4, 4, "those too many are answered")
    assert all(status == 503 and "already" in error for status, error, _ in answers[:4])
    joined(threads)
    assert len(answers) == 12 and all(status == 503 for status, _, _ in answers)
    assert sum("in time" in error and took > 4 for _, error, took in answers) == 8
    store.resume()
    poll(lambda: client.request("/api/v1/campaigns")[0] == 200, 20, "answered again")
    # Killed while it owes the answer.
    store.pause()
    threads, answers = ask_at_once(client, 3)
    poll(lambda: b'roiwatch_http_connections 4' in client.request("/metrics")[2], 4, "three wait")
    store.kill()
    joined(threads)
    assert all(status == 503 and ("lost" in error or "away" in error) and took < 4 for status, error, took in answers)
    assert client.json("/api/v1/campaigns", 503)["error"]
    store.start()
    poll(lambda: client.request("/api/v1/campaigns")[0] == 200, 20, "answered again")
    # The daemon ends while somebody waits: that one is told, and nothing leaks.
    client.expect_ready()
    deployment.expect_exact()
    store.pause()
    threads, answers = ask_at_once(client, 2)
    poll(lambda: b'roiwatch_http_connections 3' in client.request("/metrics")[2], 4, "two wait")
    assert daemon.stop() == 0
    joined(threads)
    assert [status for status, _, _ in answers] == [503, 503]
    store.resume()
