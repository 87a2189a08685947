"""Threshold goals: states, transitions and what receivers get."""

import itertools
import json
import random
from decimal import Decimal

import pytest

from tests.integration.servers import poll
from tests.oracle.generator import Generator
from tests.oracle.goals import states

MINUTE_MS = 60_000
T_MS = 1_780_000_000_000 // MINUTE_MS * MINUTE_MS  # a whole minute in May 2026
ALERT_FIELDS = {"id", "campaign", "goal", "state", "metric", "target", "window", "value", "cost_micros",
                "revenue_micros", "currency", "excluded_micros", "since_ms", "at_ms", "as_of_ms", "summary", "labels"}
GOAL_FIELDS = {"goal", "state", "metric", "target", "window", "value", "low", "high", "maturity", "cost_micros",
               "revenue_micros", "currency", "excluded_micros", "since_ms", "at_ms", "reason"}


def goal(**more):
    return {"name": "g", "metric": "roi", "target": Decimal("0.5"), "window": "24h", "rule": "threshold", **more}


def deployment_with(deploy, goals, **campaign):
    return deploy({"windows": ["1h", "total"], "campaigns": {"c": {"goals": goals, **campaign}}}, partitions=2)


def alerts(deployment):
    with deployment.client() as client:
        return [{name.decode(): text.decode() for name, text in fields.items()}
                for _, fields in client.xrange(deployment.prefix + b"alerts")]


def state(deployment, campaign="c", name="g"):
    """The goal's JSON object; empty while there is none."""
    return json.loads(deployment.campaign(campaign).get(f"goal:{name}", "{}"))


def wait_for_state(deployment, expected, campaign="c", name="g"):
    poll(lambda: state(deployment, campaign, name).get("state") == expected, 60,
         f"state {expected} of {campaign}/{name}", deployment.daemons[-1].process, every_s=0.1)
    return state(deployment, campaign, name)


def wait_for_alerts(deployment, n):
    poll(lambda: len(alerts(deployment)) >= n, 60, f"{n} alerts", deployment.daemons[-1].process, every_s=0.1)
    return alerts(deployment)


def spend(deployment, cost, ts_ms, campaign="c"):
    deployment.send("click", 0, ts_ms, campaign_id=campaign, cost=str(cost))


def earn(deployment, revenue, ts_ms, campaign="c"):
    deployment.send("order", 1, ts_ms, campaign_id=campaign, order_id=f"o-{campaign}-{ts_ms}-{revenue}",
                    revenue=str(revenue))


def test_a_goal_that_is_missed_fires_and_resolves(deploy):
    deployment = deployment_with(deploy, [goal()], labels={"team": "emea", "kind": "a \"b\""})
    deployment.start()
    with deployment.client() as client:
        channel = client.pubsub()
        channel.subscribe(deployment.prefix + b"alerts")
        assert channel.get_message(timeout=10)["type"] == "subscribe"

        spend(deployment, 10, T_MS + 1000)
        earn(deployment, "5.50", T_MS + 2000)
        deployment.move_time_to(T_MS + 3 * MINUTE_MS + 45_000)
        (fired,) = wait_for_alerts(deployment, 1)
        published = json.loads(channel.get_message(timeout=10)["data"])
    assert set(fired) == ALERT_FIELDS
    assert {name: fired[name] for name in ("campaign", "goal", "state", "metric", "target", "window", "value",
                                           "cost_micros", "revenue_micros", "currency", "excluded_micros")} == {
        "campaign": "c", "goal": "g", "state": "firing", "metric": "roi", "target": "0.500000", "window": "24h",
        "value": "-0.450000", "cost_micros": "10000000", "revenue_micros": "5500000", "currency": "EUR",
        "excluded_micros": "0"}
    assert json.loads(fired["labels"]) == {"team": "emea", "kind": "a \"b\""}
    assert int(fired["at_ms"]) % MINUTE_MS == 0 and int(fired["since_ms"]) % MINUTE_MS == 0
    assert T_MS < int(fired["since_ms"]) <= int(fired["at_ms"]) <= int(fired["as_of_ms"]) <= T_MS + 4 * MINUTE_MS
    assert "c" in fired["summary"] and "24h" in fired["summary"]
    assert published["id"] == fired["id"] and published["state"] == "firing"
    assert set(published) == ALERT_FIELDS | {"low", "high", "maturity"}
    assert published["low"] is None and published["cost_micros"] == 10_000_000
    assert published["value"] == "-0.450000" and published["labels"] == {"team": "emea", "kind": "a \"b\""}

    told = wait_for_state(deployment, "firing")
    assert set(told) == GOAL_FIELDS and told["value"] == "-0.450000" and told["reason"]
    assert (told["since_ms"], told["at_ms"]) == (int(fired["since_ms"]), int(fired["at_ms"]))
    campaign = deployment.campaign("c")
    assert campaign["state"] == "firing" and campaign["label:team"] == "emea" and campaign["currency"] == "EUR"

    earn(deployment, "9.50", T_MS + 5 * MINUTE_MS)
    deployment.move_time_to(T_MS + 8 * MINUTE_MS + 45_000)
    resolved = wait_for_alerts(deployment, 2)[1]
    assert resolved["state"] == "resolved" and resolved["id"] == fired["id"] and resolved["value"] == "0.500000"
    assert int(resolved["at_ms"]) > int(fired["at_ms"])
    assert wait_for_state(deployment, "ok")["value"] == "0.500000"
    assert deployment.campaign("c")["state"] == "ok"

    spend(deployment, 1, T_MS + 10 * MINUTE_MS)
    deployment.move_time_to(T_MS + 13 * MINUTE_MS + 45_000)
    again = wait_for_alerts(deployment, 3)[2]
    assert again["state"] == "firing" and again["id"] != fired["id"]
    assert deployment.daemons[0].stop() == 0
    assert len(alerts(deployment)) == 3


def test_for_runs_in_event_time_and_over_a_restart(deploy):
    deployment = deployment_with(deploy, [goal(**{"for": "30m"})])
    daemon = deployment.start()
    spend(deployment, 10, T_MS + 1000)
    earn(deployment, 1, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    pending = wait_for_state(deployment, "pending")
    daemon.kill()
    daemon = deployment.start()
    deployment.move_time_to(T_MS + 20 * MINUTE_MS + 45_000)
    poll(lambda: int(deployment.meta().get("as_of_ms", 0)) >= T_MS + 20 * MINUTE_MS, 60, "time goes on")
    assert state(deployment)["state"] == "pending" and alerts(deployment) == []
    assert state(deployment)["since_ms"] == pending["since_ms"]
    deployment.move_time_to(pending["since_ms"] + 31 * MINUTE_MS + 45_000)
    (fired,) = wait_for_alerts(deployment, 1)
    assert int(fired["since_ms"]) == pending["since_ms"]
    assert int(fired["at_ms"]) >= pending["since_ms"] + 30 * MINUTE_MS
    daemon.kill()
    deployment.start()
    assert wait_for_state(deployment, "firing")["at_ms"] == int(fired["at_ms"])


def test_a_pending_goal_that_recovers_sends_nothing(deploy):
    deployment = deployment_with(deploy, [goal(**{"for": "30m"})])
    deployment.start()
    spend(deployment, 10, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    wait_for_state(deployment, "pending")
    earn(deployment, 20, T_MS + 3 * MINUTE_MS)
    deployment.move_time_to(T_MS + 60 * MINUTE_MS + 45_000)
    wait_for_state(deployment, "ok")
    assert alerts(deployment) == []


def test_recover_and_keep_firing_for(deploy):
    deployment = deployment_with(deploy, [goal(recover=Decimal("0.6"), keep_firing_for="20m")])
    deployment.start()
    spend(deployment, 100, T_MS + 1000)
    earn(deployment, 100, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    wait_for_alerts(deployment, 1)
    earn(deployment, 55, T_MS + 3 * MINUTE_MS)  # 0.55: above its target, short of recover
    deployment.move_time_to(T_MS + 30 * MINUTE_MS + 45_000)
    poll(lambda: int(deployment.meta().get("as_of_ms", 0)) >= T_MS + 30 * MINUTE_MS, 60, "time goes on")
    wait_for_state(deployment, "firing")
    earn(deployment, 5, T_MS + 31 * MINUTE_MS)  # 0.60: recover itself is enough
    deployment.move_time_to(T_MS + 33 * MINUTE_MS + 45_000)
    recovering = wait_for_state(deployment, "recovering")
    assert deployment.campaign("c")["state"] == "recovering" and len(alerts(deployment)) == 1
    spend(deployment, 5, T_MS + 35 * MINUTE_MS)  # short of recover again: firing, without a new alert
    deployment.move_time_to(T_MS + 37 * MINUTE_MS + 45_000)
    wait_for_state(deployment, "firing")
    earn(deployment, 100, T_MS + 38 * MINUTE_MS)
    deployment.move_time_to(T_MS + 40 * MINUTE_MS + 45_000)
    recovering = wait_for_state(deployment, "recovering")
    deployment.move_time_to(recovering["at_ms"] + 21 * MINUTE_MS + 45_000)
    sent = wait_for_alerts(deployment, 2)
    assert [alert["state"] for alert in sent] == ["firing", "resolved"] and sent[0]["id"] == sent[1]["id"]
    assert int(sent[1]["at_ms"]) >= recovering["at_ms"] + 20 * MINUTE_MS


def test_too_little_to_judge_is_insufficient_and_no_recovery(deploy):
    deployment = deployment_with(deploy, [goal(window="1h", min_cost=5), goal(name="orders", min_orders=2),
                                          goal(name="undefined", metric="cpa", target=1)])
    deployment.start()
    spend(deployment, 4, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    for name in ("g", "orders", "undefined"):
        wait_for_state(deployment, "insufficient", name=name)
    assert deployment.campaign("c")["state"] == "insufficient"
    spend(deployment, 2, T_MS + 3 * MINUTE_MS)
    deployment.move_time_to(T_MS + 5 * MINUTE_MS + 45_000)
    wait_for_state(deployment, "firing")
    deployment.move_time_to(T_MS + 90 * MINUTE_MS + 45_000)  # nothing is left in the window
    poll(lambda: int(deployment.meta().get("as_of_ms", 0)) >= T_MS + 90 * MINUTE_MS, 60, "time goes on")
    wait_for_state(deployment, "insufficient", name="orders")
    assert [alert["state"] for alert in alerts(deployment)] == ["firing"]
    assert deployment.campaign("c")["state"] == "firing"


@pytest.mark.parametrize("metric, bound, breach", [
    ("cost", {"below": 10}, "12.5"), ("clicks", {"below": 0}, "1"), ("cpc", {"below": Decimal("12.499999")}, "12.5")])
def test_a_bound_from_above(deploy, metric, bound, breach):
    given = {"name": "g", "metric": metric, "window": "today", "rule": "threshold", **bound}
    deployment = deployment_with(deploy, [given])
    deployment.start()
    spend(deployment, breach, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    (fired,) = wait_for_alerts(deployment, 1)
    value = {"cost": "12.500000", "clicks": "1.000000", "cpc": "12.500000"}[metric]
    assert fired["value"] == value and fired["target"] == f"{Decimal(list(bound.values())[0]):.6f}"


def test_exactly_at_the_target_is_no_breach(deploy):
    deployment = deployment_with(deploy, [
        goal(), {"name": "cost", "metric": "cost", "below": 10, "window": "total", "rule": "threshold"}])
    deployment.start()
    spend(deployment, 10, T_MS + 1000)
    earn(deployment, 15, T_MS + 1000)
    deployment.move_time_to(T_MS + 2 * MINUTE_MS + 45_000)
    wait_for_state(deployment, "ok")
    wait_for_state(deployment, "ok", name="cost")
    assert alerts(deployment) == []


def expect_sent(deployment, due):
    """Waits until each (campaign, state) that is due stands in the stream."""
    missing = set()

    def all_sent():
        missing.clear()
        missing.update(due - {(a["campaign"], a["state"]) for a in alerts(deployment)})
        return not missing

    try:
        poll(all_sent, 90, "each campaign's alerts", deployment.daemons[-1].process, every_s=0.2)
    except AssertionError:
        told = {name: state(deployment, name) for name, _ in missing}
        raise AssertionError(f"missing {sorted(missing)}; goals {told}") from None


def test_kill_9_around_alerts_loses_none_and_makes_no_second_id(deploy):
    n_campaigns, dice = 60, random.Random(7)
    names = [f"c{i:02d}" for i in range(n_campaigns)]
    deployment = deploy({"windows": ["total"], "defaults": {"goals": [goal(window="total")]}})
    ts_ms = T_MS
    for names_now in (names[:20], names[20:40], names[40:]):
        deployment.produce([deployment.record("click", i % 8, ts_ms + 1000, campaign_id=name, cost="10")
                            for i, name in enumerate(names_now)])
        ts_ms += 5 * MINUTE_MS
        deployment.move_time_to(ts_ms - MINUTE_MS + 45_000)
        for _ in range(3):
            daemon = deployment.start()
            deployment.wait_for_calls(dice.randrange(20, 300), 20)
            daemon.kill()
    # A jump over several minute edges is judged once, at the last: the orders come when all breaches were judged.
    daemon = deployment.start()
    expect_sent(deployment, {(name, "firing") for name in names})
    daemon.kill()
    deployment.produce([deployment.record("order", i % 8, ts_ms + 1000, campaign_id=name, order_id=f"o-{name}",
                                          revenue="20") for i, name in enumerate(names[:30])])
    deployment.move_time_to(ts_ms + 5 * MINUTE_MS + 45_000)
    deployment.start()
    deployment.expect_exact()
    expect_sent(deployment, {(name, "firing") for name in names} | {(name, "resolved") for name in names[:30]})
    sent = alerts(deployment)
    fired = {name: {a["id"] for a in sent if (a["campaign"], a["state"]) == (name, "firing")} for name in names}
    resolved = {name: {a["id"] for a in sent if (a["campaign"], a["state"]) == (name, "resolved")} for name in names}
    assert {name for name in names if len(fired[name]) != 1} == set()
    assert len(set().union(*fired.values())) == n_campaigns
    for i, name in enumerate(names):
        assert resolved[name] == (fired[name] if i < 30 else set()), name


def test_final_states_are_those_of_the_numbers(deploy):
    deployment = deploy({
        "account": {"timezone": "Europe/Paris"}, "windows": ["1h", "total"],
        "defaults": {"goals": [goal(target=40, recover=42, window="24h", min_orders=3),
                               {"name": "budget", "metric": "cost", "below": 100, "window": "today",
                                "rule": "threshold"},
                               {"name": "ctr", "metric": "ctr", "target": Decimal("0.38"), "window": "total",
                                "rule": "threshold"}]},
        "campaigns": {"campaign-0003": {"goals": []}}})
    records = iter(Generator(31, 20_000, deployment.topics, deployment.partitions))
    daemon = deployment.start()
    deployment.produce(itertools.islice(records, 15_000))
    deployment.wait_for_calls(100, 20)
    daemon.kill()
    deployment.start()
    deployment.produce(records)
    newest = deployment.recount().as_of_ms
    deployment.move_time_to(newest // MINUTE_MS * MINUTE_MS + 3 * MINUTE_MS + 45_000)
    counted = deployment.expect_exact()
    wrong = []

    def judged():
        wrong.clear()
        for campaign in counted.members:
            for one in counted.rules.of(campaign).goals:
                told = state(deployment, campaign.decode(), one.name).get("state")
                if told not in states(counted, campaign, one):
                    wrong.append((campaign, one.name, told, states(counted, campaign, one)))
        return not wrong

    try:
        poll(judged, 60, "final states", every_s=1)
    except AssertionError:
        pass
    assert not wrong, wrong[:5]
    unresolved = {}
    for alert in alerts(deployment):
        unresolved[alert["campaign"], alert["goal"]] = alert["state"]
    for campaign in counted.members:
        for one in counted.rules.of(campaign).goals:
            told = state(deployment, campaign.decode(), one.name)["state"]
            assert (unresolved.get((campaign.decode(), one.name)) == "firing") == (told in ("firing", "recovering"))
