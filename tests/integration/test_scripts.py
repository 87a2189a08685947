"""The scripts on a real Redis, as their headers say."""

import struct

import pytest

from tests.integration import servers

LUA = servers.ROOT / "lib" / "shard" / "lua"
VEC, JOURNAL, REV, OUTBOX = "~{c0.1}:vec", "~{c0.1}:journal", "~{c0.1}:rev", "~{c0.1}:outbox"
GOALS = "~{c0.1}:goals"


@pytest.fixture(scope="module")
def server():
    redis = servers.Redis().start()
    yield redis
    redis.close()


@pytest.fixture
def client(server):
    with server.client() as client:
        client.flushall()
        yield client


def run(client, name, keys, *arguments):
    return client.eval((LUA / f"{name}.lua").read_text(encoding="ascii"), len(keys), *keys, *arguments)


def read(client, last="", most=16):
    return run(client, "read", [VEC, JOURNAL, REV, OUTBOX], last, most)


def test_the_registry_is_changed_only_where_it_says_what_was_read(client):
    key, before, after = "~lanes.1", "0 0 new none/1/1", "0 0 ready none/1/1"
    assert run(client, "set_lane", [key], "clicks:0", before, after) == 0
    assert client.keys() == []
    client.hset(key, "clicks:0", before)
    assert run(client, "set_lane", [key], "clicks:0", before, after) == 1
    assert run(client, "set_lane", [key], "clicks:0", before, "0 0 ready none/2/2") == 0
    assert client.hgetall(key) == {b"clicks:0": after.encode()}


def test_a_text_of_rules_goes_only_where_nobody_has_stored_it_again(client):
    key, version = "~rules.1", "00000000000000aa"
    assert run(client, "rules", [key], "put", version, "a: 1\nb: 2\n") == 1
    first = client.hget(key, version)
    assert first == b"1 a: 1\nb: 2\n"
    assert run(client, "rules", [key], "put", version, "a: 1\nb: 2\n") == 1
    assert client.hget(key, version) == b"2 a: 1\nb: 2\n"
    assert run(client, "rules", [key], "drop", version, first) == 0
    assert client.hlen(key) == 1
    assert run(client, "rules", [key], "drop", version, b"2 a: 1\nb: 2\n") == 1
    assert run(client, "rules", [key], "drop", version, b"2 a: 1\nb: 2\n") == 0
    assert client.keys() == []


def test_a_shard_without_vector_is_told_and_left_alone(client):
    assert read(client) == [0, None, b"", 1, [], []]
    assert client.keys() == []


def test_the_first_read_gives_the_tip_and_no_entries(client):
    client.set(VEC, b"\0" * 32)
    tip = client.xadd(JOURNAL, {"c": "1", "v": "2"})
    assert read(client) == [1, b"\0" * 32, tip, 0, [], []]
    assert read(client)[0] == 2


def test_a_read_gives_what_came_after_the_callers_id(client):
    client.set(VEC, b"v")
    ids = [client.xadd(JOURNAL, {"c": str(i), "v": b"\0\xff"}) for i in range(3)]
    rev, vec, tip, reload, entries, alerts = read(client, ids[0])
    assert (vec, tip, reload, alerts) == (b"v", ids[2], 0, [])
    assert entries == [[ids[1], [b"c", b"1", b"v", b"\0\xff"]], [ids[2], [b"c", b"2", b"v", b"\0\xff"]]]
    assert read(client, ids[2])[4] == []
    assert rev == 1


def test_a_read_from_an_id_that_is_gone_asks_for_a_reload(client):
    client.set(VEC, b"v")
    ids = [client.xadd(JOURNAL, {"c": str(i), "v": ""}, maxlen=2, approximate=False) for i in range(3)]
    assert read(client, ids[0])[3:5] == [1, []]
    assert read(client, ids[1])[3] == 0
    assert read(client, "9999999999999-0")[3:5] == [1, []]


def test_a_read_gives_the_oldest_alerts(client):
    client.set(VEC, b"v")
    ids = [client.xadd(OUTBOX, {"id": str(i)}) for i in range(3)]
    assert read(client, "", 2)[5] == [[ids[0], [b"id", b"0"]], [ids[1], [b"id", b"1"]]]


def test_load_gives_each_hash_and_marks_foreign_types(client):
    client.hset("a", mapping={b"\0\0\0\1": b"\0\7"})
    client.set("b", "text")
    assert run(client, "load", ["a", "b", "c"]) == [[b"\0\0\0\1", b"\0\7"], None, []]


def test_publish_writes_whole_keys_over_lower_revs_only(client):
    client.hset("k1", mapping={"rev": "1099511627776", "old": "1"})
    client.hset("k2", mapping={"rev": "1099511627778", "old": "1"})
    client.set("k3", "of another type")
    words = ["1099511627777"]
    for _ in range(3):
        words += ["2", "clicks", "7", "rev", "1099511627777"]
    assert run(client, "publish", ["k1", "k2", "k3"], *words) == [1, 0, 1]
    assert client.hgetall("k1") == {b"clicks": b"7", b"rev": b"1099511627777"}
    assert client.hgetall("k2")[b"old"] == b"1"
    assert client.hgetall("k3")[b"clicks"] == b"7"
    assert run(client, "publish", ["k1"], *words[:6]) == [0]


def test_publish_deletes_a_key_without_fields(client):
    client.hset("k1", mapping={"rev": "5"})
    assert run(client, "publish", ["k1", "k2"], "6", "0", "1", "rev", "6") == [1, 1]
    assert client.keys() == [b"k2"]


def test_a_goal_changes_together_with_its_alert_or_not_at_all(client):
    field = b"spring-sale\0roi"
    words = [field, b"", b"\1\0new", "4", "id", "5f1c", "json", "{}"]
    assert run(client, "goal", [GOALS, OUTBOX], *words) == [1]
    assert client.hgetall(GOALS) == {field: b"\1\0new"}
    assert [fields for _, fields in client.xrange(OUTBOX)] == [{b"id": b"5f1c", b"json": b"{}"}]
    assert run(client, "goal", [GOALS, OUTBOX], *words) == [b"\1\0new"]
    assert client.xlen(OUTBOX) == 1


def test_changes_of_goals_are_independent_and_can_remove(client):
    client.hset(GOALS, mapping={"a": "1", "b": "2"})
    words = ["a", "x", "3", "0", "b", "2", "", "0", "c", "", "4", "0", "d", "9", "5", "0"]
    assert run(client, "goal", [GOALS, OUTBOX], *words) == [b"1", 1, 1, b""]
    assert client.hgetall(GOALS) == {b"a": b"1", b"c": b"4"}
    assert client.exists(OUTBOX) == 0


ORDER_KEYS = ["~{o0.1}:vec", "~{o0.1}:orders", "~{o0.1}:expiry"]


def lane_range(lane, start, end, newest=0):
    return struct.pack(">Iqqq", lane, start, end, newest)


def test_decide_stores_records_and_passes_the_offsets_together(client):
    client.set(ORDER_KEYS[0], struct.pack(">qqqq", 0, 0, 5, 0))
    words = [lane_range(1, 5, 9, 77), "0", "o1", b"", b"\1one", "1000", "o2", b"", b"\1two", "2000"]
    assert run(client, "decide", ORDER_KEYS, *words) == [b"ok", 0]
    assert client.hgetall(ORDER_KEYS[1]) == {b"o1": b"\1one", b"o2": b"\1two"}
    assert client.get(ORDER_KEYS[0]) == struct.pack(">qqqq", 0, 0, 9, 77)
    assert run(client, "decide", ORDER_KEYS, *words) == [b"refused", client.get(ORDER_KEYS[0])]


def test_decide_changes_nothing_where_a_record_is_not_as_it_was_read(client):
    client.set(ORDER_KEYS[0], struct.pack(">qq", 5, 0))
    client.hset(ORDER_KEYS[1], "o1", b"\1one")
    before = {key: client.dump(key) for key in client.keys()}
    for words in (["o2", b"", b"x", "1", "o1", b"", b"x", "1"], ["o1", b"\1two", b"x", "1"], ["o3", b"gone", b"x", "1"]):
        assert run(client, "decide", ORDER_KEYS, lane_range(0, 5, 9), "0", *words) == [b"changed"]
        assert {key: client.dump(key) for key in client.keys()} == before
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 5, 9), "0", "o1", b"\1one", b"\1more", "1") == [b"ok", 0]
    assert client.hget(ORDER_KEYS[1], "o1") == b"\1more"


def test_decide_forgets_what_is_older_than_it_is_told(client):
    client.set(ORDER_KEYS[0], struct.pack(">qq", 0, 0))
    words = [word for i in range(250) for word in (f"o{i}", b"", b"\1\1x", str(1000 + i))]
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 0, 1), "0", *words) == [b"ok", 0]
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 1, 2), "1150") == [b"ok", 100]
    assert client.hlen(ORDER_KEYS[1]) == client.zcard(ORDER_KEYS[2]) == 150
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 2, 3), "1150") == [b"ok", 50]
    assert sorted(client.hkeys(ORDER_KEYS[1])) == sorted(f"o{i}".encode() for i in range(150, 250))


def test_decide_gives_out_refunds_whose_order_never_came_and_keeps_them(client):
    client.set(ORDER_KEYS[0], struct.pack(">qq", 0, 0))
    words = ["o1", b"", b"\1\0waits", "1000", "o2", b"", b"\1\1order", "2000", "o3", b"", b"\1\0later", "9000"]
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 0, 1), "0", *words) == [b"ok", 0]
    for offset, n in ((1, 1), (2, 1)):
        assert run(client, "decide", ORDER_KEYS, lane_range(0, offset, offset + 1), "1001") == [b"ok", n, b"o1", b"\1\0waits"]
    assert run(client, "decide", ORDER_KEYS, b"", "2001") == [b"ok", 2, b"o1", b"\1\0waits"]
    assert set(client.hkeys(ORDER_KEYS[1])) == {b"o1", b"o3"}
    keys = [*ORDER_KEYS[1:], "~{o0.1}:refused"]
    assert run(client, "expire", keys, "o1", b"\1\0other", "7", "1") == 0
    assert run(client, "expire", keys, "o1", b"\1\0waits", "7", "1", "9", "1", "7", "1") == 1
    assert run(client, "expire", keys, "o1", b"\1\0waits", "7", "1") == 0
    assert client.hgetall(keys[2]) == {b"7": b"2", b"9": b"1"}
    assert client.hkeys(ORDER_KEYS[1]) == client.zrange(ORDER_KEYS[2], 0, -1) == [b"o3"]


def test_decide_without_a_vector_says_so(client):
    assert run(client, "decide", ORDER_KEYS, lane_range(0, 0, 1), "0", "o1", b"", b"x", "1") == [b"lost"]
    assert client.keys() == []


CELLS, SPEND = "~{c0.1}:s:0:c", "~{c0.1}:spend:c"


def apply(client, start, end, fields=(), groups=(), keys=(), journal=b"", increments=()):
    return run(client, "apply", [VEC, "~{c0.1}:scratch", JOURNAL, *keys], lane_range(0, start, end),
               b"".join(struct.pack(">HH", *group) for group in groups), journal, str(len(fields)), *fields, *increments)


def spend(name, *value):
    return struct.pack(">qqq", *value) + name


def test_apply_adds_cells_and_sets_spend_once(client):
    client.set(VEC, struct.pack(">qq", 0, 0))
    words = {"fields": [b"\0\0\0\7", spend(b"sa", 1, 1, 5), spend(b"sb", 1, 9, 6), spend(b"sa", 2, 2, 7)],
             "groups": [(1, 2), (3, 0)], "keys": [CELLS, SPEND], "journal": b"c", "increments": ["#1", "3", "1"]}
    assert apply(client, 0, 4, **words) == [b"ok"]
    assert client.hgetall(SPEND) == {b"sa": struct.pack(">qqq", 2, 2, 7), b"sb": struct.pack(">qqq", 1, 9, 6)}
    assert client.hget(CELLS, b"\0\0\0\7") == struct.pack(">qq", 0, 3)
    assert [fields for _, fields in client.xrange(JOURNAL)] == [{b"c": b"c", b"v": struct.pack(">qq", 0, 3)}]
    before = client.hgetall(SPEND)
    assert apply(client, 0, 4, **words)[0] == b"refused"
    assert client.hgetall(SPEND) == before and client.xlen(JOURNAL) == 1
    assert apply(client, 4, 5, [spend(b"sb", 0, 0, 0)], [(1, 0)], [SPEND], b"c") == [b"ok"]
    assert client.hget(SPEND, "sb") == bytes(24)
    assert client.get(VEC) == struct.pack(">qq", 5, 0)


def test_apply_leaves_a_spend_key_of_another_type_alone_and_passes(client):
    client.set(VEC, struct.pack(">qq", 0, 0))
    client.set(SPEND, "text")
    other = "~{c0.1}:spend:d"
    assert apply(client, 0, 1, [spend(b"s", 1, 1, 5), spend(b"s", 1, 1, 5)], [(1, 0), (1, 0)], [SPEND, other], b"c") == [
        b"ok", SPEND.encode()]
    assert client.get(SPEND) == b"text" and client.hlen(other) == 1
    assert [fields for _, fields in client.xrange(JOURNAL)] == [{b"r": b"1"}]
    assert client.get(VEC) == struct.pack(">qq", 1, 0)


def test_apply_bounds_the_records_of_a_campaign_and_still_restates(client):
    most = 20000
    client.set(VEC, struct.pack(">qq", 0, 0))
    client.hset(SPEND, mapping={b"s%d" % i: bytes(24) for i in range(most - 1)})
    fields = [spend(b"new", 1, 1, 1), spend(b"beyond", 1, 1, 2), spend(b"s7", 1, 1, 3), spend(b"new", 1, 1, 4)]
    assert apply(client, 0, 4, fields, [(4, 0)], [SPEND], b"c") == [b"ok", SPEND.encode()]
    assert client.hlen(SPEND) == most and not client.hexists(SPEND, "beyond")
    assert client.hget(SPEND, "s7") == struct.pack(">qqq", 1, 1, 3) and client.hget(SPEND, "new") == struct.pack(">qqq", 1, 1, 4)


def test_look_takes_more_identities_than_luas_stack_holds(client):
    touches = "~{u0.1}:touches"
    assert run(client, "look", [VEC, touches], "a") == [None]
    client.set(VEC, b"\0" * 32)
    client.hset(touches, mapping={f"u{i}": f"record {i}" for i in range(0, 10000, 7)})
    reply = run(client, "look", [VEC, touches], *(f"u{i}" for i in range(10000)))
    assert reply == [b"\0" * 32] + [b"record %d" % i if i % 7 == 0 else None for i in range(10000)]
