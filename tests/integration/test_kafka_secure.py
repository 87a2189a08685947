"""Kafka with logins over TLS and access lists: counts end to end, what is said of each refusal, and that no secret shows."""

import os
import shutil

import confluent_kafka
import pytest

from tests.integration import kafka_rights as rights
from tests.integration.certificates import Authority
from tests.integration.deployment import BIN, environment
from tests.integration.servers import Kafka, Secure, end, poll, private_directory, spawn

TS_MS = 1_772_600_000_000
USER, PASSWORD = "pat", "kafka-Tr0ub4dor"
SCRAM_USER, SCRAM_PASSWORD = "sam", "scram-Tr0ub4dor"
REDIS_PASSWORD = "redis-Tr0ub4dor"
# librdkafka before it answers newer brokers' SCRAM as they demand; of those in Debian 12 (2.0.2) and 13 (2.8.0) only the latter.
SCRAM_SOUND = confluent_kafka.libversion()[1] >= 0x020800FF


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="secure", scope="module")
def fixture_secure(authority):
    broker = Kafka(heap="512m", secure=Secure(authority.issue("kafka"), {USER: PASSWORD}, {SCRAM_USER: SCRAM_PASSWORD}))
    try:
        yield broker.start()
    finally:
        broker.close()


@pytest.fixture(name="password_file")
def fixture_password_file(tmp_path):
    path = tmp_path / "kafka-password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


@pytest.fixture(name="enter")
def fixture_enter(deploy, secure, authority, password_file):
    """A function that makes a deployment which logs in; `user` gets all rights that it needs."""
    made = []

    def enter(user=USER, mechanism="PLAIN", config=None, redis=None, **properties):
        deployment = deploy(config, broker=secure, redis=redis)
        deployment.configure({**(config or {}), "kafka": {"brokers": secure.secure_address, "properties": {
            "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, "sasl.username": user,
            "sasl.password_file": str(password_file), "ssl.ca.location": str(authority.ca), **properties}}})
        granted = [(rights.TOPIC, list(deployment.topics.values()), rights.READ),
                   (rights.GROUP, [deployment.name], rights.READ), (rights.TOPIC, [deployment.dead_letter], rights.WRITE)]
        for right in granted:
            rights.allow(secure.address, user, *right)
        made.append((user, granted))
        return deployment

    yield enter
    for user, granted in made:
        for right in granted:
            rights.forbid(secure.address, user, *right)


def fill(deployment):
    records = [deployment.record("click", i % 8, TS_MS + i, campaign_id=f"c{i % 50}") for i in range(2000)]
    deployment.produce(records)
    deployment.send("click", 0, TS_MS, campaign_id=None)  # rejected: a letter has to be written


def expect_counted(deployment):
    daemon = deployment.start()
    deployment.expect_exact()
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr
    assert deployment.cli("check", "--live").returncode == 0
    assert daemon.stop() == 0
    return daemon


def test_counts_are_exact_over_sasl_plain_and_tls(enter):
    deployment = enter()
    fill(deployment)
    expect_counted(deployment)


def test_counts_are_exact_over_scram_or_it_is_said_why_not(enter, password_file):
    password_file.write_text(SCRAM_PASSWORD, encoding="utf-8")
    deployment = enter(SCRAM_USER, "SCRAM-SHA-256")
    fill(deployment)
    if SCRAM_SOUND:
        expect_counted(deployment)
        return
    daemon = deployment.start()
    assert daemon.wait(60) == 77, daemon.log
    assert "SCRAM of this librdkafka" in daemon.log and "Debian 13" in daemon.log
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 77 and "SCRAM of this librdkafka" in checked.stderr, checked.stderr


def test_a_broker_that_is_restarted_does_not_end_a_login_that_was_good(enter, secure):
    deployment = enter()
    daemon = deployment.start()
    fill(deployment)
    deployment.expect_exact()
    secure.stop()
    secure.start()
    deployment.send("click", 1, TS_MS, campaign_id="after")
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_a_wrong_password_ends_with_77_after_a_while(enter, password_file):
    password_file.write_text("wrong-Tr0ub4dor\n", encoding="utf-8")
    deployment = enter()
    daemon = deployment.start()
    assert daemon.wait(60) == 77, daemon.log
    assert "Invalid username or password" in daemon.log and "may do so for a moment" in daemon.log
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 77 and "Invalid username or password" in checked.stderr, checked.stderr
    assert "wrong-Tr0ub4dor" not in daemon.log + checked.stderr + checked.stdout


def test_a_broker_of_an_unknown_authority_is_waited_for(enter, tmp_path):
    deployment = enter(**{"ssl.ca.location": str(Authority(tmp_path / "other").ca)})
    daemon = deployment.start()
    poll(lambda: "certificate verify failed" in daemon.log, 30, "said", daemon.process)
    line = next(line for line in daemon.log.splitlines() if "certificate verify failed" in line)
    assert "error" in line and "ssl.ca.location" in line and "nothing is lost" in line, line
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 78 and "certificate verify failed" in checked.stderr, checked.stderr
    assert daemon.running() and daemon.stop() == 0


@pytest.mark.parametrize("kind,told", [("topic", "the right Read on the topic"), ("group", "the right Read on the group"),
                                       ("letters", "the right Write on the topic")])
def test_a_right_that_is_missing_is_named(enter, secure, kind, told):
    deployment = enter()
    fill(deployment)
    name, taken = {
        "topic": (deployment.topics["click"], (rights.TOPIC, [deployment.topics["click"]], rights.READ)),
        "group": (deployment.name, (rights.GROUP, [deployment.name], rights.READ)),
        "letters": (deployment.dead_letter, (rights.TOPIC, [deployment.dead_letter], rights.WRITE)),
    }[kind]
    rights.forbid(secure.address, USER, *taken)
    rights.allow(secure.address, USER, rights.TOPIC, [name], rights.DESCRIBE)
    daemon = deployment.start()
    assert daemon.wait(60) == 77, daemon.log
    assert f"{told} {name}: kafka-acls.sh --add --allow-principal User:{USER}" in daemon.log, daemon.log
    if kind != "letters":  # whether a topic may be written is known when it is
        checked = deployment.cli("check", "--live")
        assert checked.returncode == 77 and f"{told} {name}" in checked.stderr, checked.stderr
    rights.allow(secure.address, USER, *taken)
    daemon = deployment.start()
    deployment.expect_exact()
    assert daemon.stop() == 0


def test_replay_names_each_right_that_it_needs_beside_the_daemons(enter, secure):
    deployment = enter()
    daemon = deployment.start()
    deployment.send("click", 0, TS_MS, campaign_id=None)
    deployment.expect_exact()
    assert daemon.stop() == 0
    identity = f"{deployment.name}.replay.{deployment.dead_letter}"
    needed = [("Write on the transactional-id", "transactional-id", rights.TRANSACTIONAL_ID, identity, rights.WRITE),
              ("Read on the topic", "topic", rights.TOPIC, deployment.dead_letter, rights.READ),
              ("Write on each of kafka.topics", None, rights.TOPIC, deployment.topics["click"], rights.WRITE)]
    for told, kind, resource, name, operation in needed:
        result = deployment.cli("replay", "--yes")
        assert result.returncode == 77, result.stderr
        grant = f"{told} {name}: kafka-acls.sh --add --allow-principal User:{USER} --operation {told.split()[0]} --{kind} {name}"
        assert (grant if kind else told) in result.stderr, result.stderr
        rights.allow(secure.address, USER, resource, [name], operation)
    result = deployment.cli("replay", "--yes")
    assert result.returncode == 0 and "1 of 1 letters" in result.stderr, result.stderr
    for _, _, resource, name, operation in needed:
        rights.forbid(secure.address, USER, resource, [name], operation)


def test_a_login_without_any_right_is_told_so(enter, secure):
    deployment = enter()
    for right in ((rights.TOPIC, list(deployment.topics.values()), rights.READ),
                  (rights.GROUP, [deployment.name], rights.READ), (rights.TOPIC, [deployment.dead_letter], rights.WRITE)):
        rights.forbid(secure.address, USER, *right)
    daemon = deployment.start()
    assert daemon.wait(60) == 77, daemon.log
    assert "needs the right" in daemon.log
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 77, checked.stderr
    assert all(f"the right Read on the topic {topic}" in checked.stderr for topic in deployment.topics.values())


def test_no_secret_shows_anywhere(enter, tmp_path, store):
    (tmp_path / "redis-password").write_text(REDIS_PASSWORD + "\n", encoding="utf-8")
    with store.client() as client:
        client.execute_command("ACL", "SETUSER", "roiwatch", "on", f">{REDIS_PASSWORD}", "~*", "&*", "+@all")
    deployment = enter(config={"redis": {"username": "roiwatch", "password_file": str(tmp_path / "redis-password")}},
                       debug="all")
    fill(deployment)
    shown = {}
    for form in ("text", "json"):
        daemon = deployment.start("--log-format", form)
        deployment.expect_exact()
        for name in ("cmdline", "environ"):
            shown[f"{name} {form}"] = open(f"/proc/{daemon.process.pid}/{name}", "rb").read().decode(errors="replace")
        assert daemon.stop() == 0
        shown[f"log {form}"] = daemon.log
    for words in (["config"], ["config", "--json"], ["check", "--live"], ["check", "--live", "--json"],
                  ["offsets", "--json"], ["show", "c1", "--json"]):
        result = deployment.cli(*words)
        assert result.returncode == 0, (words, result.stderr)
        shown[" ".join(words)] = result.stdout + result.stderr
    assert str(tmp_path / "redis-password") in shown["config"] and "sasl.password_file" in shown["config"]
    assert [where for where, text in shown.items() if PASSWORD in text or REDIS_PASSWORD in text] == []


def test_no_core_dump_is_left_and_nobody_else_may_look_into_the_process():
    """The kernel gives /proc/PID of a process that must not be dumped to root; that of others to their user."""
    directory, nobody = private_directory(), 65534
    try:
        directory.chmod(0o755)
        config = directory / "roiwatch.yaml"
        config.write_text("kafka: {brokers: '127.0.0.1:9'}\nredis: {url: 'unix:///nowhere'}\nhttp: {listen: ~}\n",
                          encoding="utf-8")
        shutil.copy(BIN / "roiwatchd", directory)
        user = {"user": nobody, "group": nobody, "extra_groups": []} if os.geteuid() == 0 else {}
        with open(directory / "log", "wb") as log:
            process = spawn([directory / "roiwatchd", "-c", config], stdout=log, stderr=log, env=environment(), **user)
        try:
            poll(lambda: b"redis: " in (directory / "log").read_bytes(), 30, "it runs", process)
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        finally:
            end(process)
    finally:
        shutil.rmtree(directory)
