"""Transactional producers: what was aborted is never counted, the gaps that they leave are no loss, and nothing is complete
beyond a transaction that is still open."""

import json

from confluent_kafka import Producer

from tests.integration.servers import poll

TS_MS = 1_772_600_000_000
MINUTE_MS = 60_000


class Transactions:
    """A transactional producer of clicks on one topic."""

    def __init__(self, deployment, name):
        self.deployment = deployment
        self.producer = Producer({"bootstrap.servers": deployment.kafka.address, "linger.ms": 5,
                                  "transactional.id": f"{deployment.name}-{name}", "transaction.timeout.ms": 300_000})
        self.producer.init_transactions(60)

    def send(self, partition, ts_ms, campaign, n):
        """n clicks in a transaction that stays open; they are in the log when this returns."""
        self.producer.begin_transaction()
        for i in range(n):
            value = json.dumps({"ts": ts_ms + i, "campaign_id": campaign, "cost": "1.5"})
            self.producer.produce(self.deployment.topics["click"], value, partition=partition, timestamp=ts_ms + i)
        assert self.producer.flush(60) == 0

    def commit(self):
        self.producer.commit_transaction(60)

    def abort(self):
        self.producer.abort_transaction(60)


def clicks(deployment, campaign):
    return int(deployment.window(campaign, "total").get("clicks", 0))


def test_aborted_transactions_are_never_counted_and_leave_no_gap(deploy):
    deployment = deploy({"windows": ["1h", "total"]}, partitions=2)
    transactions = Transactions(deployment, "a")
    for i in range(12):
        transactions.send(i % 2, TS_MS + i * MINUTE_MS, "aborted" if i % 3 == 0 else "committed", 50)
        if i % 3 == 0:
            transactions.abort()
        else:
            transactions.commit()
        deployment.send("click", i % 2, TS_MS + i * MINUTE_MS, campaign_id="plain", cost="1")
        if i == 5:
            daemon = deployment.start()
    deployment.expect_exact(60)
    assert clicks(deployment, "committed") == 400 and clicks(deployment, "plain") == 12
    assert b"aborted" not in deployment.members()
    # The last thing in a partition may be a transaction's end alone.
    transactions.send(1, TS_MS + 30 * MINUTE_MS, "aborted", 10)
    transactions.abort()
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    poll(lambda: all(lane["lag"] == 0 for lane in deployment.lanes()), 30, "no lag is left", every_s=0.2)
    daemon.kill()
    daemon = deployment.start()
    transactions.send(0, TS_MS + 31 * MINUTE_MS, "committed", 10)
    transactions.commit()
    deployment.expect_exact(60)
    assert clicks(deployment, "committed") == 410 and b"aborted" not in deployment.members()
    assert "loss" not in daemon.log and "no longer holds" not in daemon.log
    assert daemon.stop() == 0


def test_nothing_is_complete_beyond_an_open_transaction(deploy):
    deployment = deploy({"windows": ["1h", "total"]}, partitions=2)
    deployment.send("click", 0, TS_MS, campaign_id="before")
    deployment.send("click", 1, TS_MS, campaign_id="before")
    daemon = deployment.start()
    deployment.expect_exact(60)
    poll(lambda: deployment.meta()["status"] == "live" and int(deployment.meta()["as_of_ms"]) == TS_MS, 30,
         "all is complete", daemon.process, every_s=0.1)
    hanging = Transactions(deployment, "hanging")
    hanging.send(0, TS_MS + MINUTE_MS, "held", 20)
    # Behind it in its partition, and in the other one.
    deployment.send("click", 0, TS_MS + 60 * MINUTE_MS, campaign_id="behind")
    deployment.send("click", 1, TS_MS + 60 * MINUTE_MS, campaign_id="beside")
    poll(lambda: clicks(deployment, "beside") == 1, 60, "the other partition goes on", daemon.process, every_s=0.1)
    calls = deployment.calls()
    poll(lambda: deployment.calls() > calls + 400, 60, "it was looked at many times, long enough for every rest", every_s=0.2)
    meta = deployment.meta()
    assert int(meta["as_of_ms"]) <= TS_MS and meta["status"] != "live", meta
    assert clicks(deployment, "held") == clicks(deployment, "behind") == 0
    hanging.commit()
    deployment.expect_exact(60)
    assert (clicks(deployment, "held"), clicks(deployment, "behind")) == (20, 1)
    poll(lambda: deployment.meta()["status"] == "live" and int(deployment.meta()["as_of_ms"]) == TS_MS + 60 * MINUTE_MS, 30,
         "all is complete again", daemon.process, every_s=0.1)
    assert daemon.stop() == 0
