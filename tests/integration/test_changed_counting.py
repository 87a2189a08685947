"""Other rates, another mapping and another lookup in the file after kills at random moments: each message is read by one of
the configurations, the same for all shards, although the file says another by then.

By which one follows from the vectors that the killed daemon left, as in test_changed_rules.py. The texts of earlier
configurations stand in Redis for as long as some lane needs them."""

import datetime
import itertools
import random

import pytest

from tests.integration.servers import poll
from tests.integration.test_changed_rules import furthest
from tests.integration.test_exact import expect_rejections_counted
from tests.integration.test_mapped import literal, write_ads
from tests.oracle.decode import Event, decode
from tests.oracle.generator import Generator
from tests.oracle.message import Integer, fields_of
from tests.oracle.recount import Recount
from tests.oracle.rules import Rules, read_lookup

N_EVENTS = 24_000
WINDOWS = {"windows": ["1h", "month", "total"], "lateness": {"disorder": "30s", "future": "5m", "idle": "log"}}
RATES = [[{"from": "2026-01-01", "USD": "0.92"}], [{"from": "2026-01-01", "USD": "0.5", "GBP": "1.17"}]]

FIRST_REASONS = ("too_large", "empty", "not_json", "not_object", "repeated_name")
CHANGES = {
    "rates": [{"rates": RATES[0]}, {"rates": RATES[1]}],
    "mapping": [{}, {"mapping": {"fields": {"campaign_id": "other", "revenue": "price", "cost": "price"}}}],
    "lookup": [{"lookup": {"ad_id": {"file": "ads.csv"}}}, {"lookup": {"ad_id": {"file": "others.csv"}}}],
    "a lookup that comes and goes": [{}, {"lookup": {"ad_id": {"redis_hash": "ads"}}}],
    "all": [{"rates": RATES[0], "lookup": {"ad_id": {"file": "ads.csv"}}},
            {"rates": RATES[1], "lookup": {"ad_id": {"file": "others.csv"}},
             "mapping": {"fields": {"campaign_id": "other", "cost": "price"}}}],
}


def remarkable(records, dice, topic_types):
    """Records that each configuration reads otherwise: an amount in other currencies, two campaigns, two prices, ads. Of
    several reasons any may be told, so no record has two: no campaign and another currency, or a fault of its own and what a
    configuration misses. Those whose reason comes before all others stay as they are."""
    plain = Rules({})
    for record in records:
        event = decode(record.value, record.record_ts_ms, topic_types[record.topic], plain)
        if not isinstance(event, Event):
            if event in FIRST_REASONS:
                yield record
            continue
        fields = fields_of(record.value)
        if "campaign_id" in fields:
            fields["other"] = f"other-{dice.randrange(9)}"
        if dice.random() < 0.2 and "order_id" not in fields:
            fields.pop("campaign_id", None)
        fields["ad_id"] = f"ad-{dice.randrange(12)}"
        fields["price"] = Integer(dice.randrange(100))
        if dice.random() < 0.6 and ("campaign_id" in fields or "order_id" in fields):
            fields["currency"] = dice.choice(("EUR", "USD", "GBP"))
        yield record._replace(value=literal(fields).encode())


def dated(config):
    """Dates as the oracle takes them."""
    rates = [{**row, "from": datetime.date.fromisoformat(row["from"])} for row in config.get("rates", ())]
    return {**config, "rates": rates}


@pytest.mark.parametrize("what", CHANGES)
def test_what_some_shards_have_is_read_by_the_configuration_before(deploy, what):
    deployment = deploy(WINDOWS)
    dice = random.Random(len(what))
    records = remarkable(Generator(73, N_EVENTS, deployment.topics, deployment.partitions), dice,
                         {topic: kind for kind, topic in deployment.topics.items()})
    tables = {"ads.csv": {f"ad-{i}": f"first-{i % 4}" for i in range(10)},
              "others.csv": {f"ad-{i}": f"second-{i % 3}" for i in range(2, 12)}}
    paths = {name: write_ads(deployment, ads, name) for name, ads in tables.items()}

    def lookup(config):
        source = config.get("lookup", {}).get("ad_id", {})
        name = source.get("file") or ("others.csv" if "redis_hash" in source else None)
        return read_lookup(paths[name]) if name else None

    n_rounds, earlier = 5, []
    with deployment.client() as client:
        client.hset("ads", mapping=tables["others.csv"])
        for i in range(n_rounds):
            deployment.produce(itertools.islice(records, N_EVENTS // (n_rounds + 1)))
            deployment.configure({**WINDOWS, **CHANGES[what][i % 2]})
            daemon = deployment.start()
            deployment.wait_for_calls(dice.randrange(60, 260), 20)
            assert daemon.running(), daemon.log[-2000:]
            before = earlier[-1][1] if earlier else {}
            poll(lambda before=before: sum(furthest(client).values()) >= sum(before.values()) + 500, 60,
                 "some messages of this round are counted", daemon.process)
            daemon.kill()
            poll(lambda: client.info("clients")["connected_clients"] == 1, 20, "the killed daemon's connection is gone")
            until = furthest(client)
            earlier.append((dated(deployment.config),
                            {lane: max(offset, before.get(lane, 0)) for lane, offset in until.items()}))
        deployment.configure({**WINDOWS, **CHANGES[what][n_rounds % 2]})
        deployment.produce(records)
        daemon = deployment.start()
        log, config = deployment.log(), dated(deployment.config)
        counted = Recount(log, config, earlier, lookup=lookup)
        deployment.expect_exact(120, counted)
        expect_rejections_counted(deployment, counted)
        # It did matter by which configuration, and the texts of earlier ones were needed.
        for one in (config, earlier[-1][0]):
            alone = Recount(log, one, lookup=lookup)
            assert {key: alone.final(key) for key in alone.keys} != {key: counted.final(key) for key in counted.keys}
        assert any("is read by the configuration before" in each.log for each in deployment.daemons)
        assert daemon.stop() == 0
        # All is level: what no lane names any more goes with the next start.
        daemon = deployment.start()
        named = int(bool(CHANGES[what][n_rounds % 2]))
        poll(lambda: " partitions" in daemon.log and client.hlen("roi:~rules.1") == named, 60, "the other text is gone",
             daemon.process)
        assert daemon.stop() == 0
