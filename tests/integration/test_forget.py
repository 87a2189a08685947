"""roiwatch forget: one person's touches leave Redis, wherever they are stored; the counters stay."""

import json

import pytest

from tests.integration.servers import poll

T_MS, SECOND_MS = 1_795_300_200_000, 1000
KEY = "0123456789abcdef0123456789abcdef"


def touches(deployment):
    """Everything that user shards hold: identity → bytes."""
    with deployment.client() as client:
        names = list(client.scan_iter(b"roi:~{u*}:touches", 1000))
        return {identity: record for name in names for identity, record in client.hgetall(name).items()}


def forget(deployment, *words):
    result = deployment.cli("forget", *words, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def with_clicks(deployment):
    deployment.start()
    for i in range(3):
        deployment.send("click", i, T_MS + i * SECOND_MS, user_id="Ann", click_id=f"k{i}", event_id=f"e{i}", campaign_id="c")
    deployment.send("click", 0, T_MS, user_id="Bob", click_id="k9", event_id="e9", campaign_id="c")
    deployment.expect_exact()


@pytest.mark.parametrize("hashed", [False, True], ids=["plain", "hashed"])
def test_a_person_is_erased_under_all_identities_and_others_stay(deploy, tmp_path, hashed):
    (tmp_path / "key").write_text(KEY + "\n", encoding="utf-8")
    hashing = {"hash_identities": True, "identity_key_file": str(tmp_path / "key")} if hashed else {}
    deployment = deploy({"windows": ["total"], "attribution": hashing})
    with_clicks(deployment)
    stored = touches(deployment)
    assert len(stored) == 6 and len(stored[max(stored, key=lambda name: len(stored[name]))]) > 100
    plain = {b"uAnn", b"uBob", b"ck0", b"ck1", b"ck2", b"ck9"}
    assert (set(stored) == plain) != hashed
    if hashed:
        everything = b"".join(stored) + b"".join(stored.values())
        assert b"Ann" not in everything and b"k0" not in everything and {name[:1] for name in stored} == {b"u", b"c"}

    before = deployment.window("c", "total")
    assert forget(deployment, "Ann") == {"touches": 3, "copies": 3}
    left = touches(deployment)
    assert len(left) == 2 and set(left) <= set(stored)
    assert forget(deployment, "Ann") == {"touches": 0, "copies": 0}
    assert "nothing was stored" in deployment.cli("forget", "Ann").stdout
    said = deployment.cli("forget", "k9", "--click").stdout
    assert "erased 1 touches, and 1 copies" in said and "what stays" in said and "Kafka" in said
    assert touches(deployment) == {}

    # An order that comes now finds nobody; the clicks stay counted.
    deployment.send("order", 0, T_MS + 5 * SECOND_MS, order_id="o", revenue="3", user_id="Ann", click_id="k1")
    poll(lambda: deployment.window("(unattributed)", "total").get("revenue_micros") == "3000000", 60, "the order is decided",
         deployment.daemons[-1].process)
    assert deployment.window("c", "total")["clicks"] == before["clicks"] == "4"


def test_a_key_that_cannot_be_used_is_said_and_ends_with_78(deploy, tmp_path):
    deployment = deploy({"attribution": {"hash_identities": True, "identity_key_file": str(tmp_path / "absent")}})
    daemon = deployment.start()
    assert daemon.wait(20) == 78
    assert "attribution.identity_key_file" in daemon.log and "No such file" in daemon.log
    (tmp_path / "absent").write_text("short", encoding="utf-8")
    daemon = deployment.start()
    assert daemon.wait(20) == 78
    assert "holds 5 bytes; a key is text of 16 to 64" in daemon.log
    result = deployment.cli("forget", "Ann")
    assert result.returncode == 78 and "openssl rand" in result.stderr
