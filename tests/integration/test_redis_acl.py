"""Redis' access lists: the rights that docs/CONFIGURATION.md names suffice, none is too many, and what is missing is said."""

import functools
import itertools
import re
import subprocess

import pytest

from tests.integration.deployment import BIN, environment
from tests.integration.servers import ROOT, Redis, poll
from tests.oracle.generator import Generator

LUA = ROOT / "lib" / "shard" / "lua"
TS_MS = 1_772_600_000_000
PASSWORD = "tr0ub4dor-redis"


def documented():
    """The words of the line in the documents, behind the user's name."""
    text = (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
    line = re.search(r"^    ACL SETUSER roiwatch (.+)$", text, re.M).group(1)
    return [f">{PASSWORD}" if word == ">PASSWORD" else word for word in line.split()]


COMMANDS = [word for word in documented() if word.startswith("+")]


@pytest.fixture(name="password_file")
def fixture_password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


@pytest.fixture(name="login")
def fixture_login(store, password_file):
    """The `redis` settings of a user with exactly the documented rights."""
    set_user(store, *documented())
    return {"username": "roiwatch", "password_file": str(password_file)}


def set_user(store, *words):
    with store.client() as client:
        assert client.execute_command("ACL", "SETUSER", "roiwatch", *words) == b"OK"


def refused(store):
    """What this Redis has refused to anybody."""
    with store.client() as client:
        return [entry["object"] for entry in client.acl_log()]


def test_every_command_of_the_scripts_and_programs_is_among_the_rights():
    used = {name.lower() for path in LUA.glob("*.lua")
            for name in re.findall(r"redis\.p?call\('(\w+)'|redis\.p?call, '(\w+)'", path.read_text(encoding="ascii"))
            for name in name if name}
    for path in [*(ROOT / "daemon").rglob("*.c"), *(ROOT / "lib").rglob("*.c")]:
        text = path.read_text(encoding="utf-8")
        used |= {name.lower() for name in re.findall(
            r'(?:call_begin\([^;]*SCRIPT_NONE\);\s*call_arg_text\([^,]+, |store_begin\([^,]+, )"([A-Z]+)"', text)}
    assert {"xadd", "hgetall", "sscan", "publish"} < used
    # AUTH needs no right; CONFIG is asked by check --live, which can do without; of SCRIPT it is LOAD.
    assert not {f"+{name}" for name in used - {"auth", "config", "script"}} - set(COMMANDS)


def test_the_documented_rights_suffice_for_all_that_roiwatch_does(deploy, store, login):
    config = {"redis": login, "windows": ["1h", "24h", "total"], "defaults": {"goals": [
        {"name": "ctr", "metric": "ctr", "target": 5, "window": "1h", "rule": "threshold"}]}}
    deployment = deploy({**config, "campaigns": {"planned": {}}}, redis=store)
    records = iter(Generator(7, 12000, deployment.topics, deployment.partitions))
    deployment.produce(itertools.islice(records, 8000))
    daemon = deployment.start()
    deployment.expect_exact()
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 0, checked.stderr
    with store.client() as client:
        poll(lambda: client.xlen("roi:alerts"), 30, "an alert has gone out")
        client.script_flush()
    deployment.produce(records)
    deployment.expect_exact()
    for words in (["show", "campaign-0001"], ["top", "--once"], ["alerts"], ["offsets", "--wait", "30s"]):
        result = deployment.cli(*words)
        assert result.returncode == 0, result.stderr
    assert daemon.stop() == 0
    deployment.configure(config)
    daemon = deployment.start()  # the planned campaign leaves
    deployment.expect_exact()
    assert daemon.stop() == 0
    result = deployment.cli("rebuild", "--yes")
    assert result.returncode == 0, result.stderr
    daemon = deployment.start()
    deployment.expect_exact()
    with store.client() as client:  # what the generation before has left is unlinked
        poll(lambda: not any(b"~1{" in key or b"~{1" in key for key in client.scan_iter(b"roi:~*", 1000)), 60, "swept")
    assert daemon.stop() == 0
    with store.client() as client:
        used = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
    elsewhere = {"xread", "hincrby"}  # alerts --follow, refunds
    assert {word[1:] for word in COMMANDS} - used - elsewhere == set()
    assert set(refused(store)) <= {"config|get"}  # of check --live, which says that it may not know


@pytest.fixture(name="attempt")
def fixture_attempt(kafka, store, tmp_path):
    return functools.partial(attempt_with, kafka, tmp_path, store)


def attempt_with(kafka, path, store, login, program, *words):
    """A program against this Redis, with topics that do not exist: Redis decides how it ends."""
    config = path / "alone.yaml"
    files = "".join(f", {key}: {value}" for key, value in login.items())
    config.write_text(f'kafka: {{brokers: "{kafka.address}", dead_letter: ~}}\nredis: {{url: "{store.url}", shards: 2{files}}}\n',
                      encoding="utf-8")
    return subprocess.run([str(BIN / program), "-c", str(config), *words], capture_output=True, text=True, timeout=60,
                          env=environment(), check=False)


@pytest.mark.parametrize("word", COMMANDS)
def test_a_right_that_is_missing_is_named(store, login, attempt, word):
    set_user(store, "-" + word[1:])
    for program, *words in (["roiwatchd"], ["roiwatch", "check", "--live"]):
        result = attempt(login, program, *words)
        told = result.stdout + result.stderr
        assert result.returncode == 77, told
        assert f"'{word[1:]}'" in told or re.search(rf"ACL SETUSER roiwatch .*{re.escape(word)}(\s|$)", told), told


@pytest.mark.parametrize("words,told", [
    (["resetkeys", "~roi:~*"], "~roi:*"), (["resetkeys", "%R~roi:*"], "~roi:*"), (["resetchannels"], "&roi:alerts")])
def test_keys_and_channels_that_are_missing_are_named(store, login, attempt, words, told):
    set_user(store, *words)
    for program, *more in (["roiwatchd"], ["roiwatch", "check", "--live"]):
        result = attempt(login, program, *more)
        assert result.returncode == 77, result.stderr
        assert f"ACL SETUSER roiwatch {told}" in result.stderr, result.stderr


def test_a_right_that_is_taken_away_while_running_ends_with_its_name(deploy, store, login):
    deployment = deploy({"redis": login}, redis=store)
    daemon = deployment.start()
    deployment.send("click", 0, TS_MS, campaign_id="a")
    deployment.expect_exact()
    set_user(store, "-bitfield")
    deployment.send("click", 0, TS_MS, campaign_id="a")
    assert daemon.wait(60) == 77, daemon.log
    assert "ACL SETUSER roiwatch +bitfield" in daemon.log, daemon.log
    set_user(store, "+bitfield")
    daemon = deployment.start()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_a_wrong_password_ends_with_77(login, password_file, attempt):
    password_file.write_text("wrong-one\n", encoding="utf-8")
    for program, *words in (["roiwatchd"], ["roiwatch", "check", "--live"], ["roiwatch", "top", "--once"]):
        result = attempt(login, program, *words)
        assert result.returncode == 77 and "WRONGPASS" in result.stderr, result.stderr
        assert "wrong-one" not in result.stderr


def test_check_live_says_a_refusal_in_json_too(login, password_file, attempt):
    password_file.write_text("wrong-one\n", encoding="utf-8")
    result = attempt(login, "roiwatch", "check", "--live", "--json")
    assert result.returncode == 77 and "WRONGPASS" in result.stdout, result.stdout


def test_a_user_without_a_password_is_refused_as_nobody_would_be_logged_in(attempt):
    result = attempt({"username": "roiwatch"}, "roiwatchd")
    assert result.returncode == 78 and "redis.username: needs redis.password_file" in result.stderr, result.stderr


def test_a_password_that_is_changed_while_running_is_read_at_the_next_connection(deploy, store, login, password_file):
    deployment = deploy({"redis": login}, redis=store)
    daemon = deployment.start()
    deployment.send("click", 0, TS_MS, campaign_id="a")
    deployment.expect_exact()
    set_user(store, "resetpass", ">another-one")
    password_file.write_text("another-one\n", encoding="utf-8")
    with store.client() as client:
        assert client.execute_command("CLIENT", "KILL", "USER", "roiwatch") == 1
    deployment.send("click", 0, TS_MS, campaign_id="a")
    deployment.expect_exact()
    password_file.unlink()  # being replaced right now: no reason to end
    with store.client() as client:
        assert client.execute_command("CLIENT", "KILL", "USER", "roiwatch") == 1
    poll(lambda: "redis.password_file" in daemon.log, 30, "said that it is missing", daemon.process)
    password_file.write_text("another-one\n", encoding="utf-8")
    deployment.send("click", 0, TS_MS, campaign_id="a")
    deployment.expect_exact()
    assert daemon.stop() == 0
