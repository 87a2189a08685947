#!/usr/bin/python3
"""Compares the man pages with what the programs say themselves, and lets man and the shells look at what was generated.

    tests/docs/manuals.py BIN MAN

BIN is the folder with roiwatch and roiwatchd, MAN that of the generated files (build/PRESET/daemon/man). Shells and man
are asked where they are installed.
"""

import pathlib
import re
import shutil
import subprocess
import sys

# What stands in a page but in no --help: options of other programs.
FOREIGN = {"--now"}
BASH = r'''
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
_roiwatch "$1"
printf '%s\n' "${COMPREPLY[@]}"
'''


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def plain(path):
    """A page as words: without requests, fonts and troff's names of characters."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^\.(SS|SH|TH) ?", "", text, flags=re.M)
    text = re.sub(r"^\.(\\\".*|[A-Za-z]+.*)$", "", text, flags=re.M)
    text = re.sub(r"\\f[BIRP]", "", text)
    for name, character in (("\\(aq", "'"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\(ga", "`"), ("\\-", "-"), ("\\&", ""), ("\\e", "\\")):
        text = text.replace(name, character)
    return " ".join(text.split())


def help_entries(text):
    """[left, right] of each entry of a help text: an option or command in the left column, and what it is for."""
    entries = []
    for line in text.splitlines():
        if re.match(r"  \S", line) and line[25:26] == " ":
            entries.append([line[2:26].strip(), line[26:]])
        elif entries and line.startswith(" " * 26):
            entries[-1][1] += " " + line.strip()
    return entries


def check_against_help(page_name, page, texts):
    known = set()
    for text in texts:
        for left, right in help_entries(text):
            known |= set(re.findall(r"--[a-z-]+", left))
            if left not in page:
                yield f"{page_name}: lacks {left!r}"
            if right.rstrip(".").lower() not in page.lower():
                yield f"{page_name}: {left}: lacks {right!r}"
        for code in re.findall(r"(\d+) ([^,.]+)[,.]", " ".join(text.partition("Exit codes:")[2].split())):
            if f"{code[0]} {code[1]}." not in page:
                yield f"{page_name}: lacks the exit status {code[0]}, {code[1]}"
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page))
    known |= set(re.findall(r"--[a-z][a-z-]*", " ".join(texts))) | FOREIGN
    for option in sorted(mentioned - known):
        yield f"{page_name}: tells of {option}, which no --help knows"


def check_keys(page, reference):
    """Every row of the reference of all keys stands in the page."""
    n = 0
    for line in reference.splitlines():
        row = re.match(r"^\| `([^`]+)` \| ([^|]+) \|.*\| (.*) \|$", line)
        if not row:
            continue
        n += 1
        meaning = row[3].replace(" *Not yet in this version.*", "")
        if f"{row[1]} ({row[2].strip()}" not in page or " ".join(meaning.split()) not in page:
            yield f"roiwatch.yaml.5: lacks {row[1]} or its meaning"
    if n < 50:
        yield f"only {n} keys were found in the reference"


def check_man(paths):
    if not shutil.which("man"):
        return
    for path in paths:
        result = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(path))
        if result.returncode or result.stderr.strip():
            yield f"{path.name}: man: {result.stderr.strip()}"


def bash_offers(script, *words):
    result = run("bash", "-c", BASH, "bash", str(script), *words)
    assert not result.stderr, result.stderr
    return result.stdout.split()


def check_bash(script, commands):
    wanted = [
        (("roiwatch", ""), set(commands)), (("roiwatch", "--"), {"--config", "--set", "--json", "--help", "--version"}),
        (("roiwatch", "--json", "off"), {"offsets"}), (("roiwatch", "-c", "x", "top", "--w"), {"--window"}),
        (("roiwatch", "--set", "redis.fl"), {"redis.flush="}), (("roiwatch", "completion", "f"), {"fish"}),
        (("/usr/sbin/roiwatchd", "--"), {"--config", "--set", "--help", "--version"}),
        (("roiwatch", "offsets", "--wait", ""), set()),
    ]
    for words, expected in wanted:
        offers = set(bash_offers(script, *words))
        if not expected <= offers or (not expected and offers):
            yield f"bash: {' '.join(words)!r}: {sorted(expected)} is not among {sorted(offers)}"
        if words[-1] and not all(offer.startswith(words[-1]) for offer in offers):
            yield f"bash: {' '.join(words)!r}: offers {sorted(offers)}"
    if set(bash_offers(script, "roiwatchd", "")) & set(commands):
        yield "bash: roiwatchd is offered commands"


def check_fish(script, commands):
    for line, expected in (("roiwatch ", set(commands)), ("roiwatch top --w", {"--window"}), ("roiwatch --set redis.fl", {"redis.flush="}),
                           ("roiwatchd --v", {"--version"}), ("roiwatch completion z", {"zsh"})):
        result = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")
        offers = {offer.split("\t")[0] for offer in result.stdout.splitlines()}
        if result.stderr or not expected <= offers:
            yield f"fish: {line!r}: {sorted(expected)} is not among {sorted(offers)} {result.stderr}"


def check_zsh(script, commands):
    """_arguments and _describe only work while a line is completed; what they are given is recorded."""
    record = ('compdef() { }; _arguments() { print -rl -- "$@"; state=command }; _describe() { print -rl -- "${(P@)2}" }; '
              f"service=roiwatch; source {script}; _roiwatch")
    result = run("zsh", "-f", "-c", record)
    offers = result.stdout
    for command in commands:
        if not re.search(rf"^{command}:\S", offers, re.M):
            yield f"zsh: does not offer {command}: {result.stderr}"
    if "(-c --config)--config[the configuration (" not in offers or result.stderr:
        yield f"zsh: options are not as they should be: {offers} {result.stderr}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    bin_folder, man = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    help_text = run(str(bin_folder / "roiwatch"), "--help").stdout
    commands = [entry[0].split()[0] for entry in help_entries(help_text.partition("Options of")[0])]
    helps = [help_text] + [run(str(bin_folder / "roiwatch"), command, "--help").stdout for command in commands]
    daemon_help = run(str(bin_folder / "roiwatchd"), "--help").stdout
    reference = run(str(bin_folder / "roiwatch"), "config", "--reference").stdout
    pages = {path.name: path for path in man.glob("**/man[158]/*")}
    wrong = [f"{name} is not generated" for name in {"roiwatch.1", "roiwatchd.8", "roiwatch.yaml.5"} - pages.keys()]
    if not wrong:
        wrong += check_against_help("roiwatch.1", plain(pages["roiwatch.1"]), helps)
        wrong += check_against_help("roiwatchd.8", plain(pages["roiwatchd.8"]), [daemon_help])
        wrong += check_keys(plain(pages["roiwatch.yaml.5"]), reference)
        wrong += check_man(pages.values())
    scripts = {"bash": "completions/roiwatch", "fish": "vendor_completions.d/roiwatch.fish", "zsh": "*/_roiwatch"}
    for shell, check in (("bash", check_bash), ("fish", check_fish), ("zsh", check_zsh)):
        if shutil.which(shell):
            wrong += check(next(man.glob(f"**/{scripts[shell]}")), commands)
    print("\n".join(wrong) or f"{len(commands)} commands and all keys are as the programs say")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
