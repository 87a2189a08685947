"""Debian as a tree in a folder: made by mmdebstrap, used through systemd-nspawn, with or without a systemd that runs.

DESIGN. A tree is unpacked from a tarball that is made once a suite and kept in build/. Commands run in a container of the
tree, so that nothing of it is mounted in the test's own world and all of it is gone when the command ends. A booted tree is
ended by `systemctl poweroff`, and if that fails by the id of its nspawn. The network is that of the caller.
"""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from tests.integration.servers import ROOT, end, poll, spawn

KEPT = ROOT / "build" / "package-test"
SUITES = {"bookworm": 12, "trixie": 13}
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command, timeout_s=600, **more):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout_s, check=False, **more)
    assert result.returncode == 0, f"{' '.join(map(str, command))}: {result.returncode}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
    return result.stdout


def host_suite():
    return re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(encoding="ascii"), re.M)[1]


def mirror():
    """Where this machine's apt finds Debian itself."""
    for line in run("apt-get", "indextargets", "--format", "$(REPO_URI)|$(LABEL)|$(CREATED_BY)").splitlines():
        uri, label, created_by = line.split("|")
        if label == "Debian" and created_by == "Packages":
            return uri
    raise AssertionError("apt knows no mirror of Debian: apt-get update first?")


class OwnNetwork:
    """For the thread that enters it, and what it starts: a loopback of its own, on which every port is free."""

    def __enter__(self):
        self.before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        if _libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "a network of its own needs root")
        run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        _libc.setns(self.before, CLONE_NEWNET)
        os.close(self.before)


class Tree:
    """A Debian in a folder. `kept` names one that stays for later runs."""

    def __init__(self, suite, kept=None):
        KEPT.mkdir(parents=True, exist_ok=True)
        self.suite, self.kept = suite, kept
        self.directory = KEPT / kept if kept else pathlib.Path(tempfile.mkdtemp(prefix=f"{suite}-", dir=KEPT))
        self.process = None
        if not (self.directory / "etc/os-release").exists():
            run("tar", "-C", self._emptied(), "-xf", self._tarball())
            # Debian's installer writes this file, mmdebstrap does not. The tests' Kafka listens to IPv4 alone.
            self.write("/etc/hosts", "127.0.0.1 localhost\n::1 ip6-localhost\n")

    def _emptied(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        return self.directory

    def _tarball(self):
        made = KEPT / f"{self.suite}.tar"
        if not made.exists():
            run("mmdebstrap", "--variant=minbase", "--skip=cleanup/apt", "--include=systemd,systemd-sysv,dbus", self.suite,
                made.with_suffix(".new.tar"), f"deb [trusted=yes] {mirror()} {self.suite} main")
            made.with_suffix(".new.tar").rename(made)
        return made

    def path(self, name):
        return self.directory / name.lstrip("/")

    def copy(self, source, name):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, self.path(name))

    def write(self, name, text, mode=0o644):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")
        self.path(name).chmod(mode)

    def shell(self, script, timeout_s=600):
        """Runs a script without a systemd; its output."""
        return run("systemd-nspawn", "-q", "-D", self.directory, "--register=no", "--keep-unit", "--console=pipe",
                   "--setenv=DEBIAN_FRONTEND=noninteractive", "--", "bash", "-euc", script, timeout_s=timeout_s, stdin=subprocess.DEVNULL)

    def close(self):
        if not self.kept:
            shutil.rmtree(self.directory, ignore_errors=True)


class Machine(Tree):
    """A tree whose systemd runs."""

    def boot(self):
        self.log = KEPT / f"{self.directory.name}.log"
        # Debian 13's systemd wants the one hierarchy of cgroups, and gets it where the kernel mounts both.
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"} if SUITES[self.suite] >= 13 else None
        with open(self.log, "wb") as log:
            self.process = spawn(["systemd-nspawn", "-q", "-D", self.directory, "--boot", "--register=no", "--keep-unit",
                                  "--console=passive"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        self.leader = poll(self._leader, 30, f"nspawn has a child, see {self.log}", self.process)
        told = [""]

        def up():
            # nspawn's first child only makes the container: the next is its leader, and stays.
            self.leader = self._leader() or self.leader
            told[0] = self.ask("systemctl is-system-running")
            return told[0] in ("running", "degraded")

        try:
            poll(up, 180, "systemd is up", self.process, every_s=0.2)
        except AssertionError as error:
            log = self.log.read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"{error}: {told[0]!r}: {self.ask('systemctl list-jobs --no-pager')}\n{log[-2000:]}") from None
        return self

    def _leader(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
        return children[0] if children else None

    def _enter(self, script):
        return ["nsenter", "-t", self.leader, "-m", "-p", "-u", "-i", "--", "env", "-i", "DEBIAN_FRONTEND=noninteractive", "HOME=/root",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "bash", "-euc", f"cd /srv\n{script}"]

    def shell(self, script, timeout_s=300):
        if not self.process:
            return super().shell(script, timeout_s)
        return run(*self._enter(script), timeout_s=timeout_s, stdin=subprocess.DEVNULL)

    def ask(self, script):
        """The output of a script that may fail."""
        return subprocess.run(self._enter(script), capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL).stdout.strip()

    def property(self, unit, name):
        return self.ask(f"systemctl show --value -p {name} {unit}")

    def journal(self, unit):
        return self.ask(f"journalctl -o cat --no-pager -u {unit}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.ask("systemctl poweroff")
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                end(self.process)
        self.process = None
        if getattr(self, "log", None):
            self.log.unlink(missing_ok=True)
        super().close()
