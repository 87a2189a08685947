"""Real servers for the tests: one Apache Kafka broker (KRaft) and redis-server.

DESIGN. Every server lives in a private directory, listens on loopback only (or on a unix socket), and is ended by its
process id. A server whose parent dies is killed by the kernel (PR_SET_PDEATHSIG), so that a test run that is itself
killed leaves no process behind. A broker is stopped and started again over the same log directory and the same ports,
a Redis over the same directory, so that clients find the same server where it was.
"""

import ctypes
import fcntl
import os
import pathlib
import secrets
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time

import redis
from confluent_kafka.admin import AdminClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
POM = pathlib.Path(__file__).resolve().parent / "kafka" / "pom.xml"
JARS = ROOT / "build" / "kafka-jars"

_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def spawn(command, **more):
    """Starts a child that does not outlive the thread that called this."""
    return subprocess.Popen([str(word) for word in command], preexec_fn=_die_with_parent, **more)


def end(process, grace_s=20.0):
    """Ends one process by its id: politely, then by force. Returns its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def poll(condition, deadline_s, what, process=None, every_s=0.05):
    """Waits until condition() is true and returns its value. Between two looks it waits for the end of `process`
    (whose death ends the wait at once), or for the next look. Raises AssertionError when the time is over."""
    until = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        if process is None:
            time.sleep(every_s)
            continue
        try:
            status = process.wait(every_s)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the process ended with {status} before: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def private_directory():
    """A new directory with a path short enough for a unix socket in it."""
    return pathlib.Path(tempfile.mkdtemp(prefix="roiwatch-"))


def kafka_jars():
    """The folder with the broker's jars; fetched once from Maven Central, one fetcher at a time."""
    JARS.parent.mkdir(exist_ok=True)
    with open(JARS.parent / "kafka-jars.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (JARS / "complete").exists():
            JARS.mkdir(exist_ok=True)
            subprocess.run(["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
                            f"-DoutputDirectory={JARS}"], check=True)
            (JARS / "complete").touch()
    return JARS


class Secure:
    """What a listener with SASL over TLS needs: a certificate, and users with passwords for PLAIN and for SCRAM."""

    def __init__(self, certificate, plain, scram):
        self.certificate, self.plain, self.scram = certificate, plain, scram

    def properties(self):
        users = " ".join(f'user_{name}="{password}"' for name, password in self.plain.items())
        module, listener = "org.apache.kafka.common.security", "listener.name.sasl_ssl"
        return f"""\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
{listener}.plain.sasl.jaas.config={module}.plain.PlainLoginModule required {users};
{listener}.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;
{listener}.ssl.keystore.type=PEM
{listener}.ssl.keystore.location={self.certificate.both}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class Kafka:
    """One broker that is its own controller. `address` is for clients; `log` is what it printed. With `secure` there is
    also `secure_address`: SASL over TLS, where users have the rights that kafka_rights gives and no others."""

    def __init__(self, directory=None, heap="1g", port=None, secure=None):
        self.owned = directory is None
        self.directory = pathlib.Path(directory) if directory else private_directory()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "kafka.log"
        self.heap = heap
        self.port, self.controller_port = port or free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.secure = secure
        self.secure_port = free_port() if secure else None
        self.secure_address = f"127.0.0.1:{self.secure_port}" if secure else None
        self.process = None
        self._write_properties()
        scram = [word for name, password in (secure.scram if secure else {}).items()
                 for word in ("--add-scram", f"SCRAM-SHA-256=[name={name},password={password}]")]
        self._java("kafka.tools.StorageTool", "format", "-t", self._cluster_id(), "-c", self.properties, *scram)

    @staticmethod
    def _cluster_id():
        letters = string.ascii_letters + string.digits
        # 16 bytes in base64 are 22 characters, of which the last carries two bits only.
        return "".join(secrets.choice(letters) for _ in range(21)) + secrets.choice("AQgw")

    def _write_properties(self):
        self.properties = self.directory / "server.properties"
        listener = f"SASL_SSL://127.0.0.1:{self.secure_port}," if self.secure else ""
        self.properties.write_text(f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{self.controller_port}
listeners={listener}PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}
advertised.listeners={listener}PLAINTEXT://127.0.0.1:{self.port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs={self.directory / 'data'}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
auto.create.topics.enable=false
group.min.session.timeout.ms=1000
{self.secure.properties() if self.secure else ""}""", encoding="ascii")

    def _command(self, *words):
        return ["java", f"-Xmx{self.heap}", "-cp", f"{kafka_jars()}/*", *words]

    def _java(self, *words):
        with open(self.log, "ab") as log:
            status = subprocess.run([str(w) for w in self._command(*words)], stdout=log, stderr=log, check=False)
        if status.returncode != 0:
            raise RuntimeError(f"{words[0]} failed: {self.log.read_text(errors='replace')[-2000:]}")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = spawn(self._command("kafka.Kafka", self.properties), stdout=log, stderr=log)
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        poll(lambda: self._answers(admin), 90, f"a Kafka broker at {self.address}, see {self.log}", self.process)
        return self

    @staticmethod
    def _answers(admin):
        try:
            return bool(admin.list_topics(timeout=2).brokers)
        except Exception:  # confluent_kafka raises its own KafkaException while the broker is not there yet
            return False

    def stop(self):
        """Ends the broker; start() brings it back with everything that it had written."""
        if self.process:
            end(self.process)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
        self.stop()
        if self.owned:
            shutil.rmtree(self.directory, ignore_errors=True)


class Redis:
    """One redis-server on a unix socket, and on a TCP port where `tcp`, or one that speaks TLS only where `tls` is an
    authority and a certificate of it. With `aof` every write is on the disk before it is acknowledged, so that a kill
    loses nothing."""

    def __init__(self, directory=None, tcp=False, aof=False, policy="noeviction", tls=None, extra=()):
        self.owned = directory is None
        self.directory = pathlib.Path(directory) if directory else private_directory()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket = self.directory / "redis.sock"
        self.log = self.directory / "redis.log"
        self.port = free_port() if tcp or tls else 0
        self.url = f"redis{'s' if tls else ''}://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}"
        self.process = None
        if tls:
            authority, certificate = tls
            extra = ["--tls-port", self.port, "--tls-ca-cert-file", authority.ca, "--tls-cert-file", certificate.cert,
                     "--tls-key-file", certificate.key, "--tls-auth-clients", "no", *extra]
        self.command = [
            "redis-server", "--port", self.port if tcp else 0, "--bind", "127.0.0.1", "--unixsocket", self.socket, "--save", "",
            "--appendonly", "yes" if aof else "no", "--appendfsync", "always", "--maxmemory-policy", policy,
            "--dir", self.directory, *extra]

    def client(self, **more):
        return redis.Redis(unix_socket_path=str(self.socket), **more)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = spawn(self.command, stdout=log, stderr=log)
        poll(self.answers, 60, f"a Redis at {self.socket}, see {self.log}", self.process, every_s=0.01)
        return self

    def answers(self):
        try:
            with self.client() as client:
                return client.ping()
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            return False

    def stop(self):
        if self.process:
            end(self.process)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
        self.stop()
        if self.owned:
            shutil.rmtree(self.directory, ignore_errors=True)
