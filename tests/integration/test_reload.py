"""SIGHUP: another configuration while everything runs."""

import copy
import datetime
import itertools
import os
import signal
from decimal import Decimal

from tests.integration.servers import poll
from tests.integration.test_exact import CONFIG, N_EVENTS, PATIENCE_S, generator

T_MS = 1_795_300_200_000
MINUTE_MS = 60_000


def reload_with(deployment, daemon, config, saying):
    """Writes the configuration, sends SIGHUP and waits until the log says so once more."""
    before = daemon.log.count(saying)
    deployment.configure(config)
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: daemon.log.count(saying) > before, 30, f"the log says {saying!r}", daemon.process)


def one_goal(**more):
    return {"name": "roi", "metric": "roi", "target": Decimal("0.2"), "window": "1h", "rule": "threshold", **more}


def test_prices_goals_labels_and_zones_are_taken_live(deploy):
    first = {"windows": ["1h", "total"], "campaigns": {"c": {"cost": {"cpc": 1}, "labels": {"team": "emea"}}}}
    deployment = deploy(first)
    daemon = deployment.start()
    deployment.produce([deployment.record("click", i % 8, T_MS + i, campaign_id="c", cost="2") for i in range(50)])
    deployment.move_time_to(T_MS + 5 * MINUTE_MS)
    deployment.expect_exact()
    assert deployment.window("c", "total")["cost_micros"] == "150000000"
    fingerprint = deployment.meta()["config_fingerprint"]
    second = {"windows": ["1h", "total"],
              "campaigns": {"c": {"cost": {"cpc": 3}, "labels": {"team": "apac"}, "goals": [one_goal()]},
                            "new": {"cost": {"fixed": [{"amount": 5, "from": datetime.date(2026, 11, 1),
                                                        "to": datetime.date(2026, 11, 5)}]}}}}
    reload_with(deployment, daemon, second, "reload: taken: ")
    assert "campaigns.c.cost" in daemon.log and "campaigns.new" in daemon.log
    deployment.expect_exact()
    assert deployment.window("c", "total")["cost_micros"] == "250000000"
    poll(lambda: deployment.campaign("c").get("label:team") == "apac", 20, "the label", daemon.process)
    poll(lambda: "goal:roi" in deployment.campaign("c"), 20, "the goal is judged", daemon.process)
    poll(lambda: deployment.meta()["config_fingerprint"] != fingerprint, 20, "the fingerprint", daemon.process)
    assert daemon.stop() == 0


def test_a_pending_goal_goes_on_waiting_where_it_was(deploy):
    pending = one_goal(**{"for": "10m"})
    deployment = deploy({"windows": ["1h"], "campaigns": {"c": {"goals": [pending]}}})
    daemon = deployment.start()
    deployment.send("click", 1, T_MS + 1000, campaign_id="c", cost="10")
    for minute in (1, 2, 3):
        deployment.move_time_to(T_MS + minute * MINUTE_MS + 45_000)
        poll(lambda: int(deployment.meta().get("as_of_ms", 0)) >= T_MS + minute * MINUTE_MS, 30, "time", daemon.process)
    poll(lambda: deployment.campaign("c").get("state") == "pending", 30, "pending", daemon.process)
    said = deployment.campaign("c")["goal:roi"]
    since = said[said.index('"since_ms"'):].split(",")[0]
    reload_with(deployment, daemon, {"windows": ["1h"], "campaigns": {"c": {"goals": [{**pending, "target": 1}]}}},
                "reload: taken: campaigns.c.goals[0].target")
    deployment.move_time_to(T_MS + 6 * MINUTE_MS)
    poll(lambda: '"target":"1.000000"' in deployment.campaign("c")["goal:roi"], 30, "the target", daemon.process)
    assert deployment.campaign("c").get("state") == "pending" and since in deployment.campaign("c")["goal:roi"]
    deployment.move_time_to(T_MS + 13 * MINUTE_MS)
    poll(lambda: deployment.campaign("c").get("state") == "firing", 30, "firing", daemon.process)
    assert since in deployment.campaign("c")["goal:roi"]


def test_a_campaign_that_is_no_longer_configured_leaves(deploy):
    """By a reload and by a restart; what has ever been counted stays, and its key names no goal any more."""
    goal = {"name": "roi", "metric": "cost", "target": 1, "window": "1h", "rule": "threshold"}
    config = {"windows": ["1h", "total"]}
    both = {"reloaded": {"goals": [dict(goal)]}, "restarted": {"goals": [dict(goal)]}}
    deployment = deploy({**config, "campaigns": {"counted": {"goals": [goal]}, **both}})
    daemon = deployment.start()
    deployment.send("click", 1, T_MS, campaign_id="counted", cost="0.5")
    deployment.move_time_to(T_MS + MINUTE_MS)
    for name in ("counted", *both):
        poll(lambda name=name: deployment.campaign(name).get("state") == "firing", 30, "firing", daemon.process)
    reload_with(deployment, daemon, {**config, "campaigns": {"restarted": {"goals": [goal]}}}, "campaigns.reloaded")
    counted = deployment.expect_exact()
    assert {b"counted", b"restarted"} <= counted.members and b"reloaded" not in counted.members
    daemon.stop()
    deployment.configure(config)
    daemon = deployment.start()
    deployment.expect_exact()
    for name in both:
        assert deployment.campaign(name) == {}
    assert "goal:roi" not in deployment.campaign("counted")
    with deployment.client() as client:
        assert {b"reloaded", b"restarted"}.isdisjoint(client.zrange(deployment.prefix + b"~names", 0, -1))
        alerts = [(fields[b"campaign"], fields[b"state"]) for _, fields in client.xrange(deployment.prefix + b"alerts")]
    names = [name.encode() for name in ("counted", *both)]
    assert sorted(alerts) == sorted((name, state) for name in names for state in (b"firing", b"resolved"))


def test_an_invalid_file_keeps_the_old_configuration_whole(deploy):
    config = {"windows": ["1h", "total"], "campaigns": {"c": {"cost": {"cpc": 1}}}}
    deployment = deploy(config)
    daemon = deployment.start()
    deployment.send("click", 1, T_MS, campaign_id="c")
    deployment.expect_exact()
    good = deployment.config_path.read_text()
    deployment.config_path.write_text(good.replace("cpc: 1", "cpc: 2\n      cpm: cheap"))
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: "the one before holds whole" in daemon.log, 30, "it is refused", daemon.process)
    assert "campaigns.c.cost.cpm" in daemon.log
    deployment.config_path.unlink()
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: daemon.log.count("the one before holds whole") == 2, 30, "a missing file too", daemon.process)
    deployment.config_path.write_text(good)
    deployment.send("click", 1, T_MS + 1, campaign_id="c")
    deployment.expect_exact()
    assert deployment.window("c", "total")["cost_micros"] == "2000000"
    daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: "nothing has changed" in daemon.log, 30, "the old file again", daemon.process)


def test_what_cannot_be_reloaded_is_named_and_the_rest_is_taken_or_nothing(deploy):
    config = {"windows": ["1h", "total"], "campaigns": {"c": {"cost": {"cpc": 1}}}}
    deployment = deploy(config)
    daemon = deployment.start()
    deployment.send("click", 1, T_MS, campaign_id="c")
    deployment.expect_exact()
    dearer = {"campaigns": {"c": {"cost": {"cpc": 2}}}}
    reload_with(deployment, daemon, {"windows": ["1h", "30d", "total"], **dearer}, "need a recount")
    reload_with(deployment, daemon, {**config, **dearer, "account": {"currency": "USD"}}, "account.currency cannot change")
    reload_with(deployment, daemon, {**config, **dearer, "redis": {"shards": 8}}, "redis.shards cannot change")
    assert deployment.window("c", "total")["cost_micros"] == "1000000"
    reload_with(deployment, daemon, {**config, **dearer, "kafka": {"group": "another"}},
                "waits for the next start of roiwatchd: kafka.group")
    poll(lambda: deployment.window("c", "total")["cost_micros"] == "2000000", 30, "the price", daemon.process)
    deployment.configure({**config, **dearer})
    deployment.expect_exact()
    # A window that goes away needs no recount, and taking it back does.
    reload_with(deployment, daemon, {"windows": ["total"], **dearer}, "reload: taken: windows")
    deployment.send("click", 2, T_MS + 5, campaign_id="c")
    deployment.expect_exact()
    reload_with(deployment, daemon, {**config, **dearer}, "need a recount")
    assert daemon.stop() == 0


def test_sighup_under_load_valid_and_invalid_in_turn(deploy):
    """No event is counted twice or lost, and each by one of the two rules: the rules here give the same counts."""
    deployment = deploy(CONFIG)
    records = iter(generator(deployment, 23))
    dearer = copy.deepcopy(CONFIG)
    dearer["campaigns"]["campaign-0001"]["cost"]["cpc"] = Decimal("0.07")
    dearer["defaults"]["goals"] = [one_goal()]
    daemons = [deployment.start(), deployment.start()]
    for i in range(24):
        deployment.produce(itertools.islice(records, N_EVENTS // 25))
        deployment.configure((CONFIG, dearer)[i // 2 % 2])
        if i % 2:
            deployment.config_path.write_text(deployment.config_path.read_text() + "\nwindow: [1h]\n")
        for daemon in daemons:
            daemon.process.send_signal(signal.SIGHUP)
        deployment.wait_for_calls(60, 2)
    deployment.configure(CONFIG)
    for daemon in daemons:
        daemon.process.send_signal(signal.SIGHUP)
    deployment.produce(records)
    deployment.expect_exact(PATIENCE_S)
    for daemon in daemons:
        assert "holds whole" in daemon.log and "reload: taken" in daemon.log
        assert daemon.stop() == 0


def test_rules_that_decide_the_counting_change_between_two_offsets(deploy):
    """A shorter message limit, under load: all shards judge each message by one of the two rules."""
    config = {"windows": ["total"], "limits": {"message_bytes": "64KiB"}}
    deployment = deploy(config)
    daemon = deployment.start()
    n, batches = 400, 12

    def batch(number):
        deployment.produce([
            deployment.record("click", i % 8, T_MS + number * 1000 + i, campaign_id=f"c{i % 40}", cost="1",
                              padding="x" * 3000) for i in range(n)])

    for number in range(batches):
        batch(number)
        if number == 0:
            poll(lambda: deployment.members(), 30, "counting has begun", daemon.process)
        if number == batches // 2:
            deployment.configure({**config, "limits": {"message_bytes": "2KiB"}})
            daemon.process.send_signal(signal.SIGHUP)
    poll(lambda: "reload: taken for what is counted from now on: limits.message_bytes" in daemon.log, 30, "taken",
         daemon.process)
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    rejected = sum(lane["rejected"].get("too_large", 0) for lane in deployment.lanes())
    clicks = sum(int(fields["clicks"]) for key, fields in deployment.reader_keys().items() if key.endswith(b":total"))
    assert clicks + rejected == n * batches and clicks > 0
    batch(batches)
    assert deployment.cli("offsets", "--wait", "60s").returncode == 0
    assert sum(lane["rejected"].get("too_large", 0) for lane in deployment.lanes()) == rejected + n


def test_a_reload_while_redis_is_away_is_taken_when_it_is_asked(deploy, store):
    config = {"windows": ["total"], "campaigns": {"c": {"cost": {"cpc": 1}}}}
    deployment = deploy(config)
    daemon = deployment.start()
    deployment.send("click", 1, T_MS, campaign_id="c")
    deployment.expect_exact()
    os.kill(store.process.pid, signal.SIGSTOP)
    try:
        deployment.configure({**config, "campaigns": {"c": {"cost": {"cpc": 4}}}})
        deployment.send("click", 1, T_MS + 1, campaign_id="c")
        daemon.process.send_signal(signal.SIGHUP)
        poll(lambda: "reload: taken" in daemon.log, 30, "taken", daemon.process)
    finally:
        os.kill(store.process.pid, signal.SIGCONT)
    deployment.expect_exact()
    assert deployment.window("c", "total")["cost_micros"] == "8000000"
