"""The package in a real systemd, with a real Kafka and Debian's Redis: what README says, word by word, and then what befalls
a service: reloads, the watchdog, kill -9, a wrong configuration, a password, another process, an upgrade.

The whole module has one booted machine a suite, in a network of its own, where Kafka has port 9092 and Redis 6379.
"""

import itertools
import pathlib
import re
import textwrap
from types import SimpleNamespace

import pytest
import redis

from tests.integration import kafka_log
from tests.integration.deployment import Deployment
from tests.integration.servers import ROOT, Kafka, kafka_jars, poll
from tests.oracle.generator import Generator
from tests.package.machines import Machine, OwnNetwork

N_EVENTS = 20000
UNIT = "roiwatchd.service"
TOPICS = ("ad.impressions", "ad.clicks", "ad.orders", "roiwatch.dead-letter")
README_SECTION = re.compile(r"^## Run it as a service\n(.*?)^## ", re.M | re.S)
STEP = re.compile(r"^ *```sh\n(.*?)^ *```", re.M | re.S)


class DebianRedis:
    """The service that Debian's package starts, as the harness sees a store."""

    url = "redis://localhost:6379/0"
    password = None

    def client(self, **more):
        return redis.Redis(port=6379, password=self.password, **more)


class Service:
    """The unit, as the harness sees a daemon: alive as long as systemd keeps it so."""

    def __init__(self, machine, unit=UNIT):
        self.machine, self.unit = machine, unit
        self.log_path = pathlib.Path(unit)
        self.process = SimpleNamespace(poll=self.state)

    @property
    def log(self):
        return self.machine.journal(self.unit)

    def state(self):
        return self.machine.property(self.unit, "ActiveState")

    def running(self):
        return self.state() in ("active", "activating", "reloading")

    def check(self):
        assert "Sanitizer" not in self.log

    def close(self):
        pass


@pytest.fixture(scope="module")
def world(suite, packages):
    kafka_jars()
    machine = Machine(suite)
    try:
        # apt's downloads, while there is a network.
        machine.copy(packages[0], f"/srv/build/package/{packages[0].name}")
        machine.copy(packages[1], "/srv/new.deb")
        machine.write("/etc/apt/apt.conf.d/90test", 'APT::Get::Assume-Yes "true";\n')
        machine.shell("apt-get -q update && cd /srv && apt-get -q --download-only install ./build/package/*.deb redis-server kcat")
        with OwnNetwork():
            broker = Kafka(heap="512m", port=9092)
            try:
                broker.start()
                kafka_log.create_topics(broker.address, TOPICS, 4)
                yield SimpleNamespace(machine=machine.boot(), kafka=broker, store=DebianRedis())
            finally:
                machine.close()
                broker.close()
    finally:
        machine.close()


def service_is(machine, state, unit=UNIT, within_s=60):
    poll(lambda: machine.property(unit, "ActiveState") == state, within_s, f"{unit} is {state}: {machine.ask('systemctl status ' + unit)}")


@pytest.fixture
def installed(world):
    """Where README's steps were not run before (a single test was asked for), the package alone."""
    if "roiwatch" not in world.machine.ask("dpkg-query -W -f '${Package} ${db:Status-Status}' roiwatch | grep ' installed'"):
        world.machine.shell("apt install ./build/package/roiwatch_*.deb redis-server kcat")
    world.machine.shell("rm -f /etc/roiwatch/campaigns.d/*.yaml /etc/roiwatch/credentials/*")
    world.machine.ask(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}")
    return world


def configure(world, deployment):
    world.machine.write("/etc/roiwatch/roiwatch.yaml", deployment.config_path.read_text(encoding="utf-8"))


@pytest.fixture
def deployment(installed, tmp_path):
    """Topics of its own, below a prefix of its own in the Redis of the machine."""
    made = Deployment(installed.kafka, installed.store, tmp_path, {"redis": {"prefix": f"{tmp_path.name}:"}})
    made.daemons.append(Service(installed.machine))
    configure(installed, made)
    return made


def test_readme_gets_a_person_from_the_package_to_numbers(world):
    machine = world.machine
    section = README_SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))[1]
    steps = [textwrap.dedent(step) for step in STEP.findall(section)]
    assert steps[0].startswith("./dev package\n") and len(steps) == 5
    steps[0] = steps[0].removeprefix("./dev package\n")  # the fixture has made it
    output = []
    for step in steps:
        output.append(machine.shell(step))
        if len(output) == 1:
            assert machine.property(UNIT, "ActiveState") == "inactive", "started before it was configured"
    assert "Active: active (running)" in output[3]
    status = machine.property(UNIT, "StatusText")
    assert re.fullmatch(r"\d+ partitions, \d+ messages to read, .*\d+ goals firing", status), status
    assert re.search(r"^revenue .* 89\.90$", output[4], re.M), output[4]
    assert machine.shell("systemctl is-enabled roiwatchd").strip() == "enabled"


def test_the_units_hold_what_systemd_says_of_them(installed):
    machine = installed.machine
    assert machine.property(UNIT, "Type") == ("notify" if machine.suite == "bookworm" else "notify-reload")
    for unit in (UNIT, "roiwatchd@9465.service"):
        machine.shell(f"systemd-analyze verify --man=no {unit}")
        judged = machine.shell(f"systemd-analyze security --no-pager {unit}")
        assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", judged)[1]) <= 1.2, judged
    # With a user, privileges and a view of its own, and nothing that a core dump could tell.
    installed.machine.shell(f"systemctl start {UNIT}")
    pid = machine.property(UNIT, "MainPID")
    status = machine.shell(f"cat /proc/{pid}/status; cat /proc/{pid}/limits")
    uid = machine.shell("id -u roiwatch").strip()
    assert re.search(rf"^Uid:\s+{uid}\s", status, re.M) and re.search(r"^CapEff:\s+0+$", status, re.M)
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert re.search(r"^Max core file size +0 +0 ", status, re.M)


def test_reload_watchdog_and_kill_leave_every_number_exact(installed, deployment):
    machine, service = installed.machine, deployment.daemons[0]
    records = iter(Generator(31, N_EVENTS, deployment.topics, deployment.partitions))
    machine.shell(f"systemctl start {UNIT}")
    deployment.produce(itertools.islice(records, N_EVENTS // 4))

    # A reload that brings a campaign, and one that is refused.
    machine.write("/etc/roiwatch/campaigns.d/new.yaml", "campaigns: {reloaded: {labels: {by: reload}}}\n")
    machine.shell("systemctl reload roiwatchd")
    poll(lambda: deployment.campaign("reloaded"), 30, "the reload brought a campaign")
    machine.write("/etc/roiwatch/campaigns.d/new.yaml", "campaigns: {reloaded: {lables: {by: reload}}}\n")
    machine.ask("systemctl reload roiwatchd")
    poll(lambda: "the configuration file was not taken" in machine.property(UNIT, "StatusText"), 30, "the status tells of it")
    assert "lables" in service.log and service.running()
    deployment.config["campaigns"] = {"reloaded": {"labels": {"by": "reload"}}}
    machine.write("/etc/roiwatch/campaigns.d/new.yaml", "campaigns: {reloaded: {labels: {by: reload}}}\n")

    # The loop stops turning; the watchdog ends the process, and the next one does not hang.
    deployment.produce(itertools.islice(records, N_EVENTS // 4))
    machine.shell(f"""mkdir -p /run/systemd/system/{UNIT}.d
        printf '[Service]\\nWatchdogSec=3\\nRestartSec=1\\nEnvironment=ROIWATCH_FAIL_AT=loop-hang\\n' >/run/systemd/system/{UNIT}.d/hang.conf
        systemctl daemon-reload; systemctl restart {UNIT}
        rm /run/systemd/system/{UNIT}.d/hang.conf; systemctl daemon-reload""")
    poll(lambda: machine.property(UNIT, "NRestarts") == "1", 30, "the watchdog bites")
    assert "Watchdog timeout" in service.log
    service_is(machine, "active")

    # Killed with work in flight, twice.
    for n in (2, 3):
        deployment.produce(itertools.islice(records, N_EVENTS // 4))
        deployment.wait_for_calls(10, 20)
        machine.shell(f"systemctl kill -s KILL {UNIT}")
        poll(lambda n=n: machine.property(UNIT, "NRestarts") == str(n), 30, "systemd starts it again")
    deployment.produce(records)
    deployment.expect_exact(180)
    machine.shell(f"systemctl stop {UNIT}", timeout_s=60)
    assert machine.property(UNIT, "Result") == "success"


def test_a_wrong_configuration_fails_at_once_and_is_not_tried_again(installed, deployment):
    machine = installed.machine
    machine.shell("echo 'no_such_key: 1' >>/etc/roiwatch/roiwatch.yaml")
    assert machine.ask(f"systemctl start {UNIT} || echo refused") == "refused"
    assert machine.property(UNIT, "ExecMainStatus") == "78"
    assert machine.property(UNIT, "ActiveState") == "failed" and machine.property(UNIT, "NRestarts") == "0"
    assert "roiwatch.yaml" in machine.journal(UNIT) and "no_such_key" in machine.journal(UNIT)
    configure(installed, deployment)
    machine.shell(f"systemctl reset-failed {UNIT}; systemctl start {UNIT}")


def test_a_password_is_a_file_that_only_root_can_read(installed, deployment):
    machine, store = installed.machine, installed.store
    with store.client() as client:
        client.config_set("requirepass", "correct horse")
    store.password = "correct horse"
    try:
        deployment.configure({"redis": {"prefix": deployment.prefix.decode(), "password_file": "redis-password"}})
        configure(installed, deployment)
        machine.write("/etc/roiwatch/credentials/redis-password", "wrong\n", mode=0o600)
        machine.ask(f"systemctl start {UNIT}")
        poll(lambda: machine.property(UNIT, "ExecMainStatus") == "77", 30, "a wrong password is denied")
        machine.write("/etc/roiwatch/credentials/redis-password", "correct horse\n", mode=0o600)
        service_is(machine, "active")  # the next start reads the new password
        machine.shell("roiwatch check --live")  # root finds the same file
        assert "correct horse" not in machine.shell("roiwatch config") + machine.journal(UNIT)
        deployment.produce(Generator(32, 2000, deployment.topics, deployment.partitions))
        deployment.expect_exact(60)
    finally:
        with store.client() as client:
            client.config_set("requirepass", "")
        store.password = None


def test_a_service_waits_for_servers_that_are_away(installed, deployment):
    machine = installed.machine
    machine.shell("systemctl stop redis-server")
    try:
        machine.shell(f"systemctl start {UNIT}", timeout_s=40)
        assert "waiting for Redis" in machine.property(UNIT, "StatusText")
    finally:
        machine.shell("systemctl start redis-server")
    deployment.produce(Generator(33, 2000, deployment.topics, deployment.partitions))
    deployment.expect_exact(60)


def test_an_instance_shares_the_partitions(installed, deployment):
    machine, second = installed.machine, "roiwatchd@9465.service"
    machine.shell(f"systemctl start {UNIT} {second}")
    deployment.daemons.append(Service(machine, second))
    try:
        told = []

        def shared():
            told[:] = [machine.property(unit, "StatusText") for unit in (UNIT, second)]
            held = [int(text.split()[0]) for text in told if re.match(r"\d+ partitions, ", text)]
            return len(held) == 2 and min(held) > 0 and sum(held) == len(deployment.topics) * deployment.partitions

        try:
            poll(shared, 30, "both hold partitions", every_s=0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}: {told} {[service.log[-1500:] for service in deployment.daemons]}") from None
        deployment.produce(Generator(34, 4000, deployment.topics, deployment.partitions))
        machine.shell(f"systemctl kill -s KILL {UNIT}")
        deployment.expect_exact(90)
    finally:
        machine.ask(f"systemctl stop {second}")


def test_an_upgrade_starts_it_again_and_purging_ends_it(installed, deployment):
    machine = installed.machine
    machine.shell(f"systemctl start {UNIT} roiwatchd@9465.service")
    before = [machine.property(unit, "MainPID") for unit in (UNIT, "roiwatchd@9465.service")]
    machine.shell("apt-get -q install ./new.deb")
    after = [machine.property(unit, "MainPID") for unit in (UNIT, "roiwatchd@9465.service")]
    assert all(old != new and new != "0" for old, new in zip(before, after)), (before, after)
    deployment.produce(Generator(35, 2000, deployment.topics, deployment.partitions))
    deployment.expect_exact(60)
    machine.shell("apt-get -q purge roiwatch")
    assert machine.ask("systemctl list-units --all --no-legend 'roiwatchd*' | grep -w running") == ""
    assert not machine.path("/etc/roiwatch").exists()
    assert machine.ask("systemctl --failed --no-legend") == ""
