"""Windows, zones, prices and what came too late, on numbers worked out by hand, and again by the oracle."""

import datetime
import time
from decimal import Decimal

from tests.integration.servers import poll

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def at(text):
    """Milliseconds of an instant like 2026-03-29T01:30:00+01:00."""
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def test_a_day_of_23_hours_in_the_campaigns_zone(deploy):
    deployment = deploy({
        "account": {"timezone": "UTC"}, "windows": ["today", "yesterday", "24h", "total"],
        "campaigns": {"paris": {"timezone": "Europe/Paris"}, "york": {"timezone": "America/New_York"}}})
    for text in ("2026-03-28T23:59:59.999+01:00", "2026-03-29T00:00:00+01:00", "2026-03-29T01:59:59+01:00",
                 "2026-03-29T03:00:00+02:00", "2026-03-29T23:30:00+02:00"):
        for campaign in ("paris", "york"):
            deployment.send("click", 1, at(text), campaign_id=campaign)
    deployment.move_time_to(at("2026-03-29T23:50:00+02:00"))
    deployment.start()
    deployment.expect_exact()
    today = deployment.window("paris", "today")
    assert today["clicks"] == "4"
    assert int(today["from_ms"]) == at("2026-03-29T00:00:00+01:00")
    assert int(today["to_ms"]) == at("2026-03-30T00:00:00+02:00")
    assert int(today["to_ms"]) - int(today["from_ms"]) == 23 * HOUR_MS
    assert deployment.window("paris", "yesterday")["clicks"] == "1"
    assert deployment.window("york", "today")["clicks"] == "1"  # 17:30 of the same day; the others were on the 28th
    assert deployment.window("york", "yesterday")["clicks"] == "4"
    assert deployment.window("paris", "total")["clicks"] == "5"


def test_the_day_changes_when_time_goes_on_without_events_of_the_campaign(deploy):
    deployment = deploy({"account": {"timezone": "Asia/Kathmandu"}, "windows": ["5m", "today", "week", "month"]})
    noon = at("2026-05-31T12:00:00+05:45")  # a Sunday, the last of its month
    deployment.send("order", 0, noon, order_id="o-1", campaign_id="a", revenue="10")
    deployment.move_time_to(noon + 1000)
    deployment.start()
    deployment.expect_exact()
    assert deployment.window("a", "5m")["orders"] == "1" and deployment.window("a", "today")["orders"] == "1"
    deployment.move_time_to(noon + 10 * 60_000)
    deployment.expect_exact()
    assert deployment.window("a", "5m")["orders"] == "0" and deployment.window("a", "today")["orders"] == "1"
    deployment.move_time_to(at("2026-06-01T00:01:00+05:45"))
    deployment.expect_exact()
    for window in ("today", "week", "month"):
        assert deployment.window("a", window)["orders"] == "0", window


def test_prices_change_at_local_midnight_and_are_rounded_once(deploy):
    deployment = deploy({
        "account": {"timezone": "Europe/Paris"}, "windows": ["7d", "total"],
        "campaigns": {"a": {"timezone": "America/New_York", "cost": [
            {"from": datetime.date(2026, 6, 1), "cpm": Decimal("0.0005"), "cpc": Decimal("1")},
            {"from": datetime.date(2026, 6, 3), "cpc": Decimal("2"), "cpa": Decimal("0.25")}]}}})
    before, after = at("2026-06-02T23:59:59.999-04:00"), at("2026-06-03T00:00:00-04:00")
    none = at("2026-05-31T23:59:59.999-04:00")
    for ts_ms in (none, before, after):
        deployment.send("impression", 0, ts_ms, campaign_id="a")
        deployment.send("click", 0, ts_ms, campaign_id="a")
        deployment.send("order", 0, ts_ms, campaign_id="a", order_id=f"o-{ts_ms}", revenue=1)
    deployment.move_time_to(after + 60_000)
    deployment.start()
    deployment.expect_exact()
    # One impression at 0.0005 per thousand is half a micro-unit: to the even 0. Clicks: 1 + 2. One order at 0.25.
    assert deployment.window("a", "total")["cost_micros"] == "3250000"
    deployment.send("impression", 0, before, campaign_id="a")
    deployment.send("impression", 0, before, campaign_id="a")
    deployment.expect_exact()
    assert deployment.window("a", "total")["cost_micros"] == "3250002"  # 1.5 micro-units together


def test_fixed_costs_are_spread_over_local_days(deploy):
    deployment = deploy({
        "windows": ["1h", "today", "total"],
        "campaigns": {"a": {"timezone": "Europe/Paris", "cost": {"fixed": [
            {"amount": Decimal("100"), "from": datetime.date(2026, 3, 28), "to": datetime.date(2026, 3, 30)}]}}}})
    # The 29th has 23 hours: half of it is over at 12:30 local time.
    deployment.move_time_to(at("2026-03-29T12:29:59+02:00"))
    deployment.start()
    deployment.expect_exact()
    assert deployment.window("a", "today")["cost_micros"] == "25000000"
    assert deployment.window("a", "total")["cost_micros"] == "75000000"
    deployment.move_time_to(at("2026-04-10T00:00:00+02:00"))
    deployment.expect_exact()
    assert deployment.window("a", "total")["cost_micros"] == "100000000"
    assert deployment.window("a", "today")["cost_micros"] == "0"
    assert deployment.window("a", "today").get("roi") is None


def test_what_is_too_late_counts_in_total_and_is_shown_as_excluded(deploy):
    deployment = deploy({"windows": ["1h", "24h", "total"], "lateness": {"disorder": "30s"}}, partitions=2)
    now = at("2026-06-10T12:00:00+00:00")
    edge = now - DAY_MS - 30_000
    deployment.send("click", 0, now, campaign_id="a", cost="1")
    deployment.send("click", 0, edge, now, campaign_id="a", cost="0.5")         # not late: exactly at the bound
    deployment.send("click", 0, edge - 1, now, campaign_id="a", cost="0.25")    # late by 1 ms
    deployment.send("click", 1, edge - 1, now, campaign_id="a", cost="0.125")   # another lane: not late there
    deployment.send("order", 0, edge - 1, now, campaign_id="a", order_id="o", revenue="7")  # another lane as well
    deployment.start()
    counted = deployment.expect_exact()
    assert counted.late == 1
    total, day = deployment.window("a", "total"), deployment.window("a", "24h")
    assert (total["clicks"], total["media_cost_micros"], total["excluded_micros"]) == ("4", "1875000", "0")
    assert (day["clicks"], day["excluded_micros"]) == ("1", "250000")
    assert deployment.window("a", "1h")["excluded_micros"] == "250000"


def test_odd_ids_stand_percent_encoded_in_key_names_and_raw_in_the_set(deploy):
    deployment = deploy({"windows": ["total"], "redis": {"prefix": "x[*]:"}})
    ids = ["50% {off}", "a\x01\x7f", "größe", "a:b c"]
    for i, name in enumerate(ids):
        deployment.send("click", i, at("2026-06-10T12:00:00+00:00"), campaign_id=name)
    deployment.start()
    deployment.expect_exact()
    assert deployment.members() == {name.encode() for name in ids}
    with deployment.client() as client:
        assert client.hget(b"x[*]:{50%25 %7Boff%7D}:total", "clicks") == b"1"
        assert client.hget(b"x[*]:{a%01%7F}:total", "clicks") == b"1"
        foreign = [name for name in client.scan_iter(count=1000) if not name.startswith(b"x[*]:")]
    assert not foreign


def test_keys_of_windows_that_are_no_longer_configured_go_away_and_new_ones_come(deploy):
    deployment = deploy({"windows": ["1h", "24h", "total"]})
    now = at("2026-06-10T12:00:00+00:00")
    for i in range(20):
        deployment.send("click", i % 8, now + i, campaign_id=f"c{i}")
    daemon = deployment.start()
    deployment.expect_exact()
    assert daemon.stop() == 0
    deployment.configure({"windows": ["2h", "24h", "total"]})
    deployment.start()
    deployment.expect_exact()


def test_rev_grows_with_every_write_and_never_goes_back(deploy):
    deployment = deploy({"windows": ["total"]})
    now = at("2026-06-10T12:00:00+00:00")
    seen = []
    for i in range(5):
        daemon = deployment.start()
        deployment.send("click", 0, now + i * 1000, campaign_id="a")
        deployment.expect_exact()
        seen.append(int(deployment.window("a", "total")["rev"]))
        daemon.kill() if i % 2 else daemon.stop()
    assert seen == sorted(set(seen))


def test_with_idle_clock_windows_go_on_without_events(deploy):
    deployment = deploy({"lateness": {"idle": "clock", "disorder": "2s"}, "windows": ["1h", "total"]})
    now = int(time.time() * 1000)
    deployment.send("order", 0, now, order_id="o", campaign_id="a", revenue="2.50")
    daemon = deployment.start()

    def beyond(ts_ms):
        return lambda: int(deployment.meta().get("as_of_ms", 0)) >= ts_ms

    poll(beyond(now + 5000), 90, "as_of_ms goes on with the clock", daemon.process)
    assert int(deployment.meta()["as_of_ms"]) <= int(time.time() * 1000) - 2000
    poll(lambda: deployment.window("a", "1h").get("revenue_micros") == "2500000", 20, "the order is counted")
    assert deployment.meta()["status"] == "live" and deployment.meta()["contract"] == "1"
    window = deployment.window("a", "1h")
    assert int(window["to_ms"]) - int(window["from_ms"]) == HOUR_MS
    assert daemon.stop() == 0
