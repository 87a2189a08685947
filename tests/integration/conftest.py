"""One broker for the whole run; every test has topics, a consumer group and a Redis of its own."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.integration.deployment import BIN, Deployment  # noqa: E402
from tests.integration.servers import Kafka, Redis  # noqa: E402


@pytest.fixture(scope="session")
def kafka():
    broker = Kafka()
    try:
        yield broker.start()
    finally:
        broker.close()


@pytest.fixture
def store():
    server = Redis()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def deploy(kafka, store, tmp_path):
    """A function that makes a Deployment; all are ended, and their sanitizers asked, when the test is over."""
    if not (BIN / "roiwatchd").exists():
        pytest.fail(f"{BIN}/roiwatchd is not built (ROIWATCH_BIN names another folder)")
    made = []

    def make(config=None, broker=None, redis=None, **more):
        made.append(Deployment(broker or kafka, redis or store, tmp_path, config, **more))
        return made[-1]

    yield make
    for deployment in made:
        deployment.close()
