"""The listener: liveness and readiness, limits, and an address that is taken."""

import os
import signal
import socket
import time

import pytest

from tests.integration import kafka_log
from tests.integration.http_client import Client, metrics
from tests.integration.servers import Kafka, poll

NOW_MS = int(time.time() * 1000)


@pytest.fixture
def own_kafka():
    broker = Kafka()
    try:
        yield broker.start()
    finally:
        broker.close()


def started(deploy, client, config=None, **more):
    deployment = deploy({"http": {"listen": client.listen}, "windows": ["1h", "total"], **(config or {})}, partitions=2,
                        **more)
    return deployment, deployment.start()


def send_some(deployment, n=20, campaign="c"):
    deployment.produce([deployment.record("impression", n % 2, NOW_MS - 60_000 + i, campaign_id=campaign)
                        for i in range(n)])


def test_redis_away_silent_and_refusing_is_told_within_ten_seconds(deploy, store):
    client = Client()
    deployment, daemon = started(deploy, client)
    send_some(deployment)
    client.expect_ready()
    assert client.json("/readyz")["partitions"] == 6
    store.pause()
    client.expect_unready("redis_away")
    store.resume()
    client.expect_ready()
    with deployment.client() as redis:
        redis.config_set("maxmemory", 1)  # nothing can be written any more
        send_some(deployment)
        client.expect_unready("redis_refuses")
        assert "OOM" in str(client.json("/readyz", 503)["reasons"])
        redis.config_set("maxmemory", 0)
    client.expect_ready()
    deployment.expect_exact()
    store.kill()
    client.expect_unready("redis_away")
    store.start()
    client.expect_ready()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_kafka_away_and_silent_is_told_within_ten_seconds(deploy, own_kafka):
    client = Client()
    deployment, daemon = started(deploy, client, broker=own_kafka)
    send_some(deployment)
    client.expect_ready()
    own_kafka.pause()
    client.expect_unready("kafka_away", 12)  # as seen by a client whose every look takes a moment
    own_kafka.resume()
    client.expect_ready(120)
    own_kafka.stop()
    client.expect_unready("kafka_away")
    own_kafka.start()
    client.expect_ready(120)
    send_some(deployment)
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_topics_and_a_dead_letter_topic_that_are_not_there_are_told(deploy, kafka):
    client = Client()
    deployment = deploy({"http": {"listen": client.listen}, "windows": ["total"]}, partitions=2)
    deployment.configure({
        "http": {"listen": client.listen}, "windows": ["total"], "lateness": {"idle": "clock"},
        "kafka": {"topics": {key: f"{deployment.name}.new.{key}" for key in ("impressions", "clicks", "orders")},
                  "dead_letter": f"{deployment.name}.none"}})
    daemon = deployment.start()
    poll(client.answers, 30, "listening")
    client.expect_unready("no_topics", 30)
    kafka_log.create_topics(kafka.address, deployment.config["kafka"]["topics"].values(), 2)
    client.expect_ready(90)
    topic = deployment.config["kafka"]["topics"]["clicks"]
    deployment.send("click", 0, NOW_MS, topic=topic)  # no campaign
    client.expect_unready("dead_letters", 12)
    kafka_log.create_topics(kafka.address, [f"{deployment.name}.none"], 1)
    client.expect_ready(90)
    assert len(kafka_log.read_dead_letters(kafka.address, f"{deployment.name}.none")) == 1
    assert daemon.stop() == 0


def test_without_any_server_it_is_alive_and_says_what_it_lacks(deploy, store):
    client = Client(host="::1")
    deployment = deploy({"http": {"listen": client.listen}})
    store.stop()
    deployment.configure({"http": {"listen": client.listen}, "kafka": {"brokers": "127.0.0.1:1"}})
    daemon = deployment.start()
    poll(client.answers, 30, "listening on IPv6")
    client.expect_unready("kafka_away")
    assert {"redis_away", "kafka_away", "no_partitions"} <= client.reasons()
    assert daemon.stop() == 0


def test_kafka_that_is_away_holds_up_no_answer(deploy):
    """Questions to a broker that is away would stop the loop for seconds, again and again."""
    client = Client()
    deployment = deploy({"http": {"listen": client.listen}})
    deployment.configure({"http": {"listen": client.listen}, "kafka": {"brokers": "127.0.0.1:1"}})
    daemon = deployment.start()
    poll(client.answers, 30, "listening")
    client.expect_unready("kafka_away")
    assert "redis_away" not in client.reasons()
    took = []
    with deployment.client() as redis:
        def seconds():
            """How many of its seconds the daemon has begun: in each it asks Redis for the time."""
            return redis.info("commandstats").get("cmdstat_time", {}).get("calls", 0)

        until = seconds() + 5
        while seconds() < until:
            began = time.monotonic()
            assert client.answers()
            took.append(time.monotonic() - began)
    assert max(took) < 1, took
    assert daemon.stop() == 0


def test_an_address_that_is_taken_does_not_keep_it_from_counting(deploy):
    client = Client()
    with socket.create_server(("127.0.0.1", client.port)):
        deployment, daemon = started(deploy, client)
        send_some(deployment)
        deployment.expect_exact()
        assert daemon.log.count("cannot be listened on") == 1 and "http.listen" in daemon.log
    client.expect_ready()
    assert daemon.stop() == 0


def test_a_reload_moves_closes_and_opens_the_listener(deploy):
    client, other = Client(), Client()
    config = {"windows": ["total"]}
    deployment, daemon = started(deploy, client, config)
    send_some(deployment)
    client.expect_ready()

    def reload(listen):
        deployment.configure({**config, "http": {"listen": listen}})
        daemon.process.send_signal(signal.SIGHUP)

    reload(other.listen)
    other.expect_ready(20)
    assert not client.answers()
    # What is invalid changes nothing, and is no reason not to be ready.
    reload("nowhere")
    poll(lambda: metrics(other.request("/metrics")[2])["roiwatch_config_reload_success"] == 0, 20, "refused")
    assert not other.reasons()
    reload(None)
    poll(lambda: not other.answers(), 20, "closed")
    send_some(deployment)
    deployment.expect_exact()
    reload(client.listen)
    client.expect_ready(20)
    found = metrics(client.request("/metrics")[2])
    assert found["roiwatch_config_reload_success"] == 1
    assert found['roiwatch_config_reloads_total{result="taken"}'] == 3
    assert found['roiwatch_config_reloads_total{result="refused"}'] == 1
    assert found["roiwatch_config_last_timestamp_seconds"] > found["process_start_time_seconds"]
    assert daemon.stop() == 0


def test_what_is_no_request_of_ours_is_refused_in_words(deploy):
    client = Client()
    _, daemon = started(deploy, client)
    poll(client.answers, 30, "listening")
    for target, method, body, headers, status, word in (
            ("/nothing", "GET", None, {}, 404, "/readyz"),
            ("/livez/", "GET", None, {}, 404, "known"),
            ("/livez?verbose=1", "GET", None, {}, 400, "verbose"),
            ("/livez", "POST", b"x" * 100_000, {}, 405, "GET"),
            ("/livez", "DELETE", None, {}, 405, "GET"),
            ("/livez", "GET", b"x", {}, 413, "body")):
        found, given, text = client.request(target, method, body, headers)
        assert found == status and word.encode() in text, (target, method, found, text)
        assert given["Content-Type"] == "application/json"
        assert given.get("Allow") == ("GET, HEAD" if status == 405 else None)
    assert client.request("/" + "a" * 40_000)[0] == 414
    assert client.request("/livez", headers={"X": "a" * 40_000})[0] == 431
    status, headers, body = client.request("/livez", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "15")
    assert client.answers()
    assert daemon.stop() == 0


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def is_closed(connection):
    """Whether the other side has closed; what it sent before is dropped."""
    try:
        while connection.recv(4096):
            pass
        return True
    except (BlockingIOError, TimeoutError):
        return False
    except OSError:
        return True


def test_slow_and_many_clients_are_cut_off(deploy):
    client = Client()
    deployment, daemon = started(deploy, client)
    send_some(deployment)
    client.expect_ready()
    before = descriptors(daemon)
    slow = []
    for _ in range(40):
        connection = socket.create_connection((client.host, client.port))
        connection.sendall(b"GET /livez HTTP/1.1\r\nX-Sl")
        connection.setblocking(False)
        slow.append(connection)
    # Eight of the forty are more than one address may have.
    poll(lambda: sum(is_closed(connection) for connection in slow) >= 8, 5, "too many are closed at once")
    assert sum(is_closed(connection) for connection in slow) == 8
    # From another address somebody is answered all the same.
    with socket.create_connection((client.host, client.port), source_address=("127.0.0.2", 0)) as other:
        other.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        other.settimeout(5)
        assert other.recv(4096).startswith(b"HTTP/1.1 200")
    send_some(deployment)
    deployment.expect_exact()
    # One goes on byte by byte; it is not silent, but too slow.
    open_ones = [connection for connection in slow if not is_closed(connection)]
    began = time.monotonic()

    def dripped():
        try:
            open_ones[0].send(b"x")
        except OSError:
            return True
        return is_closed(open_ones[0])

    poll(dripped, 30, "the slow one is cut off", every_s=0.5)
    assert time.monotonic() - began < 20
    poll(lambda: all(is_closed(connection) for connection in slow), 20, "the silent ones are cut off")
    for connection in slow:
        connection.close()
    poll(lambda: descriptors(daemon) <= before + 2, 10, "descriptors are given back")
    client.expect_ready()
    assert daemon.stop() == 0
