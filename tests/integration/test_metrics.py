"""The page of metrics: against what Redis has counted, the documents and promtool; and it moves when faults come."""

import json
import re
import subprocess
from collections import Counter

import yaml

from tests.integration import kafka_log
from tests.integration.http_client import Client, metrics
from tests.integration.servers import ROOT, poll
from tests.oracle.generator import Generator

N_EVENTS = 20_000


def page(client):
    status, headers, body = client.request("/metrics")
    assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return body


def families(text):
    """{name: type} of a page."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text.decode(), re.M))


def documented():
    """The same of docs/METRICS.md, which a test of its own keeps as the code is."""
    text = (ROOT / "docs/METRICS.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `((?:roiwatch|process)_\w+)` \| (\w+) \|", text, re.M))


def counts_of_lanes(deployment):
    """What Redis has counted, as the metrics say it."""
    found = Counter()
    for lane in deployment.lanes():
        topic = lane["topic"]
        for name, kind in (("impressions", "impression"), ("clicks", "click"), ("orders", "order"), ("refunds", "refund"),
                           ("engagements", "engagement"), ("spend", "spend")):
            found[f'roiwatch_events_total{{topic="{topic}",type="{kind}"}}'] += lane[name]
        for name in ("duplicates", "late", "overflow"):
            found[f'roiwatch_{name}_total{{topic="{topic}"}}'] += lane[name]
        for reason, n in lane["rejected"].items():
            found[f'roiwatch_rejected_total{{topic="{topic}",reason="{reason}"}}'] += n
    return found


def differences(deployment, found):
    expected = counts_of_lanes(deployment)
    prefixes = ("roiwatch_events_total", "roiwatch_rejected_total", "roiwatch_duplicates_total", "roiwatch_late_total",
                "roiwatch_overflow_total")
    names = {name for name in found if name.startswith(prefixes)} | set(expected)
    return {name: (found.get(name, 0), expected[name]) for name in names if found.get(name, 0) != expected[name]}


def test_the_page_says_what_redis_has_counted(deploy):
    client = Client()
    goals = [{"name": "roi", "metric": "roi", "target": 100, "window": "total", "rule": "threshold"},
             {"name": "clicks", "metric": "clicks", "target": 0, "window": "1h", "rule": "threshold"}]
    deployment = deploy({"http": {"listen": client.listen}, "windows": ["1h", "total"], "defaults": {"goals": goals}},
                        partitions=2)
    deployment.produce(Generator(41, N_EVENTS, deployment.topics, 2))
    daemon = deployment.start()
    deployment.expect_exact()
    client.expect_ready()
    poll(lambda: not differences(deployment, metrics(page(client))), 20, "the counters are those in Redis")
    text = page(client)
    found = metrics(text)
    # Every kind of count has happened, or the comparison above says little.
    for name in ("events", "rejected", "duplicates", "late"):
        assert sum(value for key, value in found.items() if key.startswith(f"roiwatch_{name}_total")) > 0, name
    assert found["roiwatch_dead_letters_total"] == len(
        kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)) > 0
    for (topic, partition), end in kafka_log.end_offsets(deployment.kafka.address, deployment.topics.values()).items():
        labels = f'{{topic="{topic}",partition="{partition}"}}'
        assert found["roiwatch_partition_end_offset" + labels] == end
        assert found["roiwatch_partition_counted_offset" + labels] == end
        assert found["roiwatch_partition_lag" + labels] == 0
    states = Counter()
    for campaign in deployment.members():
        for name, value in deployment.campaign(campaign.decode()).items():
            if name.startswith("goal:"):
                states[re.search(r'"state":"(\w+)"', value).group(1)] += 1
    told = {re.search(r'"(\w+)"', name).group(1): n for name, n in found.items() if name.startswith("roiwatch_goals{")}
    assert {state: n for state, n in told.items() if n} == states and states
    with deployment.client() as redis:
        assert found["roiwatch_alerts_sent_total"] == redis.xlen("roi:alerts")
    assert found["roiwatch_campaigns"] == len(deployment.members())
    poll(lambda: round(metrics(page(client))["roiwatch_as_of_timestamp_seconds"] * 1000)
         == int(deployment.meta()["as_of_ms"]), 10, "complete up to what roi:meta says")
    assert found['roiwatch_status{status="live"}'] == 1 and found["roiwatch_ready"] == 1
    assert sum(value for name, value in found.items() if name.startswith("roiwatch_unready{")) == 0
    assert found['roiwatch_redis_call_duration_seconds_count{call="apply"}'] == found["roiwatch_applies_total"] > 0
    assert found["process_resident_memory_bytes"] > 1_000_000
    fingerprint = deployment.meta()["config_fingerprint"]
    assert found[f'roiwatch_config_info{{fingerprint="{fingerprint}"}}'] == 1
    # No campaign, order or user has a series.
    assert "campaign-0" not in text.decode()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert checked.returncode == 0 and not checked.stdout + checked.stderr, checked
    assert families(text) == documented()
    assert daemon.stop() == 0


def test_faults_move_their_metrics(deploy, store):
    client = Client()
    deployment = deploy({"http": {"listen": client.listen}, "windows": ["total"]}, partitions=2)
    records = iter(Generator(42, N_EVENTS, deployment.topics, 2))
    daemon = deployment.start()
    deployment.produce(record for record, _ in zip(records, range(N_EVENTS // 2)))
    client.expect_ready()
    before = metrics(page(client))
    assert before["roiwatch_redis_connections_total"] == 1 and before["roiwatch_kafka_up"] == 1
    with deployment.client() as redis:
        redis.config_set("maxmemory", 1)
        deployment.produce(records)
        poll(lambda: metrics(page(client))['roiwatch_redis_errors_total{class="oom"}'] > 0, 10, "oom is counted")
        redis.config_set("maxmemory", 0)
    client.expect_ready()
    store.pause()
    client.expect_unready("redis_away")
    assert metrics(page(client))["roiwatch_redis_silent_seconds"] > 5
    assert metrics(page(client))['roiwatch_unready{reason="redis_away"}'] == 1
    store.resume()
    with deployment.client() as redis:
        redis.client_kill_filter(_type="normal", skipme=True)
    poll(lambda: metrics(page(client))["roiwatch_redis_connections_total"] == 2, 20, "connected again")
    deployment.expect_exact()
    after = metrics(page(client))
    assert after["roiwatch_rewinds_total"] > before["roiwatch_rewinds_total"]
    assert after['roiwatch_redis_errors_total{class="connection"}'] > 0
    assert after["roiwatch_messages_read_total"] >= N_EVENTS
    # What was read twice is not counted twice.
    for name, (told, counted) in differences(deployment, after).items():
        assert told <= counted, name
    assert daemon.stop() == 0


def metrics_of(expression):
    """Names of metrics in an expression of PromQL, those of a histogram's parts as the histogram."""
    names = set(re.findall(r"\b(?:roiwatch|process)_\w+", re.sub(r'"[^"]*"', "", expression)))
    known = documented()
    return {name if name in known else re.sub("_(bucket|sum|count)$", "", name) for name in names}


def test_the_rules_come_where_they_should_and_know_their_metrics():
    rules = ROOT / "conf/prometheus-rules.yaml"
    for words in (["check", "rules", rules], ["test", "rules", ROOT / "tests/prometheus/rules.yaml"]):
        result = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
    text = rules.read_text(encoding="utf-8")
    alerts = yaml.safe_load(text)["groups"][0]["rules"]
    tested = (ROOT / "tests/prometheus/rules.yaml").read_text(encoding="utf-8")
    for alert in alerts:
        names = metrics_of(alert["expr"])
        assert names <= documented().keys() and (names or alert["expr"].startswith("up{")), alert["alert"]
        assert set(alert["annotations"]) == {"summary", "description"}
        # Each is seen to come and not to come.
        assert len(re.findall(rf"alertname: {alert['alert']}\n +exp_alerts", tested)) >= 1, alert["alert"]
        assert len(re.findall(rf"alertname: {alert['alert']}}}", tested)) >= 1, alert["alert"]


def test_the_dashboard_knows_its_metrics_and_overlaps_nowhere():
    board = json.loads((ROOT / "conf/grafana-dashboard.json").read_text(encoding="utf-8"))
    taken, named = set(), set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        for target in panel["targets"]:
            names = metrics_of(target["expr"])
            assert names and names <= documented().keys(), target["expr"]
            named |= names
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label == "instance" or label in target["expr"] or label in ("topic", "partition"), target
    for variable in board["templating"]["list"]:
        assert metrics_of(variable["query"]) <= documented().keys()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) and len(named) > 20
