"""Other people's names, other currencies and ads, counted by the daemon as the oracle says."""

import collections
import csv
import datetime
import json
import os
import signal
import time
from collections import namedtuple

import pytest

from tests.integration import kafka_log
from tests.integration.deployment import ALWAYS
from tests.integration.http_client import Client
from tests.integration.http_client import metrics as metrics_of
from tests.integration.servers import poll
from tests.integration.test_exact import rejections
from tests.oracle.decode import Event, decode
from tests.oracle.journeys import CONFIG as JOURNEYS
from tests.oracle.journeys import Journeys, Mix
from tests.oracle.message import Integer, Real, Refused, fields_of
from tests.oracle.recount import Recount
from tests.oracle.rules import Rules, read_lookup

N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000")) // 3
KINDS = (*ALWAYS, "refund")
MIX = Mix(45, 30, 14, 0, 0, 1)
T_MS = 1_795_300_200_000
CONFIG = {name: JOURNEYS[name] for name in ("account", "windows", "lateness", "limits", "ledger", "rates")}

HeaderRecord = namedtuple("HeaderRecord", "topic partition key value record_ts_ms headers")


# Segment's names

def literal(value):
    """JSON with numbers as their characters."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(f"{json.dumps(name)}:{literal(each)}" for name, each in value.items())
    return str(value) if isinstance(value, (Integer, Real)) else json.dumps(value)


def chosen(fields, **names):
    return {theirs: fields[ours] for theirs, ours in names.items() if ours in fields}


def segment_click(fields):
    return {"type": "page", **chosen(fields, timestamp="ts", messageId="event_id", anonymousId="click_id", userId="user_id"),
            "context": {"campaign": chosen(fields, name="campaign_id")},
            "properties": chosen(fields, cost="cost", currency="currency", ad_id="ad_id")}


def segment_order(fields):
    refund = fields.get("type") == "refund"
    who = chosen(fields, timestamp="ts", anonymousId="click_id", userId="user_id", messageId="refund_id")
    amount = chosen(fields, total="amount" if refund else "revenue")
    return {"type": "track", "event": "Order Refunded" if refund else "Order Completed", **who,
            "properties": {**amount, **chosen(fields, order_id="order_id", currency="currency", margin="margin", kind="kind",
                                              campaign="campaign_id")}}


SEGMENT = {"click": (segment_click, {"ad_id": "properties.ad_id", "cost": "properties.cost"}),
           "order": (segment_order, {"campaign_id": "properties.campaign", "margin": "properties.margin",
                                     "kind": "properties.kind"})}


class Translated:
    """Records with Segment's names, and what each says in the contract's."""

    def __init__(self, deployment, records, rules):
        self.records, self.rules, self.ours = records, rules, {}
        self.writers = {deployment.topics[kind]: (kind, write) for kind, (write, _) in SEGMENT.items()}

    def _event(self, record, kind):
        try:
            fields = fields_of(record.value or b"")
        except Refused:
            return None
        event = decode(record.value, record.record_ts_ms, kind, self.rules)
        readable = isinstance(event, Event) and event.type in (kind, "refund") or event == "unknown_ad"
        return fields if readable else None

    def __iter__(self):
        """Without those records of mapped topics that say nothing in the contract's names."""
        for record in self.records:
            if record.topic in self.writers:
                kind, write = self.writers[record.topic]
                fields = self._event(record, kind)
                if not fields:
                    continue
                value = literal(write(fields)).encode()
                self.ours[value] = record.value
                record = record._replace(value=value)
            yield record

    def log(self, log):
        return {(topic, partition): [message._replace(value=self.ours[message.value]) for message in messages]
                if topic in self.writers else messages for (topic, partition), messages in log.items()}


def write_ads(deployment, ads, name="ads.csv"):
    """A lookup file, whole at once."""
    with open(deployment.directory / f"{name}.new", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("ad_id", "campaign_id"), *ads.items()])
    os.rename(deployment.directory / f"{name}.new", deployment.directory / name)
    return deployment.directory / name


def topics_of(deployment):
    """What is not counted in these tests has no topic; a mix without it never asks for one."""
    return {**deployment.topics, "engagement": deployment.topics["impression"], "spend": deployment.topics["impression"]}


@pytest.mark.parametrize("source", ["file", "redis_hash"])
def test_a_preset_rates_and_ads_are_counted_as_the_oracle_says(deploy, source):
    deployment = deploy(CONFIG, kinds=KINDS)
    journeys = Journeys(11, N_EVENTS, topics_of(deployment), deployment.partitions, mix=MIX, ads=0.3)
    ads = {ad.decode(): campaign.decode() for ad, campaign in journeys.lookup.items()}
    if source == "file":
        path = write_ads(deployment, ads)
        assert read_lookup(path) == journeys.lookup
    else:
        with deployment.client() as client:
            client.hset("some:ads", mapping=ads)
    mapping = {"topics": {deployment.topics[kind]: {"preset": "segment", "fields": fields}
                          for kind, (_, fields) in SEGMENT.items()}}
    deployment.configure({**CONFIG, "mapping": mapping,
                          "lookup": {"ad_id": {source: "ads.csv" if source == "file" else "some:ads"}}})
    plain = {name: part for name, part in deployment.config.items() if name != "mapping"}
    records = Translated(deployment, journeys, Rules(plain, lookup=journeys.lookup))
    deployment.produce(records)
    assert len(records.ours) > N_EVENTS / 4
    deployment.start()
    counted = Recount(records.log(deployment.log()), plain, lookup=journeys.lookup)
    deployment.expect_exact(180, counted)
    reasons = collections.Counter()
    for (_, _, reason), n in counted.rejected.items():
        reasons[reason] += n
    assert reasons["unknown_ad"] > 20 and counted.accepted
    found = rejections(deployment)
    for lane in counted.rejected:
        if lane[2] in ("unknown_ad", "unknown_currency"):
            assert found[lane] == counted.rejected[lane]


def test_headers_are_read_where_a_mapping_says_so(deploy):
    deployment = deploy()
    topic = deployment.topics["click"]
    deployment.configure({"mapping": {"topics": {topic: {"preset": "cloudevents"}}}})
    deployment.start()
    body = {"campaign_id": "c", "cost": "0.5"}
    headers = [("ce_type", b"com.example.click"), ("ce_time", b"2026-11-22T10:30:00Z"), ("ce_id", b"e1"), ("other", None)]
    ts_ms = 1_795_343_400_000
    records = [HeaderRecord(topic, i % 4, None, json.dumps(body).encode(), ts_ms, headers) for i in range(9)]
    deployment.produce(records + [records[0]._replace(headers=headers[:1])])
    deployment.produce([deployment.record("impression", 0, ts_ms, campaign_id="c")])
    poll(lambda: deployment.window("c", "total").get("clicks") == "9", 60, "all are counted", deployment.daemons[-1].process)
    fields = deployment.window("c", "total")
    assert (fields["cost_micros"], fields["impressions"]) == ("4500000", "1")
    assert rejections(deployment) == {(topic, 0, "missing_field"): 1}


def metrics(client):
    return {name: value for name, value in metrics_of(client.request("/metrics")[2]).items() if name.startswith("roiwatch_lookup")}


def clicks_of(deployment, campaign):
    return int(deployment.window(campaign, "total").get("clicks", 0))


def test_a_file_that_changes_is_read_again_and_one_that_is_wrong_is_not(deploy):
    deployment = deploy()
    write_ads(deployment, {"a1": "one", "a2": "(overflow)", "a3": "three"})
    client = Client()
    deployment.configure({"lookup": {"ad_id": {"file": "ads.csv"}, "refresh": "1s"}, "http": {"listen": client.listen}})
    daemon = deployment.start()
    topic = deployment.topics["click"]
    for ad in ("a1", "a2", "a4"):
        deployment.send("click", 0, T_MS, ad_id=ad, key=ad.encode())
    poll(lambda: clicks_of(deployment, "one") == 1, 60, "the first click", daemon.process)
    poll(lambda: rejections(deployment) == {(topic, 0, "reserved_id"): 1, (topic, 0, "unknown_ad"): 1}, 30, "rejections",
         daemon.process)
    letters = kafka_log.read_dead_letters(deployment.kafka.address, deployment.dead_letter)
    assert {(letter.key, letter.headers["roiwatch-reason"]) for letter in letters} == {
        (b"a2", "reserved_id"), (b"a4", "unknown_ad")}
    assert metrics(client)["roiwatch_lookup_rows"] == 3

    (deployment.directory / "ads.csv").write_text("ad_id,campaign_id\na1,two\na4,four,and more\n", encoding="utf-8")
    poll(lambda: metrics(client)["roiwatch_lookup_failures_total"] > 0, 30, "it is noticed", daemon.process)
    assert "ads.csv:3: there must be two values with a comma between; the 3 ads that were read before stay" in daemon.log
    deployment.send("click", 0, T_MS, ad_id="a1")
    poll(lambda: clicks_of(deployment, "one") == 2, 60, "by the table before", daemon.process)

    write_ads(deployment, {"a1": "two", "a3": "three", "a4": "four"})
    poll(lambda: metrics(client)["roiwatch_lookup_rows_changed_total"] == 2, 30, "it is read again", daemon.process)
    deployment.send("click", 0, T_MS, ad_id="a1")
    deployment.send("click", 0, T_MS, ad_id="a4")
    poll(lambda: (clicks_of(deployment, "two"), clicks_of(deployment, "four")) == (1, 1), 60, "by the new table",
         daemon.process)
    assert clicks_of(deployment, "one") == 2
    found = metrics(client)
    assert found["roiwatch_lookup_rows"] == 3
    assert abs(found["roiwatch_lookup_refreshed_timestamp_seconds"] - time.time()) < 30
    assert daemon.stop() == 0


def reload(deployment, daemon, more, word):
    """Gives the daemon another file; returns when it has said that word about it, once more than before."""
    n = daemon.log.count(word)
    deployment.configure(more)
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: daemon.log.count(word) > n, 30, word, daemon.process)


def test_a_reload_counts_by_other_rates_names_and_ads_from_there_on(deploy):
    deployment = deploy()
    write_ads(deployment, {"a1": "one"})
    daemon = deployment.start()
    deployment.send("click", 0, T_MS, campaign_id="c", cost="1")
    poll(lambda: deployment.window("c", "total").get("cost_micros") == "1000000", 60, "by no rules", daemon.process)

    rules = {"rates": [{"from": datetime.date(2026, 1, 1), "USD": 0.5}], "lookup": {"ad_id": {"file": "ads.csv"}}}
    reload(deployment, daemon, rules, "reload: taken for what is counted from now on: rates, lookup.ad_id.file")
    deployment.send("click", 0, T_MS, ad_id="a1", cost="1", currency="USD")
    poll(lambda: deployment.window("one", "total").get("cost_micros") == "500000", 60, "by rates and ads", daemon.process)

    lacking = {**rules, "lookup": {"ad_id": {"file": "none.csv"}}, "mapping": {"fields": {"cost": "price"}}}
    reload(deployment, daemon, lacking, "reload: the lookup cannot be read; the configuration before holds whole")
    assert "none.csv: No such file or directory" in daemon.log
    deployment.send("click", 0, T_MS, ad_id="a1", cost="2", price="9", currency="USD")
    poll(lambda: deployment.window("one", "total").get("cost_micros") == "1500000", 60, "as before", daemon.process)

    reload(deployment, daemon, {**rules, "mapping": {"fields": {"cost": "price"}}}, "reload: taken for what is counted")
    deployment.send("click", 0, T_MS, ad_id="a1", cost="2", price="4", currency="USD")
    poll(lambda: deployment.window("one", "total").get("cost_micros") == "3500000", 60, "by the mapping", daemon.process)
    deployment.send("order", 1, T_MS, order_id="o1", revenue="8", currency="USD", campaign_id="one")
    deployment.send("order", 1, T_MS, type="refund", order_id="o1", amount="1.5", currency="EUR")
    deployment.send("order", 1, T_MS, type="refund", order_id="o1", amount="1")
    poll(lambda: deployment.window("one", "total").get("revenue_micros") == "2000000", 60, "4 less 1.5 less 0.5",
         daemon.process)
    assert deployment.window("c", "total")["cost_micros"] == "1000000"
    assert rejections(deployment) == {}
    assert daemon.stop() == 0


def test_a_lookup_that_cannot_be_read_keeps_the_daemon_from_beginning(deploy):
    deployment = deploy()
    deployment.configure({"lookup": {"ad_id": {"file": "ads.csv"}}})
    daemon = deployment.start()
    assert daemon.wait(30) == 78
    assert "ads.csv: No such file or directory" in daemon.log


def test_a_hash_that_is_not_there_is_waited_for_and_nothing_is_lost(deploy):
    deployment = deploy()
    deployment.configure({"lookup": {"ad_id": {"redis_hash": "ads"}, "refresh": "1s"}})
    deployment.send("click", 0, T_MS, ad_id="a1")
    daemon = deployment.start()
    poll(lambda: "Redis has no hash ads" in daemon.log, 60, "it is said", daemon.process)
    assert "Redis has no hash ads, or nothing in it" in deployment.cli("check", "--live").stderr
    with deployment.client() as client:
        client.hset("ads", "a1", "one")
    poll(lambda: clicks_of(deployment, "one") == 1, 60, "it is counted", daemon.process)
    with deployment.client() as client:
        client.hset("ads", mapping={f"b{i}": "many" for i in range(5000)})
    poll(lambda: "5001 ads from ads" in daemon.log, 30, "more pieces than one", daemon.process)
    deployment.send("click", 0, T_MS, ad_id="b4999")
    poll(lambda: clicks_of(deployment, "many") == 1, 60, "the last of them", daemon.process)
    assert "hash ads" not in deployment.cli("check", "--live").stderr
    assert rejections(deployment) == {}
    assert daemon.stop() == 0
