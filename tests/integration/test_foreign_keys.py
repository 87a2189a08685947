"""Another program has written over one of roiwatch's keys: what hangs on that key is set aside and told; all else goes on,
nothing is counted twice, and everything is right again once the key is gone."""

import itertools

import pytest

from tests.integration.servers import poll
from tests.oracle.generator import Generator

N_EVENTS = 6000
TOLD_S, LINES_MOST = 20, 12


@pytest.fixture(name="begun")
def fixture_begun(deploy):
    """A deployment at rest with the first half of a log, its daemon, and the other half."""
    deployment = deploy({"windows": ["1h", "total"]})
    records = iter(Generator(61, N_EVENTS, deployment.topics, deployment.partitions))
    deployment.produce(itertools.islice(records, N_EVENTS // 2))
    daemon = deployment.start()
    deployment.expect_exact()
    poll(lambda: deployment.meta()["status"] == "live", 30, "live", daemon.process, every_s=0.2)
    return deployment, daemon, records


def overwrite(client, key):
    """Puts a text in the key's place; what was there is gone."""
    assert client.delete(key) == 1, f"there is no {key}"
    client.set(key, "somebody else's")


def wait_until_told(daemon, *words):
    poll(lambda: any(all(word in line for word in words) for line in daemon.log.splitlines()), TOLD_S,
         f"a line of the log with {words}", daemon.process, every_s=0.1)


def wrong_campaigns(deployment, counted):
    """The campaigns that have a key that is not as the oracle says."""
    found = deployment.reader_keys()
    return {campaign for key, (campaign, _) in counted.keys.items()
            if key not in found or counted.differences(key, found[key])}


def others_are_exact(deployment, counted, n_aside_most):
    """All but a few campaigns are exact; gives those."""
    def few():
        wrong = wrong_campaigns(deployment, counted)
        return len(wrong) <= n_aside_most and [wrong]

    return poll(few, 60, "the others are counted and published", every_s=0.5)[0]


def in_shard_of(client, deployment):
    """Campaigns by shard."""
    result = {}
    for shard in range(16):
        names = client.hkeys(b"roi:~{c%d.1}:campaigns" % shard)
        result[shard] = set(names)
    assert sum(map(len, result.values())) > 100
    return result


def test_a_journal(begun):
    """Its shard is counted on, as the journal only tells the evaluator what changed, but not published."""
    deployment, daemon, records = begun
    with deployment.client() as client:
        shards = in_shard_of(client, deployment)
        overwrite(client, "roi:~{c3.1}:journal")
        deployment.produce(records)
        counted = deployment.recount()
        wait_until_told(daemon, "~{c3.1}", "WRONGTYPE")
        aside = others_are_exact(deployment, counted, len(shards[3]) + 20)
        assert aside <= set(client.hkeys("roi:~{c3.1}:campaigns"))
        poll(lambda: deployment.meta()["status"] != "live", 60, "not live while a shard is not published", every_s=0.2)
        assert deployment.cli("offsets", "--wait", "1s").returncode == 1
        client.delete("roi:~{c3.1}:journal")
    deployment.expect_exact(60, counted)
    poll(lambda: deployment.meta()["status"] == "live", 60, "live again", every_s=0.2)
    assert len(daemon.log.splitlines()) <= LINES_MOST, daemon.log
    assert daemon.stop() == 0


@pytest.mark.parametrize("name", ["marks", "shards"])
def test_what_all_shards_share(begun, name):
    deployment, daemon, records = begun
    with deployment.client() as client:
        overwrite(client, f"roi:~{name}.1")
        deployment.produce(records)
        wait_until_told(daemon, f"~{name}", "WRONGTYPE")
        poll(lambda: deployment.meta()["status"] != "live", 60, "not live", every_s=0.2)
        client.delete(f"roi:~{name}.1")
    deployment.expect_exact(60)
    poll(lambda: deployment.meta()["status"] == "live", 60, "live again", every_s=0.2)
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    assert len(daemon.log.splitlines()) <= LINES_MOST, daemon.log
    assert daemon.stop() == 0


def test_the_set_of_campaigns(begun):
    """The keys are published all the same; the set is whole again some time after the foreign key is gone."""
    deployment, daemon, _ = begun
    with deployment.client() as client:
        overwrite(client, "roi:campaigns")
        ts_ms = int(deployment.meta()["as_of_ms"]) + 1000
        for i in range(40):
            deployment.send("click", i % deployment.partitions, ts_ms, campaign_id=f"new {i}")
        wait_until_told(daemon, "campaigns", "WRONGTYPE")
        poll(lambda: all(deployment.window(f"new {i}", "total").get("clicks") == "1" for i in range(40)), 60,
             "new campaigns are published", every_s=0.5)
        client.delete("roi:campaigns")
    deployment.expect_exact(120)
    assert len(daemon.log.splitlines()) <= LINES_MOST, daemon.log
    assert daemon.stop() == 0


def test_a_reader_key_is_written_over(begun):
    """Reader keys are roiwatch's own: the next change puts the right one there."""
    deployment, daemon, records = begun
    with deployment.client() as client:
        overwrite(client, "roi:{campaign-0001}:total")
    deployment.produce(records)
    deployment.expect_exact(60)
    assert daemon.stop() == 0


def test_the_cells_of_a_campaign(begun):
    """They are set aside; the other campaigns go on."""
    deployment, daemon, records = begun
    with deployment.client() as client:
        names = [key for key in client.scan_iter(match="roi:~{c*", count=1000) if b":total:campaign-0001" in key
                 or (b"campaign-0001" in key and client.type(key) == b"hash")]
        assert names
        for name in names:
            overwrite(client, name)
    deployment.produce(records)
    counted = deployment.recount()
    wait_until_told(daemon, 'campaign "campaign-0001": another program has written over its key roi:~{c')
    assert others_are_exact(deployment, counted, 1) <= {b"campaign-0001"}
    assert daemon.stop() == 0


def test_an_outbox_never_loses_an_alert(deploy):
    """The change of a goal's state is not stored without its alert."""
    goal = {"name": "g", "metric": "roi", "target": 0.5, "window": "1h", "rule": "threshold"}
    deployment = deploy({"windows": ["1h"], "redis": {"shards": 1}, "defaults": {"goals": [goal]}}, partitions=1)
    ts_ms = 1_772_600_000_000
    deployment.send("click", 0, ts_ms, campaign_id="a", cost="1")
    daemon = deployment.start()
    with deployment.client() as client:
        poll(lambda: client.exists("roi:~{c0.1}:vec"), 30, "begun", daemon.process)
        client.set("roi:~{c0.1}:outbox", "somebody else's")
        deployment.send("click", 0, ts_ms + 120_000, campaign_id="a", cost="1")
        deployment.send("click", 0, ts_ms + 240_000, campaign_id="a", cost="1")
        wait_until_told(daemon, "~{c0.1}", "WRONGTYPE")
        already = client.xlen("roi:alerts")
        client.delete("roi:~{c0.1}:outbox")
        poll(lambda: client.xlen("roi:alerts") == 1, 60, "the alert", daemon.process, every_s=0.2)
        assert already in (0, 1)
    assert daemon.stop() == 0


def test_the_stream_of_alerts(deploy):
    """Alerts wait in their outbox; numbers go on; then the alert comes once."""
    goal = {"name": "g", "metric": "roi", "target": 0.5, "window": "1h", "rule": "threshold"}
    deployment = deploy({"windows": ["1h"], "redis": {"shards": 1}, "defaults": {"goals": [goal]}}, partitions=1)
    ts_ms = 1_772_600_000_000
    with deployment.client() as client:
        client.set("roi:alerts", "somebody else's")
        deployment.send("click", 0, ts_ms, campaign_id="a", cost="1")
        deployment.send("click", 0, ts_ms + 120_000, campaign_id="a", cost="1")
        daemon = deployment.start()
        wait_until_told(daemon, "roi:alerts", "WRONGTYPE")
        deployment.send("click", 0, ts_ms + 240_000, campaign_id="a", cost="1")
        poll(lambda: deployment.window("a", "1h").get("clicks") == "3", 30, "numbers go on", daemon.process, every_s=0.1)
        assert client.xlen("roi:~{c0.1}:outbox") == 1
        client.delete("roi:alerts")
        poll(lambda: client.xlen("roi:~{c0.1}:outbox") == 0, 60, "delivered", daemon.process, every_s=0.2)
        assert client.xlen("roi:alerts") == 1
    assert daemon.stop() == 0
