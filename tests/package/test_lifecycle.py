"""The package comes, is replaced and goes, where no systemd runs: a chroot, a container, an image that is being built."""

import os
import stat

# What apt and dpkg themselves leave, and the user, who stays on purpose.
LEFT = ("/var/cache/", "/var/lib/apt/", "/var/lib/dpkg/", "/var/log/", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow",
        "/etc/.pwd.lock", "/etc/ld.so.cache", "/srv/", "/run/", "/tmp/", "/proc", "/sys", "/dev")


def names(tree):
    found = set()
    for folder, folders, files in os.walk(tree.directory):
        inside = "/" + os.path.relpath(folder, tree.directory)
        found |= {os.path.normpath(f"{inside}/{name}") for name in folders + files}
    return {name for name in found if not name.startswith(LEFT)}


def owned(tree):
    """What belongs to packages that are there, as what roiwatch needed is."""
    found = set()
    for listed in tree.path("/var/lib/dpkg/info").glob("*.list"):
        for name in listed.read_text(encoding="utf-8").splitlines():
            found |= {name, f"/usr{name}"}  # a merged /usr
    return found


def test_it_installs_upgrades_removes_and_purges(tree, packages):
    tree.shell("apt-get -q update")
    before = names(tree)
    for n, package in enumerate(packages):
        tree.copy(package, f"/srv/{n}.deb")

    tree.shell("apt-get -q -y --no-install-recommends install /srv/0.deb")
    assert "roiwatch" in tree.shell("id roiwatch")
    assert tree.shell("getent passwd roiwatch").strip().endswith("nologin")
    assert "0.1.0" in tree.shell("roiwatch --version; roiwatchd --version")
    assert "not found" not in tree.shell("ldd /usr/sbin/roiwatchd /usr/bin/roiwatch")
    assert stat.S_IMODE(tree.path("/etc/roiwatch/credentials").stat().st_mode) == 0o700
    tree.shell("roiwatch check")  # the sample is right
    assert tree.shell("systemctl is-enabled roiwatchd.service || true").strip() == "disabled"
    for name in ("man8/roiwatchd.8.gz", "man1/roiwatch.1.gz", "man5/roiwatch.yaml.5.gz"):
        # minbase may leave manuals out by dpkg's path-exclude; then the list of the package has them
        assert f"/usr/share/man/{name}" in tree.shell("dpkg -L roiwatch")
    tree.shell("systemd-analyze verify --man=no /usr/lib/systemd/system/roiwatchd.service /usr/lib/systemd/system/roiwatchd@.service")

    # What the operator made stays, through upgrade and removal.
    tree.shell("echo '# mine' >>/etc/roiwatch/roiwatch.yaml")
    tree.write("/etc/roiwatch/campaigns.d/mine.yaml", "campaigns: {mine: {labels: {team: a}}}\n")
    tree.write("/etc/roiwatch/credentials/redis-password", "secret\n", mode=0o600)
    tree.shell("systemctl enable roiwatchd.service")
    tree.shell("apt-get -q -y install /srv/1.deb")
    assert "2~deb" in tree.shell("dpkg-query -W -f '${Version}' roiwatch")
    assert "# mine" in tree.path("/etc/roiwatch/roiwatch.yaml").read_text()
    assert tree.shell("systemctl is-enabled roiwatchd.service").strip() == "enabled"
    tree.shell("roiwatch check && roiwatch config | grep -q mine")

    tree.shell("apt-get -q -y remove roiwatch")
    assert not tree.path("/usr/sbin/roiwatchd").exists()
    assert "# mine" in tree.path("/etc/roiwatch/roiwatch.yaml").read_text()

    tree.shell("apt-get -q -y install /srv/1.deb")
    assert tree.shell("systemctl is-enabled roiwatchd.service").strip() == "enabled"
    tree.shell("apt-get -q -y purge roiwatch")
    assert not tree.path("/etc/roiwatch").exists()
    left = names(tree) - before - owned(tree)
    assert {name for name in left if "roiwatch" in name} == set()
    # Users of packages that roiwatch pulled in, and the like.
    assert {name for name in left if not name.startswith(("/etc/", "/var/lib/"))} == set()
    assert "roiwatch" in tree.shell("id roiwatch")
