"""Requests to a daemon's listener, and what is expected of them."""

import http.client
import json
import time

from tests.integration.servers import free_port, poll


class Client:
    """Talks to one listener; each request has a connection of its own."""

    def __init__(self, port=None, host="127.0.0.1"):
        self.host, self.port = host, port or free_port()

    @property
    def listen(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def request(self, target, method="GET", body=None, headers=None, timeout_s=10):
        """(status, headers, body as bytes)"""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def json(self, target, status=200):
        found, headers, body = self.request(target)
        assert found == status, (target, found, body[:500])
        assert headers["Content-Type"] == "application/json"
        return json.loads(body)

    def answers(self):
        try:
            return self.request("/livez")[0] == 200
        except OSError:
            return False

    def reasons(self):
        """Why it is not ready; the empty set where it is."""
        status, _, body = self.request("/readyz")
        told = json.loads(body)
        reasons = {reason["reason"] for reason in told["reasons"]}
        assert (status == 200) == told["ready"] == (not reasons), (status, told)
        return reasons

    def expect_ready(self, within_s=60):
        poll(lambda: self.answers() and not self.reasons(), within_s, "ready", every_s=0.2)

    def expect_unready(self, reason, within_s=10):
        """Not ready for that reason within the time, and alive at every look. Returns how long it took."""
        began = time.monotonic()

        def told():
            assert self.answers(), "not alive"
            return reason in self.reasons()

        poll(told, within_s, f"unready because of {reason}", every_s=0.2)
        return time.monotonic() - began


def metrics(text):
    """{name{labels}: value} of a page of metrics."""
    found = {}
    for line in text.decode().splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name not in found, f"{name} stands twice"
            found[name] = float(value)
    return found
