#!/usr/bin/python3
"""Compares the tables of docs/CONTRACT.md, METRICS.md and MAPPING.md with those in the code, or writes them.

    tests/docs/compare.py TABLES ROIWATCH [--write]

TABLES is build/PRESET/bin/roiwatch-tables, which prints most of them; ROIWATCH is the program, whose --help has the
commands and exit codes. In a document a table stands between `<!-- table NAME -->` and `<!-- end -->`.
"""

import difflib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ("docs/CONTRACT.md", "docs/METRICS.md", "docs/MAPPING.md")
PLACE = re.compile(r"(<!-- table ([a-z0-9-]+) -->\n)(.*?)(<!-- end -->)", re.S)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def printed_tables(program):
    parts = re.split(r"^<!-- table ([a-z0-9-]+) -->\n", run(program), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell for cell in line) + " |\n" for line in lines).replace("| --- ", "|---").replace(
        "|--- |", "|---|")


def help_tables(program):
    text = run(program, "--help")
    listed = text.split("Commands:\n")[1].split("\n\n")[0]
    commands = [re.fullmatch(r"  ([a-z]+)( [A-Z]+)? +(.+)", line).groups("") for line in listed.splitlines()]
    codes = " ".join(text.split("Exit codes: ")[1].split()).rstrip(".").split(", ")
    return {
        "commands": markdown(["command", "for"], [[f"`roiwatch {name}{word}`", what] for name, word, what in commands]),
        "exit-codes": markdown(["code", "meaning"], [code.split(" ", 1) for code in codes]),
    }


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--write"]):
        sys.exit(__doc__)
    tables = {**printed_tables(sys.argv[1]), **help_tables(sys.argv[2])}
    wrong, named = [], []
    for name in DOCUMENTS:
        old = (ROOT / name).read_text(encoding="utf-8")
        named += [match[1] for match in PLACE.findall(old)]
        new = PLACE.sub(lambda match: match[1] + tables.get(match[2], "") + match[4], old)
        if sys.argv[3:]:
            (ROOT / name).write_text(new, encoding="utf-8")
        else:
            wrong += difflib.unified_diff(old.splitlines(), new.splitlines(), name, "the code", lineterm="")
    wrong += [f"no table is called {name}" for name in named if name not in tables]
    wrong += [f"the table {name} has no place" for name in tables if name not in named]
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


if __name__ == "__main__":
    main()
