#!/usr/bin/python3
"""Looks at the units as systemd does: `systemd-analyze verify` finds nothing, exposure is at most 1.2.

    tests/package/check_units.py UNITS ROIWATCHD

UNITS is the folder with the configured units, ROIWATCHD the program that stands in for the installed one.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

EXPOSURE_MAX = 1.2


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def problems(unit, program, directory):
    text = unit.read_text(encoding="utf-8")
    placed, n = re.subn(r"^ExecStart=\S+/roiwatchd ", f"ExecStart={program} ", text, flags=re.M)
    if n != 1 or "@ROIWATCH" in text or "@CMAKE" in text:
        yield f"{unit.name}: not configured, or without its ExecStart"
    copy = directory / unit.name.replace("@.", "@9465.")
    copy.write_text(placed, encoding="utf-8")
    verified = run("systemd-analyze", "verify", "--man=no", str(copy))
    if verified.returncode or verified.stdout.strip():
        yield f"{unit.name}: systemd-analyze verify: {verified.stdout.strip()}"
    judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(copy))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    if not exposure or float(exposure[1]) > EXPOSURE_MAX:
        yield f"{unit.name}: exposure over {EXPOSURE_MAX}:\n{judged.stdout}"
    else:
        print(f"{unit.name}: exposure {exposure[1]}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = []
    with tempfile.TemporaryDirectory(prefix="roiwatch-units-") as directory:
        for name in ("roiwatchd.service", "roiwatchd@.service"):
            found += problems(pathlib.Path(sys.argv[1]) / name, sys.argv[2], pathlib.Path(directory))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
