"""Runs a broker and a Redis for manual use until killed:

    /usr/bin/python3 tests/integration/run_servers.py --kafka --redis DIR

DIR/env then holds lines of KEY=VALUE for a shell: KAFKA (host:port), REDIS (path of the unix socket).
"""

import argparse
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.integration.servers import Kafka, Redis  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", action="store_true", help="start a Kafka broker")
    parser.add_argument("--redis", action="store_true", help="start a Redis")
    parser.add_argument("--aof", action="store_true", help="Redis writes every change to its disk first")
    parser.add_argument("directory", type=pathlib.Path)
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    servers, lines = [], []
    try:
        if arguments.redis:
            servers.append(Redis(directory / "redis", aof=arguments.aof).start())
            lines.append(f"REDIS={servers[-1].socket}")
        if arguments.kafka:
            servers.append(Kafka(directory / "kafka"))
            servers[-1].start()
            lines.append(f"KAFKA={servers[-1].address}")
        (directory / "env").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("\n".join(lines), flush=True)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        signal.sigwait(signals)
    finally:
        for server in servers:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
