#!/usr/bin/python3
"""`cmake --install`: everything is where it is looked for, and a configuration that is there stays.

    tests/package/check_install.py CMAKE BUILD
"""

import os
import pathlib
import stat
import subprocess
import sys
import tempfile

EXPECTED = [
    "sbin/roiwatchd", "bin/roiwatch", "lib/systemd/system/roiwatchd.service", "lib/systemd/system/roiwatchd@.service",
    "lib/sysusers.d/roiwatch.conf", "share/man/man8/roiwatchd.8", "share/man/man1/roiwatch.1", "share/man/man5/roiwatch.yaml.5",
    "share/bash-completion/completions/roiwatch", "share/bash-completion/completions/roiwatchd",
    "share/fish/vendor_completions.d/roiwatch.fish", "share/zsh/*/_roiwatch", "share/doc/roiwatch/examples/example.yaml",
    "share/doc/roiwatch/examples/prometheus-rules.yaml", "share/doc/roiwatch/examples/grafana-dashboard.json",
]


def install(cmake, build, folder):
    subprocess.run([cmake, "--install", build], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": str(folder)})


def problems(cmake, build, folder):
    install(cmake, build, folder)
    yield from (f"{name} is not installed" for name in EXPECTED if not list(folder.glob(f"usr/**/{name}")))
    config = folder / "etc/roiwatch"
    secrets = config / "credentials"
    if not (config / "campaigns.d").is_dir() or list((config / "campaigns.d").iterdir()):
        yield "campaigns.d is not an empty folder: an example in it would be counted"
    if not secrets.is_dir() or stat.S_IMODE(secrets.stat().st_mode) != 0o700:
        yield "credentials is not a folder for root alone"
    sample = pathlib.Path(__file__).resolve().parents[2] / "conf/roiwatch.yaml"
    if (config / "roiwatch.yaml").read_bytes() != sample.read_bytes():
        yield "roiwatch.yaml is not the sample"
    for unit in folder.glob("usr/**/lib/systemd/system/*.service"):
        program = next(line for line in unit.read_text(encoding="utf-8").splitlines() if line.startswith("ExecStart=")).split("=", 1)[1].split()
        if not (folder / program[0].lstrip("/")).exists() or program[2] != "/etc/roiwatch/roiwatch.yaml":
            yield f"{unit.name} starts {program}"
    (config / "roiwatch.yaml").write_text("# an operator's\n", encoding="utf-8")
    install(cmake, build, folder)
    if (config / "roiwatch.yaml").read_text(encoding="utf-8") != "# an operator's\n":
        yield "an operator's roiwatch.yaml was replaced"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="roiwatch-install-") as folder:
        found = list(problems(sys.argv[1], sys.argv[2], pathlib.Path(folder)))
    print("\n".join(found) or f"{len(EXPECTED)} files are in their places")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
