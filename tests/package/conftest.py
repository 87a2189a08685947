"""The packages under test: one for each release of Debian, made by `./dev package` there."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.integration.servers import ROOT  # noqa: E402
from tests.package.machines import SUITES, Machine, Tree, host_suite, run  # noqa: E402


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="a container needs root"))


def _made_here(revision):
    return pathlib.Path(ROOT / run("./dev", "package", revision, cwd=ROOT, timeout_s=1800).strip().splitlines()[-1])


def _made_there(suite, revision):
    """The sources of this tree, built by the other release's compiler against its libraries."""
    tree = Tree(suite, kept=f"{suite}-build")
    names = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    present = [name for name in names if name and (ROOT / name).is_file()]
    for old in tree.path("/src").glob("*"):
        if old.name != "build":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name in present:
        target = tree.path(f"/src/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    output = tree.shell(f"cd /src && ./dev package {revision}", timeout_s=1800)
    return tree.path(f"/src/{output.strip().splitlines()[-1]}")


@pytest.fixture(scope="session", params=SUITES)
def suite(request):
    return request.param


@pytest.fixture(scope="session")
def packages(suite):
    """Two revisions of the package, the second for upgrades."""
    make = _made_here if suite == host_suite() else lambda revision: _made_there(suite, revision)
    return [make(f"{n}~deb{SUITES[suite]}") for n in (1, 2)]


@pytest.fixture
def tree(suite):
    made = Tree(suite)
    yield made
    made.close()


@pytest.fixture
def machine(suite):
    made = Machine(suite)
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def tools():
    for tool in ("mmdebstrap", "systemd-nspawn", "nsenter", "ip"):
        if not shutil.which(tool):
            pytest.fail(f"{tool} is missing; `./dev test package` installs it")
