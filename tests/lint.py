#!/usr/bin/python3
"""What compilers do not check: the house rules of this tree.

    tests/lint.py BUILD        BUILD is a build directory with the libraries and programs

Layers (include lines against lib/CMakeLists.txt), purity of lib/ (symbols of its archives), headers that compile alone,
allocators that are called with their header, documents in step with the programs and the tree, sizes, and that nothing of a
developer's machine got in.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LAYER = re.compile(r"^roiwatch_layer\((\w+)([^)]*)\)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
LINES_MAX, FUNCTION_LINES_MAX = 400, 60

# What the core must not call: it does no I/O, reads no clock, keeps no secrets of the process and ends nothing.
DENIED = re.compile(
    r"^_?_?("
    r"open(at)?(64)?|fopen(64)?|fdopen|freopen|creat|close|fclose|p?read(64)?|p?write(64)?|readv|writev|fread|fwrite|fgets|"
    r"fputs?|fputc|putc|putchar|puts|getc|getline|v?f?printf|vdprintf|dprintf|perror|(__)?v?f?printf_chk|_IO_putc|"
    r"socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|getaddrinfo|poll|ppoll|select|epoll_\w+|"
    r"time|clock|clock_gettime|gettimeofday|nanosleep|u?sleep|localtime(_r)?|mktime|tzset|"
    r"getenv|secure_getenv|setenv|putenv|setlocale|"
    r"pthread_\w+|thrd_\w+|fork|vfork|exec[vl]\w*|system|popen|kill|raise|signal|sigaction|"
    r"syslog|openlog|exit|_exit|quick_exit|rand(om)?|srand(om)?|getrandom|unlink|rename|mkdir|stat|fstat|lstat|opendir|mmap"
    r")$")
# A developer's machine: home directories, work trees, build jobs.
MACHINE = re.compile(r"/home/\w|/root/\w|/work/|/tmp/(?:bu|br)|\bbash_jobs\b")
# Texts in which a path below /tmp or the like is meant.
OWN_TEXT = {"tests/lint.py"}


class Findings:
    def __init__(self):
        self.n = 0

    def add(self, where, what):
        self.n += 1
        print(f"{where}: {what}")


def layers():
    table = {}
    for name, below in LAYER.findall((ROOT / "lib/CMakeLists.txt").read_text(encoding="utf-8")):
        table[name] = set(below.split())
    closed = {}
    for name, below in table.items():  # the table stands in order, lower layers first
        closed[name] = {name} | set().union(*(closed.get(b, {b}) for b in below)) if below else {name}
    return closed


def code(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".cc") and path.is_file():
                yield path


def shown(path):
    return path.relative_to(ROOT).as_posix()


def check_layers(findings):
    allowed = layers()
    for path in code("lib"):
        layer = path.relative_to(ROOT / "lib").parts[0]
        if layer not in allowed:
            findings.add(shown(path), f"the layer {layer} is not in lib/CMakeLists.txt")
            continue
        for target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            parts = target.split("/")
            if parts[0] != "lib" or len(parts) < 3:
                findings.add(shown(path), f'include "{target}": within lib/ it is "lib/LAYER/HEADER"')
            elif parts[1] not in allowed[layer]:
                findings.add(shown(path), f'include "{target}": {layer} must not use {parts[1]}')
    for path in code("daemon"):
        if path.name.endswith("_settings.h"):
            continue
        for target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if target.split("/")[0] not in ("lib", "daemon"):
                findings.add(shown(path), f'include "{target}": name it from the top, "daemon/…" or "lib/…"')


def check_purity(build, findings):
    archives = sorted(build.glob("lib/librw_*.a"))
    if not archives:
        findings.add(build, "no archives of lib/ are built")
    for archive in archives:
        output = subprocess.run(["nm", "-A", str(archive)], capture_output=True, text=True, check=True).stdout
        for line in output.splitlines():
            member, _, symbol = line.partition(": ") if ": " in line else line.rpartition(":")
            words = symbol.split()
            name, kind = words[-1].split("@")[0], words[-2]
            where = f"{archive.name}({member.split(':')[1] if ':' in member else member})"
            if kind == "U" and DENIED.match(name):
                findings.add(where, f"calls {name}: lib/ does no I/O, reads no clock, logs nothing")
            if kind in "dDbBC" and is_mutable_global(name):
                findings.add(where, f"{name} is a mutable global")


def is_mutable_global(name):
    # Sanitizers and the compiler keep their own; constants with pointers land in .data.rel.ro, which nm calls d as well.
    # Those of simdjson are inline variables of its headers.
    return not re.match(r"^(\.L|__?(asan|ubsan|odr|gcov|llvm|sancov)|\.?Lubsan|_?ZTV|_?ZTI|_?ZTS|DW\.ref|_ZZ?N8simdjson)", name) \
        and not name.startswith("*.") and name not in CONSTANT_DATA


CONSTANT_DATA = set()


def learn_constants(build):
    """Names of .data.rel.ro: read-only after relocation, though nm shows them as data."""
    for archive in sorted(build.glob("lib/librw_*.a")):
        output = subprocess.run(["objdump", "-t", str(archive)], capture_output=True, text=True, check=True).stdout
        for line in output.splitlines():
            words = line.split()
            if any(word.startswith(".data.rel.ro") or word.startswith(".data.asan") or word.startswith(".data..L")
                   for word in words):
                CONSTANT_DATA.add(words[-1])


def check_headers(findings):
    flags = subprocess.run(["pkg-config", "--cflags", "rdkafka", "hiredis", "yaml-0.1", "libsystemd", "libxxhash", "libmicrohttpd"],
                           capture_output=True, text=True, check=True).stdout.split()
    for path in code("lib", "daemon"):
        if path.suffix != ".h":
            continue
        result = subprocess.run(
            ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-function", f"-I{ROOT}",
             *flags, "-x", "c", "-include", str(path), "/dev/null"], capture_output=True, text=True, check=False)
        if result.returncode:
            findings.add(shown(path), "does not compile alone: " + result.stderr.strip().splitlines()[0])


def check_allocators(findings):
    """Whoever allocates includes <stdlib.h>: some releases of our libraries bring it along, and others do not."""
    for path in code("lib", "daemon"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\b(?:m|c|re)alloc\(|\bfree\(", text) and path.suffix == ".c" and "#include <stdlib.h>" not in text:
            findings.add(shown(path), "calls an allocator and does not include <stdlib.h>")


def check_documents(build, findings):
    program = build / "bin/roiwatch"
    help_text = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+)(?: [A-Z]+)? {2,}", help_text.split("Options of")[0], re.M)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in commands:
        if f"`roiwatch {command}" not in readme:
            findings.add("README.md", f"does not tell of `roiwatch {command}`")
        own = subprocess.run([str(program), command, "--help"], capture_output=True, text=True, check=False)
        if own.returncode or not own.stdout.startswith("Usage: "):
            findings.add(f"roiwatch {command} --help", "has no usage")
    for command in set(re.findall(r"`roiwatch ([a-z]+)", readme)) - set(commands):
        findings.add("README.md", f"tells of `roiwatch {command}`, which is no command")
    for command in ("./dev demo", "./dev test"):
        if command not in readme:
            findings.add("README.md", f"does not name {command}")


def check_fail_points(findings):
    """The table of fail points in the architecture is that of the code."""
    header = (ROOT / "daemon/fail_point.h").read_text(encoding="utf-8").replace("\\\n", "")
    points = re.findall(r'X\(FAIL_\w+,\s*"([^"]+)",\s*"([^"]+)"\)', header)
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    if not points:
        findings.add("daemon/fail_point.h", "no fail point was found in it")
    for name, what in points:
        if f"| `{name}` | {what} |" not in text:
            findings.add("docs/ARCHITECTURE.md", f"does not tell of the fail point {name} as the code does")


def check_paths(findings):
    """Links and paths of the documents lead somewhere."""
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = document.read_text(encoding="utf-8")
        links = {(document.parent / link).resolve() for link in re.findall(r"\]\(([^):#]+)\)", text)}
        named = {ROOT / name for name in re.findall(r"`((?:lib|daemon|tests|docs|conf|\.ci)/[\w./-]*)", text) if "…" not in name}
        for path in sorted(links | named):
            if not path.exists():
                findings.add(shown(document), f"tells of {path.relative_to(ROOT).as_posix()}, which is not there")


def check_text(findings):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if name in OWN_TEXT or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                findings.add(f"{name}:{number}", "a path of somebody's machine")
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                findings.add(f"{name}:{number}", "an unfinished place")


def check_sizes(findings):
    for path in code("lib", "daemon"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > LINES_MAX:
            findings.add(shown(path), f"{len(lines)} lines, at most {LINES_MAX}")
        if path.suffix == ".h":
            continue
        start = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start > FUNCTION_LINES_MAX:
                    findings.add(f"{shown(path)}:{start}", f"a function of {number - start} lines, at most {FUNCTION_LINES_MAX}")
                start = None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    findings = Findings()
    learn_constants(build)
    check_layers(findings)
    check_purity(build, findings)
    check_headers(findings)
    check_allocators(findings)
    check_documents(build, findings)
    check_fail_points(findings)
    check_paths(findings)
    check_text(findings)
    check_sizes(findings)
    print(f"lint: {findings.n} findings" if findings.n else "lint: nothing found")
    sys.exit(1 if findings.n else 0)


if __name__ == "__main__":
    main()
