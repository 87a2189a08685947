"""`roiwatch map`: how events are read, without a server."""

import json
import pathlib
import subprocess

import pytest

from tests.integration.deployment import BIN

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "lib/event/samples"
CONFIG = """\
kafka:
  brokers: 127.0.0.1:9
  topics: {clicks: ad.clicks, orders: shop.orders}
redis: {url: "redis://127.0.0.1:9/0"}
rates: [{from: 2026-01-01, USD: 0.92}]
mapping:
  preset: segment
  topics:
    ad.clicks: {}
    cloud: {preset: cloudevents}
    avro: {confluent_header: true}
    cents: {fields: {type: {value: order}, revenue: {from: total, unit: cents}}}
"""
TS = 1_772_582_400_000


@pytest.fixture(name="config")
def fixture_config(tmp_path):
    path = tmp_path / "roiwatch.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def run(config, data, *words):
    return subprocess.run([str(BIN / "roiwatch"), "-c", str(config), "map", *words], capture_output=True, timeout=20,
                          check=False, input=data if isinstance(data, bytes) else data.encode())


def objects(config, data, *words):
    return [json.loads(line) for line in run(config, data, "--json", *words).stdout.splitlines()]


def sample(name):
    return (SAMPLES / f"{name}.json").read_text(encoding="utf-8")


def test_an_event_is_one_object_with_the_contracts_names(config):
    assert objects(config, sample("segment-order-completed")) == [
        {"accepted": True, "type": "order", "ts_ms": 1772582400700, "click_id": "507f191e810c19729de860ea",
         "user_id": "97980cfea0067", "order_id": "50314b8e9bcf000000000000", "revenue_micros": 25_300_000,
         "currency": "USD"}]
    assert objects(config, sample("segment-order-refunded")) == [
        {"accepted": True, "type": "refund", "ts_ms": 1772755200000, "order_id": "50314b8e9bcf000000000000",
         "refund_id": "node-next-1772755200000-refund", "amount_micros": 30_000_000, "currency": "USD"}]


def test_a_refused_event_has_its_reason_and_field(config):
    result = run(config, '{"type":"page","timestamp":"2026-03-04T00:00:00Z"}', "--json")
    assert (result.returncode, json.loads(result.stdout)) == (
        1, {"accepted": False, "reason": "missing_field", "field": "campaign_id"})


def test_people_are_told_where_each_field_was_found_or_looked_for(config):
    result = run(config, sample("segment-order-completed"))
    assert result.returncode == 0
    lines = [line.split() for line in result.stdout.decode().splitlines()]
    assert lines[0] == ["accepted:", "order"]
    assert ["ts", "2026-03-04T00:00:00.700Z", "from", "timestamp"] in lines
    assert ["revenue", "27.50", "=", "25.300000", "EUR", "from", "properties.total"] in lines
    result = run(config, '{"type":"page","timestamp":"2026-03-04T00:00:00Z"}')
    assert result.returncode == 1
    assert result.stdout.decode().splitlines() == [
        "refused: missing_field at campaign_id: a required field is absent, null or empty",
        "  type         click                                   from type",
        "  ts           2026-03-04T00:00:00Z                    from timestamp",
        "  campaign_id was looked for in context.campaign.name, context.page.url?utm_campaign, "
        "properties.url?utm_campaign"]


def test_the_topic_says_mapping_and_type(config):
    click = f'{{"ts":{TS},"campaign_id":"c","cost":0.5}}'
    assert objects(config, click, "--topic", "ad.clicks") == [
        {"accepted": True, "type": "click", "ts_ms": TS, "campaign_id": "c", "cost_micros": 500_000, "currency": "EUR"}]
    assert objects(config, click, "--topic", "elsewhere")[0]["reason"] == "unknown_type"
    assert b"kafka.topics does not name elsewhere" in run(config, click, "--topic", "elsewhere").stderr
    assert objects(config, f'{{"ts":{TS},"order_id":7,"total":1250}}', "--topic", "cents") == [
        {"accepted": True, "type": "order", "ts_ms": TS, "order_id": "7", "revenue_micros": 12_500_000, "currency": "EUR"}]


def test_headers_stand_for_those_of_the_record(config):
    headers = "ce_type=com.example.click,ce_id=e=1,ce_time=2026-03-04T00:00:00Z"
    assert objects(config, sample("cloudevents-binary"), "--topic", "cloud", "--headers", headers) == [
        {"accepted": True, "type": "click", "ts_ms": TS, "campaign_id": "spring-sale", "event_id": "e=1",
         "click_id": "k-1", "user_id": "u-77", "cost_micros": 400_000, "currency": "EUR"}]
    result = run(config, "{}", "--headers", "ce_type")
    assert result.returncode == 2 and b"NAME=VALUE" in result.stderr


def test_all_types_are_read(config):
    events = (f'{{"type":"refund","ts":{TS},"order_id":"o"}}'
              f'{{"type":"engagement","ts":{TS},"campaign_id":"c","action":"like"}}'
              f'{{"type":"spend","from":{TS},"to":{TS + 1},"campaign_id":"c","amount":5}}')
    assert objects(config, events, "--topic", "ad.clicks") == [
        {"accepted": True, "type": "refund", "ts_ms": TS, "order_id": "o"},
        {"accepted": True, "type": "engagement", "ts_ms": TS, "campaign_id": "c", "action": "like"},
        {"accepted": True, "type": "spend", "campaign_id": "c", "amount_micros": 5_000_000, "from_ms": TS, "to_ms": TS + 1,
         "currency": "EUR"}]
    text = run(config, events, "--topic", "ad.clicks").stdout.decode()
    assert "all that is left of the order" in text and "accepted: spend" in text


def test_values_follow_one_another_however_they_are_laid_out(config):
    click = f'{{"ts":{TS},"campaign_id":"}}\\"{{"}}'
    pretty = json.dumps(json.loads(click), indent=2)
    data = f"{click}{click}\n\n  {pretty}\r\nno json\n[1]\n{click}\n7\n{click[:-1]}"
    found = objects(config, data, "--topic", "ad.clicks")
    assert [each.get("reason", "ok") for each in found] == [
        "ok", "ok", "ok", "not_json", "not_object", "ok", "not_object", "not_json"]


def test_confluents_header_belongs_to_the_value(config):
    value = b"\0\0\0{7" + f'{{"type":"click","ts":{TS},"campaign_id":"c"}}'.encode()
    assert [each["accepted"] for each in objects(config, value + b"\n" + value, "--topic", "avro")] == [True, True]
    assert [each["reason"] for each in objects(config, value, "--topic", "ad.clicks")] == ["not_json"]


def test_nothing_to_read_is_said(config):
    result = run(config, " \n")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"nothing on stdin" in result.stderr


def test_mistakes_in_the_mapping_are_told(config):
    result = run(config, "{}", "--set", "mapping.fields={revenue: a..b}")
    assert result.returncode == 78
    assert b'mapping.fields.revenue: "a..b" is no path: it has an empty name' in result.stderr


def test_ads_are_looked_up_in_the_file(config):
    (config.parent / "ads.csv").write_text("ad_id,campaign_id\na1,spring-sale\na2,(overflow)\n", encoding="utf-8")
    more = ("--set", "lookup.ad_id.file=ads.csv", "--set", "mapping.preset=none", "--set", "mapping.fields={}")
    events = [{"type": "click", "ts": 1772582400000, "ad_id": ad} for ad in ("a1", "a2", "a3")]
    result = run(config, "\n".join(map(json.dumps, events)), "--json", *more)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert found[0]["campaign_id"] == "spring-sale" and found[0]["ad_id"] == "a1"
    assert [(each["accepted"], each.get("reason"), each.get("field")) for each in found] == [
        (True, None, None), (False, "reserved_id", "ad_id"), (False, "unknown_ad", "ad_id")]
    result = run(config, json.dumps(events[0]), *more)
    assert b"campaign_id" in result.stdout and b"from the lookup" in result.stdout
    more = ("--set", "lookup.ad_id.redis_hash=ads", *more[2:])
    result = run(config, json.dumps(events[2]), *more)
    assert result.returncode == 0 and b"is looked up in Redis when the event is counted" in result.stdout


def test_a_wrong_line_of_the_lookup_is_told_by_check_and_map(config):
    path = config.parent / "ads.csv"
    path.write_text("ad_id,campaign_id\na1,c\n\na2,c,d\n", encoding="utf-8")
    for words in (("check",), ("map",)):
        result = subprocess.run([str(BIN / "roiwatch"), "-c", str(config), "--set", "lookup.ad_id.file=ads.csv", *words],
                                capture_output=True, timeout=20, check=False, input=b"{}")
        assert result.returncode == 78, result
        assert b"lookup.ad_id.file: %s:4: there must be two values" % str(path).encode() in result.stderr
    path.write_text("ad_id,campaign_id\na1,c\n", encoding="utf-8")
    result = subprocess.run([str(BIN / "roiwatch"), "-c", str(config), "--set", "lookup.ad_id.file=ads.csv", "check"],
                            capture_output=True, timeout=20, check=False)
    assert result.returncode == 0 and b"lookup     1 ads in ads.csv" in result.stdout, result
