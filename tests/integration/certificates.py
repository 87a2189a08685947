"""A certificate authority of a test: keys and certificates in PEM files, made by openssl."""

import pathlib
import subprocess


def _openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """`ca` is its own certificate; each Certificate that it issues lies in the same directory."""

    def __init__(self, directory, name="ca"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key, self.ca = self.directory / f"{name}.key", self.directory / f"{name}.crt"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                 "-subj", f"/CN=roiwatch test {name}", "-keyout", self.key, "-out", self.ca)

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1", days=30):
        """A certificate for these names. With `days` 0 it has expired as soon as this second is over."""
        return Certificate(self, name, alternatives, days)


class Certificate:
    """`cert` and `key`, and both in `both`, as Kafka wants them."""

    def __init__(self, authority, name, alternatives, days):
        base = authority.directory / name
        self.key, self.cert, self.both = (base.with_suffix(f".{what}") for what in ("key", "crt", "pem"))
        request, extensions = base.with_suffix(".csr"), base.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={alternatives}\n", encoding="ascii")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", self.key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", authority.ca, "-CAkey", authority.key, "-CAcreateserial",
                 "-days", days, "-extfile", extensions, "-out", self.cert)
        self.both.write_bytes(self.key.read_bytes() + self.cert.read_bytes())
