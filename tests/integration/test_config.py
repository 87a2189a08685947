"""What an operator gets wrong: the configuration, the servers, the rights. A clear text and the right exit code."""

import re
import subprocess

import pytest

from tests.integration import kafka_log
from tests.integration.deployment import BIN, environment
from tests.integration.servers import Redis, free_port, poll

TS_MS = 1_772_600_000_000
POSITION = re.compile(r"^(?P<file>[^\s:]+):(?P<line>[0-9]+):(?P<column>[0-9]+): (?P<text>.+)$", re.M)

GOOD = """\
kafka:
  brokers: 127.0.0.1:9092
redis:
  url: redis://127.0.0.1:6379/0
"""

# name, text, [(line, what the error has to say)]
BAD = [
    ("nothing in it", "", [(None, "kafka.brokers")]),
    ("no YAML", GOOD + "account: {currency: EUR\n", [(None, "")]),
    ("an unknown key", GOOD + "windwos: [1h]\n", [(5, "windows")]),
    ("an unknown key inside", GOOD + "lateness:\n  disorders: 30s\n", [(6, "disorder")]),
    ("no brokers", "redis:\n  url: redis://127.0.0.1:6379/0\n", [(None, "kafka.brokers")]),
    ("a duration without unit", GOOD + "lateness:\n  disorder: 30\n", [(6, "lateness.disorder")]),
    ("an unknown word", GOOD + "lateness:\n  idle: wallclock\n", [(6, "clock")]),
    ("a window that does not exist", GOOD + "windows: [1h, fortnight]\n", [(5, "fortnight")]),
    ("a zone that does not exist", GOOD + "account:\n  timezone: Europe/Pariss\n", [(6, "Europe/Pariss")]),
    ("a prefix with braces", GOOD + "  prefix: \"roi{1}:\"\n", [(5, "prefix")]),
    ("no amount", GOOD + "campaigns:\n  a:\n    cost: {cpm: 2,50}\n", [(7, "")]),
    ("a lag-aware goal", GOOD + "campaigns:\n  a:\n    goals:\n"
     "      - {name: g, metric: roi, target: 0.5, window: 7d}\n", [(8, "rule: threshold")]),
    ("target and below", GOOD + "campaigns:\n  a:\n    goals:\n"
     "      - {name: g, metric: cost, target: 1, below: 2, window: 7d, rule: threshold}\n", [(8, "")]),
    ("a reserved campaign", GOOD + "campaigns:\n  (unattributed): {}\n", [(6, "(unattributed)")]),
    ("a key of later work", GOOD + "retention: 500d\n", [(None, "not yet in this version")]),
    ("webhooks", GOOD + "alerts:\n  webhooks: [{url: \"http://127.0.0.1:1/\"}]\n", [(None, "not yet in this version")]),
    ("three errors", GOOD + "lateness:\n  idle: wallclock\n  disorder: soon\nwindwos: []\n",
     [(6, "clock"), (7, "disorder"), (8, "windows")]),
]


def run(program, path, *words, timeout_s=30):
    command = [str(BIN / program), *words, "-c", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, env=environment(), check=False)


@pytest.mark.parametrize("name, text, expected", BAD, ids=[case[0] for case in BAD])
@pytest.mark.parametrize("program", ["roiwatchd", "roiwatch"])
def test_a_bad_configuration_ends_with_78_and_says_where(program, name, text, expected, tmp_path):
    path = tmp_path / "roiwatch.yaml"
    path.write_text(text, encoding="utf-8")
    result = run(program, path, *(["check"] if program == "roiwatch" else []))
    assert result.returncode == 78, (name, result)
    errors = [(int(match["line"]), match["text"]) for match in POSITION.finditer(result.stderr)]
    assert errors, result.stderr
    assert str(path) in result.stderr
    for line, what in expected:
        assert any(what in said and line in (None, at) for at, said in errors), (line, what, result.stderr)
    assert result.stdout == ""


def test_a_file_that_is_not_there_ends_with_78(tmp_path):
    for program, words in (("roiwatchd", []), ("roiwatch", ["check"])):
        result = run(program, tmp_path / "absent.yaml", *words)
        assert result.returncode == 78, result
        assert "absent.yaml" in result.stderr


def test_a_good_configuration_passes_check(tmp_path):
    path = tmp_path / "roiwatch.yaml"
    path.write_text(GOOD, encoding="utf-8")
    result = run("roiwatch", path, "check")
    assert result.returncode == 0, result.stderr


def test_set_overrides_the_file_and_is_checked_like_it(tmp_path):
    path = tmp_path / "roiwatch.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert run("roiwatch", path, "check", "--set", "lateness.disorder=45s").returncode == 0
    result = run("roiwatch", path, "check", "--set", "lateness.disorder=45")
    assert result.returncode == 78
    assert "lateness.disorder" in result.stderr


def test_wrong_usage_ends_with_2(tmp_path):
    path = tmp_path / "roiwatch.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert run("roiwatch", path, "chekc").returncode == 2
    assert run("roiwatchd", path, "--no-such-option").returncode == 2


def test_an_eviction_policy_that_would_eat_counters_ends_with_78(deploy, tmp_path):
    server = Redis(tmp_path / "redis", policy="allkeys-lru")
    try:
        deployment = deploy(redis=server.start())
        daemon = deployment.start()
        assert daemon.wait(30) == 78, daemon.log
        assert "maxmemory-policy" in daemon.log and "noeviction" in daemon.log
        result = deployment.cli("check", "--live")
        assert result.returncode == 78 and "maxmemory-policy" in result.stderr
        with server.client() as client:
            assert client.dbsize() == 0
    finally:
        server.close()


def test_a_login_that_is_refused_ends_with_77(deploy, tmp_path):
    server = Redis(tmp_path / "redis")
    try:
        server.start()
        deployment = deploy(redis=server)
        with server.client() as client:
            client.config_set("requirepass", "secret")
        daemon = deployment.start()
        assert daemon.wait(30) == 77, daemon.log
        assert deployment.cli("offsets").returncode == 77
        (tmp_path / "password").write_text("secret\n", encoding="utf-8")
        deployment.configure({"redis": {"password_file": str(tmp_path / "password")}})
        with server.client(password="secret") as client:
            client.config_set("requirepass", "")
            client.execute_command("ACL", "SETUSER", "default", "on", ">secret")
        deployment.start()
        deployment.produce([deployment.record("click", 0, TS_MS, campaign_id="a")])

        def counted():
            with server.client(password="secret") as client:
                return client.hget("roi:{a}:total", "clicks") == b"1"

        poll(counted, 60, "counted with the password from the file", every_s=0.2)
    finally:
        server.close()


def test_a_second_group_on_one_prefix_is_refused_with_77(deploy):
    deployment = deploy()
    deployment.send("click", 0, TS_MS, campaign_id="a")
    first = deployment.start()
    counted = deployment.expect_exact()
    deployment.configure({"kafka": {"group": deployment.name + "-other"}})
    second = deployment.start()
    assert second.wait(30) == 77, second.log
    assert deployment.name in second.log
    assert first.running()
    deployment.expect_exact(30, counted)


def test_a_redis_that_is_absent_at_the_start(deploy, tmp_path):
    server = Redis(tmp_path / "redis")
    try:
        deployment = deploy(redis=server)
        deployment.send("click", 0, TS_MS, campaign_id="a")
        assert deployment.cli("offsets").returncode == 69
        daemon = deployment.start()
        poll(lambda: str(server.socket) in daemon.log or not daemon.running(), 30, "the daemon names what is absent")
        server.start()
        if not daemon.running():
            assert daemon.process.returncode == 69
            daemon = deployment.start()
        deployment.expect_exact()
    finally:
        server.close()


def test_a_kafka_that_is_absent_at_the_start(deploy, store):
    deployment = deploy()
    absent = f"127.0.0.1:{free_port()}"
    deployment.configure({"kafka": {"brokers": absent}})
    daemon = deployment.start()
    poll(lambda: absent in daemon.log, 30, "the daemon names what is absent")
    assert daemon.running() or daemon.wait(1) == 69
    assert deployment.members() == set()
    if daemon.running():
        assert daemon.stop() == 0


def test_topics_that_are_made_later_are_waited_for_and_counted_from_their_start(deploy, kafka):
    deployment = deploy()
    deployment.topics = {kind: topic + ".later" for kind, topic in deployment.topics.items()}
    deployment.configure({})
    daemon = deployment.start()
    poll(lambda: deployment.topics["click"] in daemon.log or deployment.meta(), 30, "the daemon waits for its topics")
    kafka_log.create_topics(kafka.address, deployment.topics.values(), 2)
    deployment.send("click", 0, TS_MS, campaign_id="a")
    deployment.send("order", 1, TS_MS, order_id="o", revenue="3.5", campaign_id="a")
    assert daemon.running(), daemon.log
    deployment.expect_exact()
