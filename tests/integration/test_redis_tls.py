"""Redis over TLS: counts end to end, and what is said where a certificate or a port does not fit.

A hiredis without TLS (Debian 12) can only refuse it; the rest needs one that has it (Debian 13).
"""

import functools
import subprocess

import pytest

from tests.integration.certificates import Authority
from tests.integration.deployment import BIN, Deployment, environment
from tests.integration.servers import Redis, poll

TS_MS = 1_772_600_000_000


@functools.cache
def has_tls():
    result = subprocess.run([str(BIN / "roiwatch"), "check", "-c", "/dev/null", "--set", "kafka.brokers=x", "--set",
                             "redis.url=rediss://x"], capture_output=True, text=True, env=environment(), check=False)
    return "needs hiredis 1.0" not in result.stderr


@pytest.fixture(name="needs_tls")
def fixture_needs_tls():
    if not has_tls():
        pytest.skip("this roiwatch was built with a hiredis without TLS")


@pytest.fixture(name="authority")
def fixture_authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture(name="serve")
def fixture_serve(tmp_path):
    """A function that starts a Redis whose TCP port speaks TLS with this certificate."""
    made = []

    def serve(authority, certificate, *extra):
        server = Redis(tmp_path / f"redis{len(made)}", tls=(authority, certificate), extra=extra)
        made.append(server)
        return server.start()

    yield serve
    for server in made:
        server.close()


def test_without_tls_in_hiredis_the_configuration_is_refused_with_a_way_out(tmp_path):
    if has_tls():
        pytest.skip("this roiwatch was built with a hiredis that has TLS")
    config = tmp_path / "roiwatch.yaml"
    config.write_text("kafka: {brokers: localhost}\nredis: {url: rediss://localhost}\n", encoding="utf-8")
    for program in ("roiwatchd", "roiwatch"):
        words = [str(BIN / program), "-c", str(config)] + (["check"] if program == "roiwatch" else [])
        result = subprocess.run(words, capture_output=True, text=True, timeout=30, env=environment(), check=False)
        assert result.returncode == 78, result.stderr
        assert "roiwatch.yaml:2:14: redis.url: rediss:// needs hiredis 1.0" in result.stderr, result.stderr
        assert "stunnel" in result.stderr and "Debian 13" in result.stderr


def with_clicks(deploy, server, **redis):
    deployment: Deployment = deploy({"redis": redis}, redis=server)
    deployment.produce([deployment.record("click", i % 8, TS_MS + i, campaign_id=f"c{i % 50}") for i in range(4000)])
    return deployment


@pytest.mark.usefixtures("needs_tls")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_counts_are_exact_over_tls(deploy, serve, authority, host):
    server = serve(authority, authority.issue("server"))
    deployment = with_clicks(deploy, server, url=f"rediss://{host}:{server.port}/0", ca_file=str(authority.ca))
    daemon = deployment.start()
    deployment.expect_exact()
    waited = deployment.cli("offsets", "--wait", "60s")
    assert waited.returncode == 0, waited.stderr
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 0, checked.stderr
    with server.client() as client:
        connected = [other for other in client.client_list() if ":" in other["addr"] and "/" not in other["addr"]]
        assert len(connected) == 1  # the daemon's, at a port that speaks nothing but TLS
    server.kill()
    server.start()
    poll(lambda: daemon.log.count("redis: connected to rediss://") == 2, 30, "connected again", daemon.process)
    deployment.expect_exact()
    assert daemon.stop() == 0


@pytest.mark.usefixtures("needs_tls")
def test_a_certificate_of_ours_is_shown_where_redis_demands_one(deploy, serve, authority):
    server = serve(authority, authority.issue("server"), "--tls-auth-clients", "yes")
    own = authority.issue("roiwatch", "DNS:roiwatch")
    files = {"url": f"rediss://localhost:{server.port}", "ca_file": str(authority.ca)}
    deployment = with_clicks(deploy, server, **files)
    daemon = deployment.start()
    poll(lambda: "redis.cert_file" in daemon.log, 30, "what is missing is said", daemon.process)
    assert daemon.stop() == 0
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 78 and "redis.cert_file" in checked.stderr, checked.stderr
    deployment.configure({"redis": {**files, "cert_file": str(own.cert), "key_file": str(own.key)}})
    daemon = deployment.start()
    deployment.expect_exact()
    assert daemon.stop() == 0


def expect_waiting(deployment, *words):
    """The daemon says these words as an error, once, and waits; check --live says them too, with 78."""
    daemon = deployment.start()
    poll(lambda: all(word in daemon.log for word in words), 40, f"{words} are said", daemon.process)
    line = next(line for line in daemon.log.splitlines() if words[0] in line)
    assert "nothing is lost" in line and "tries again" in line, line
    assert sum(words[0] in line for line in daemon.log.splitlines()) == 1
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 78, checked.stderr
    assert all(word in checked.stderr for word in words), checked.stderr
    return daemon


@pytest.mark.usefixtures("needs_tls")
def test_a_certificate_of_another_authority_is_not_taken_until_its_ca_is_named(deploy, serve, authority, tmp_path):
    server = serve(authority, authority.issue("server"))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path / "other").ca.read_bytes())
    deployment = with_clicks(deploy, server, url=f"rediss://localhost:{server.port}", ca_file=str(trusted))
    daemon = expect_waiting(deployment, "certificate of Redis is not accepted", "redis.ca_file")
    with server.client() as client:
        assert client.dbsize() == 0
    trusted.write_bytes(authority.ca.read_bytes())  # read at each connection: no restart is needed
    deployment.expect_exact()
    assert daemon.stop() == 0


@pytest.mark.usefixtures("needs_tls")
def test_the_systems_authorities_do_not_know_that_of_the_test(deploy, serve, authority):
    server = serve(authority, authority.issue("server"))
    deployment = with_clicks(deploy, server, url=f"rediss://localhost:{server.port}")
    assert expect_waiting(deployment, "certificate of Redis is not accepted", "redis.ca_file").stop() == 0


@pytest.mark.usefixtures("needs_tls")
@pytest.mark.parametrize("host,alternatives", [("localhost", "DNS:redis.example"), ("127.0.0.1", "DNS:localhost")])
def test_a_certificate_for_another_host_is_not_taken(deploy, serve, authority, host, alternatives):
    server = serve(authority, authority.issue("server", alternatives))
    deployment = with_clicks(deploy, server, url=f"rediss://{host}:{server.port}", ca_file=str(authority.ca))
    daemon = expect_waiting(deployment, f"not accepted for {host}", "mismatch", "redis.url")
    with server.client() as client:
        assert client.dbsize() == 0
    assert daemon.stop() == 0


@pytest.mark.usefixtures("needs_tls")
def test_an_expired_certificate_is_waited_for_until_it_is_renewed(deploy, serve, authority):
    expired, renewed = authority.issue("server", days=0), authority.issue("renewed")
    poll(lambda: subprocess.run(["openssl", "x509", "-in", expired.cert, "-noout", "-checkend", "0"], check=False,
                                capture_output=True).returncode == 1, 5, "the certificate has expired")
    server = serve(authority, expired)
    deployment = with_clicks(deploy, server, url=f"rediss://localhost:{server.port}", ca_file=str(authority.ca))
    daemon = expect_waiting(deployment, "certificate has expired", "renew it")
    with server.client() as client:
        client.config_set("tls-cert-file", str(renewed.cert), "tls-key-file", str(renewed.key))
    deployment.expect_exact()
    assert daemon.stop() == 0


@pytest.mark.usefixtures("needs_tls")
def test_a_port_that_does_not_speak_tls_is_named_as_such(deploy, tmp_path):
    server = Redis(tmp_path / "redis", tcp=True)
    try:
        server.start()
        deployment = with_clicks(deploy, server, url=f"rediss://127.0.0.1:{server.port}")
        assert expect_waiting(deployment, "TLS: ", "tls-port").stop() == 0
    finally:
        server.close()


@pytest.mark.usefixtures("needs_tls")
def test_a_port_that_speaks_tls_only_is_guessed(deploy, serve, authority):
    server = serve(authority, authority.issue("server"))
    deployment = with_clicks(deploy, server, url=f"redis://127.0.0.1:{server.port}")
    daemon = deployment.start()
    poll(lambda: "redis.url needs rediss://" in daemon.log, 30, "the hint", daemon.process)
    assert daemon.stop() == 0
    checked = deployment.cli("check", "--live")
    assert checked.returncode == 69 and "redis.url needs rediss://" in checked.stderr, checked.stderr


@pytest.mark.usefixtures("needs_tls")
@pytest.mark.parametrize("key", ["ca_file", "cert_file", "key_file"])
def test_a_file_that_cannot_be_used_is_a_mistake_of_the_configuration(deploy, serve, authority, tmp_path, key):
    server, own = serve(authority, authority.issue("server")), authority.issue("roiwatch")
    files = {"ca_file": str(authority.ca), "cert_file": str(own.cert), "key_file": str(own.key)}
    for path in (tmp_path / "absent.pem", tmp_path / "nonsense.pem"):
        if "nonsense" in path.name:
            path.write_text("nonsense\n", encoding="ascii")
        deployment = with_clicks(deploy, server, **{"url": f"rediss://localhost:{server.port}", **files,
                                                    key: str(path)})
        daemon = deployment.start()
        assert daemon.wait(30) == 78, daemon.log
        assert f"redis.{key} {path}" in daemon.log, daemon.log
        checked = deployment.cli("check", "--live")
        assert checked.returncode == 78 and f"redis.{key} {path}" in checked.stderr, checked.stderr
