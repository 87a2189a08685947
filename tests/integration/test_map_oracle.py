"""Decoding against the oracle: random messages of every type, with at most one fault each, read by both."""

import datetime
import json
import random
import subprocess

import pytest

from tests.integration.deployment import BIN
from tests.oracle.decode import Event, decode
from tests.oracle.rules import Rules

N_MESSAGES = 4000
TS = 1_772_582_400_000  # 2026-03-04T00:00:00Z
DAY = 86_400_000
CONFIG = """\
kafka: {brokers: "127.0.0.1:9"}
redis: {url: "redis://127.0.0.1:9/0"}
account: {currency: EUR, timezone: Europe/Paris}
rates:
  - {from: 2026-01-01, USD: 0.92, VND: 0.0000345}
  - {from: 2026-03-01, KWD: 3.0123456789}
  - {from: 2026-03-04, USD: 0.5}
"""
RATES = [{"from": datetime.date(2026, 1, 1), "USD": "0.92", "VND": "0.0000345"},
         {"from": datetime.date(2026, 3, 1), "KWD": "3.0123456789"}, {"from": datetime.date(2026, 3, 4), "USD": "0.5"}]
RULES = Rules({"account": {"currency": "EUR", "timezone": "Europe/Paris"}, "rates": RATES},
              features=frozenset({"refund", "engagement", "spend"}))

SEEN = ["ts", "campaign_id", "event_id", "user_id", "cost", "currency"]
FIELDS = {
    "impression": SEEN,
    "click": SEEN + ["click_id"],
    "engagement": SEEN + ["action"],
    "order": ["ts", "order_id", "revenue", "user_id", "click_id", "campaign_id", "currency", "margin", "kind"],
    "refund": ["ts", "order_id", "refund_id", "amount", "currency"],
    "spend": ["ts", "from", "to", "campaign_id", "amount", "spend_id", "currency"],
}
NEEDED = {"ts", "campaign_id", "order_id", "revenue", "action"}
MONEY = ("cost", "revenue", "margin", "amount")
TIMES = ("ts", "from", "to")


def time_literal(rng):
    ts_ms = TS + rng.choice((-DAY, -3_600_000, -3_600_001, -1, 0, 1, DAY))
    if rng.random() < 0.7:
        return str(ts_ms)
    moment = datetime.datetime.fromtimestamp(ts_ms / 1000, datetime.timezone.utc)
    return json.dumps(moment.isoformat(timespec="milliseconds").replace("+00:00", rng.choice(("Z", "z", "+00:00", "-00:00"))))


def money_literal(rng, signed):
    digits = rng.choice(("0", "1", "12.5", "0.0000005", "0.0000015", "0.0000025", "3.14159265", "1e3", "25E-7", "999999999.999999", "250000",
                         "0.000003"))
    text = ("-" if signed and rng.random() < 0.5 else "") + digits
    return text if rng.random() < 0.7 else json.dumps(text)


def good(rng, name):
    if name in TIMES:
        return time_literal(rng)
    if name in MONEY:
        return money_literal(rng, name == "margin")
    if name == "currency":
        return rng.choice(('"EUR"', '"USD"', '"VND"', '"KWD"'))
    return rng.choice(('"x"', '"a b"', "7", "-12", '"\\u00e9\\n"', '"%s"' % ("y" * 256)))


# Not all of them are faults to every field: both readers say which are.
FAULTS = {
    "time": ("1767222000000", "1767221999999", "0", "1772582400", "1.5", "1e12", '"now"', '"2026-02-29T00:00:00Z"', "[]", "true", "null", '"1772582400000"'),
    "money": ("-1", '"-0.0000001"', '"1,5"', '"+1"', '""', "true", "{}", "9223372036854.775808", "1e400", "null",
              "9223372036854.775807"),
    "currency": ('"GBP"', '"eur"', '""', "7", "[]", "null"),
    "id": ('""', "null", "1.5", "true", "[]", '"a\\u0000"', '"%s"' % ("z" * 257), '"(overflow)"'),
}


def fault(rng, name):
    kind = "time" if name in TIMES else "money" if name in MONEY else "currency" if name == "currency" else "id"
    return rng.choice(FAULTS[kind])


def message(rng):
    """The members of a message as literals, in a random order."""
    kind = rng.choice(sorted(FIELDS))
    members = {"type": json.dumps(kind)}
    for name in FIELDS[kind]:
        if name in NEEDED or rng.random() < 0.7:
            members[name] = good(rng, name)
    if kind == "spend":
        members.setdefault("amount", "5")
        if rng.random() < 0.5:
            members.pop("from", None)
            members.pop("to", None)
        else:
            members.update({"from": str(TS - rng.randint(1, DAY)), "to": str(TS)})
    if rng.random() < 0.5:
        name = rng.choice(FIELDS[kind])
        if rng.random() < 0.2:
            members.pop(name, None)
        else:
            members[name] = fault(rng, name)
    names = list(members)
    rng.shuffle(names)
    return {name: members[name] for name in names}


def expected(members):
    """What `map --json` has to say, by the oracle."""
    value = "{%s}" % ",".join(f'"{name}":{literal}' for name, literal in members.items())
    event = decode(value.encode(), None, None, RULES)
    if not isinstance(event, Event):
        return value, {"accepted": False, "reason": event}
    given = {name for name, literal in members.items() if literal != "null"}
    own = {"type": event.type, "ts_ms": event.ts_ms, "campaign_id": event.campaign, "from_ms": event.from_ms,
           "to_ms": event.to_ms}
    own |= {name: getattr(event, name) for name in ("event_id", "user_id", "click_id", "order_id", "refund_id", "action", "spend_id")}
    own |= {f"{name}_micros": getattr(event, f"{name}_micros") for name in MONEY if name in given and name in FIELDS[event.type]}
    if event.type == "spend":
        own["amount_micros"] = event.cost_micros
    if "kind" in given and members["kind"] != '""':
        own["kind"] = event.kind
    if event.type == "refund":
        own["currency"] = event.currency
    elif any(name in given and name in FIELDS[event.type] for name in MONEY):
        own["currency"] = json.loads(members["currency"]) if "currency" in given else "EUR"
    result = {"accepted": True}
    for name, content in own.items():
        if content is not None and content not in (b"", ""):
            result[name] = content.decode() if isinstance(content, bytes) else content
    return value, result


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mapped", [False, True])
def test_both_read_the_same(tmp_path, seed, mapped):
    rng = random.Random(f"map {seed}")
    config = tmp_path / "roiwatch.yaml"
    # Mapped, every name means itself: the other way through the decoder has to come to the same.
    config.write_text(CONFIG + ("mapping: {fields: {ts: ts}}\n" if mapped else ""), encoding="utf-8")
    cases = [expected(message(rng)) for _ in range(N_MESSAGES)]
    result = subprocess.run([str(BIN / "roiwatch"), "-c", str(config), "map", "--json"], capture_output=True, timeout=60,
                            check=False, input="\n".join(value for value, _ in cases).encode())
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(found) == len(cases), result.stderr
    for (value, wanted), each in zip(cases, found):
        each.pop("field", None)
        assert each == wanted, f"seed {seed}: {value}"
    assert {"accepted": False, "reason": "bad_range"} in found or seed  # the mix is what it should be
    assert sum(each["accepted"] for each in found) > N_MESSAGES / 3
