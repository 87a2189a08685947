"""Spend with restatements, engagements and measures: exact whatever happens on the way."""

import collections
import itertools
import json
import os
import random
import signal
from decimal import Decimal

from tests.integration.servers import poll
from tests.integration.test_exact import rejections
from tests.oracle import journeys as people
from tests.oracle.goals import states
from tests.oracle.journeys import Journeys, Mix

KINDS = ("impression", "click", "order", "refund", "engagement", "spend")
N_EVENTS = int(os.environ.get("ROIWATCH_EVENTS", "60000")) // 2
COSTLY = Mix(30, 25, 20, 15, 12, 1)
MEASURES = {"leads": {"orders_of_kind": "lead"}, "sales": {"orders_of_kind": "sale"}, "likes": {"action": "like"},
            "shares": {"action": "share"}, "never": {"action": "never"}}
T_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_795_300_200_000, 60_000, 3_600_000, 86_400_000


def goal(name, **more):
    return {"name": name, "window": "total", "rule": "threshold", **more}


CONFIG = {"account": {"currency": "EUR", "timezone": "Europe/Paris"}, "ledger": {"refund_horizon": "6d"},
          "attribution": people.CONFIG["attribution"], "windows": ["1h", "24h", "7d", "30d", "today", "month", "total"], "measures": MEASURES,
          "campaigns": {"campaign-0000": {"value": "margin", "cost": {"cpm": Decimal("1.5")}, "goals": [
              goal("likes", metric="measure:likes", target=Decimal("5")), goal("leads", metric="measure:leads", below=2),
              goal("cpl", metric="cost_per:leads", below=Decimal("0.01")), goal("cps", metric="cost_per:shares", below=10**9),
              goal("never", metric="cost_per:never", below=1), goal("cost", metric="cost", below=1)]}}}


def journeys(deployment, seed):
    return Journeys(seed, N_EVENTS, deployment.topics, deployment.partitions, mix=COSTLY, refunds=0.3)


def accepted(deployment, column):
    return sum(lane[column] for lane in deployment.lanes())


def test_spend_engagements_and_measures_are_exact(deploy):
    deployment = deploy(CONFIG, kinds=KINDS)
    deployment.produce(journeys(deployment, 5))
    daemon = deployment.start()
    counted = deployment.expect_exact(240)
    kinds = collections.Counter(kind for (_, _, kind), n in counted.accepted.items() for _ in range(n))
    assert kinds["spend"] > 500 and kinds["engagement"] > 1000, kinds
    keys = deployment.reader_keys()
    for field in ("measure:leads", "measure:likes", "cost_per:sales_micros", "media_cost_micros"):
        assert any(int(fields.get(field, 0)) for fields in keys.values()), field
    assert accepted(deployment, "engagements") == kinds["engagement"]
    assert accepted(deployment, "spend") > kinds["spend"]  # restatements are accepted too
    refused = ("unknown_order", "refund_after_horizon")  # which refunds still wait is not a matter of costs
    assert ({key: n for key, n in rejections(deployment).items() if key[2] not in refused}
            == {key: n for key, n in counted.rejected.items() if key[2] not in refused})
    rules = counted.rules.campaigns[b"campaign-0000"]
    said = {name: json.loads(text)["state"] for name, text in deployment.campaign("campaign-0000").items()
            if name.startswith("goal:")}
    assert {f"goal:{one.name}" for one in rules.goals} == set(said)
    for one in rules.goals:
        assert said[f"goal:{one.name}"] in states(counted, b"campaign-0000", one), one
    assert daemon.stop() == 0


def test_kills_and_two_daemons_restate_no_spend_twice(deploy):
    deployment, dice = deploy(CONFIG, kinds=KINDS), random.Random(7)
    records = iter(journeys(deployment, 6))
    for i in range(10):
        deployment.produce(itertools.islice(records, N_EVENTS // 11))
        daemons = [deployment.start() for _ in range(1 + i % 2)]
        deployment.wait_for_calls(dice.randrange(1, 200), 20)
        for daemon in daemons:
            daemon.kill()
    deployment.produce(records)
    deployment.start()
    deployment.expect_exact(240)


def test_spend_beyond_the_limit_of_campaigns_is_counted_together_and_never_mixed_up(deploy):
    """Ids are those of a campaign, also where many campaigns share one account."""
    deployment = deploy({"windows": ["1h", "total"], "limits": {"campaigns": 1}, "redis": {"shards": 1}},
                        kinds=("impression", "spend"))
    deployment.start()
    deployment.send("impression", 0, T_MS, campaign_id="first")
    poll(lambda: deployment.members() == {b"first"}, 30, "the first campaign", deployment.daemons[-1].process)
    for amount in (5, 3):
        for i in range(4):
            deployment.send("spend", 0, T_MS, campaign_id=f"other-{i}", spend_id="s", amount=amount)
    deployment.send("spend", 0, T_MS, campaign_id="other-9", amount="0.5")
    deployment.send("spend", 0, T_MS, campaign_id="first", spend_id="s", amount=7)
    poll(lambda: (deployment.window("(overflow)", "total").get("media_cost_micros"),
                  deployment.window("first", "total").get("media_cost_micros")) == ("12500000", "7000000"),
         30, "both accounts", deployment.daemons[-1].process)
    assert deployment.members() == {b"first", b"(overflow)"}
    assert accepted(deployment, "overflow") == 9 and accepted(deployment, "spend") == 10


def test_a_restatement_shows_at_once_and_moves_what_was_spent(deploy):
    deployment = deploy({"windows": ["1h", "24h", "total"]}, kinds=("impression", "spend"))
    daemon = deployment.start()
    deployment.move_time_to(T_MS)

    def spent():
        return tuple(int(deployment.window("c", window).get("media_cost_micros", -1)) for window in ("1h", "24h", "total"))

    # 1h ends at the minute after T, which is a quarter hour's edge; 24h and total at the next quarter hour.
    deployment.send("spend", 1, T_MS, campaign_id="c", spend_id="s", amount=9)
    poll(lambda: spent() == (9_000_000,) * 3, 20, "a moment", daemon.process)
    deployment.send("spend", 1, T_MS, campaign_id="c", spend_id="s", amount=8, **{"from": T_MS - 2 * HOUR_MS, "to": T_MS - HOUR_MS})
    poll(lambda: spent() == (0, 8_000_000, 8_000_000), 20, "a range before the hour", daemon.process)
    deployment.send("spend", 1, T_MS, campaign_id="c", spend_id="s", amount=12, **{"from": T_MS, "to": T_MS + HOUR_MS})
    poll(lambda: spent() == (200_000, 3_000_000, 3_000_000), 20, "a range that has begun", daemon.process)
    deployment.send("spend", 1, T_MS, campaign_id="c", spend_id="s", amount=0)
    poll(lambda: spent() == (0, 0, 0), 20, "taken back", daemon.process)


def test_other_measures_mean_a_recount_and_other_names_do_not(deploy):
    config = {"windows": ["1h", "total"], "measures": {"likes": {"action": "like"}}}
    deployment = deploy(config, kinds=KINDS)
    daemon = deployment.start()
    for action in ("like", "share", "share"):
        deployment.send("engagement", 0, T_MS, campaign_id="c", action=action)
    deployment.send("order", 0, T_MS, order_id="o", revenue=1, campaign_id="c", kind="lead")
    deployment.expect_exact()
    deployment.configure({**config, "measures": {"hearts": {"action": "like"}}})
    daemon.process.send_signal(signal.SIGHUP)
    deployment.expect_exact()
    assert deployment.window("c", "total")["measure:hearts"] == "1"
    deployment.configure({**config, "measures": {"leads": {"orders_of_kind": "lead"}, "shares": {"action": "share"}}})
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: "what measures count" in daemon.log, 20, "the reload is refused", daemon.process)
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 0 and "counts all of the log again" in checked.stderr, checked.stderr
    assert daemon.stop() == 0
    deployment.start()
    deployment.expect_exact()
    assert deployment.window("c", "total")["measure:shares"] == "2"
    shown = deployment.cli("show", "c").stdout
    assert "measure:leads" in shown and "cost_per:leads" in shown
    assert "counts all of the log again" not in deployment.cli("check", "--live").stderr
