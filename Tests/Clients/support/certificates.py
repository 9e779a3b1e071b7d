"""Certificates for one run of the tests, and servers that have them."""

import pathlib
import socket
import ssl
import subprocess
import tempfile
import time

from support.apus_server import ApusServer, fixture


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Certificates:
    """An authority, a server's and a client's certificate, made for this run."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self["ca.key"], "-out", self["ca.pem"], "-days", "2", "-subj", "/CN=test authority")
        self.make("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.make("client", "extendedKeyUsage=clientAuth")

    def __getitem__(self, name):
        return self.folder / name

    def make(self, name, extension, days=2, validity=None):
        """A key and a certificate of the authority, in place of those that are there.

        `validity` is a pair of moments, as YYYYMMDDHHMMSSZ, in place of days from now on.
        """
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self[f"{name}.key"], "-out", self["request"], "-subj", f"/CN={name}")
        self["extensions"].write_text(extension)
        if validity:
            self.sign(*validity)
        else:
            openssl("x509", "-req", "-in", self["request"], "-CA", self["ca.pem"], "-CAkey", self["ca.key"],
                    "-days", days, "-extfile", self["extensions"], "-out", self["fresh"])
        self["fresh"].rename(self[f"{name}.pem"])

    def sign(self, start, end):
        """Signs the request for a time of its own, which only `openssl ca` does; it wants a folder for that."""
        database = self["database"]
        database.mkdir(exist_ok=True)
        (database / "index").write_text("")
        (database / "serial").write_text("01")
        self["ca.cnf"].write_text(f"""
[ca]
default_ca = authority
[authority]
database = {database}/index
serial = {database}/serial
new_certs_dir = {database}
default_md = sha256
policy = names
[names]
commonName = supplied
""")
        openssl("ca", "-batch", "-notext", "-config", self["ca.cnf"], "-cert", self["ca.pem"], "-keyfile",
                self["ca.key"], "-in", self["request"], "-extfile", self["extensions"], "-startdate", start,
                "-enddate", end, "-out", self["fresh"])

    def server(self, *arguments, **options):
        return TLSServer(fixture("add-sub"), fixture("identity-FP32"), "--tls-certificate", self["server.pem"],
                         "--tls-key", self["server.key"], *arguments, **options)

    def context(self, client=None, **limits):
        context = ssl.create_default_context(cafile=self["ca.pem"])
        for name, value in limits.items():
            setattr(context, name, value)
        if client:
            context.load_cert_chain(self[f"{client}.pem"], self[f"{client}.key"])
        return context


class TLSServer(ApusServer):
    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"


def connect(server, context, name="localhost", port=None):
    plain = socket.create_connection(("127.0.0.1", port or server.port), timeout=20)
    return context.wrap_socket(plain, server_hostname=name)


def serial(server, context, port=None):
    with connect(server, context, port=port) as connection:
        return connection.getpeercert()["serialNumber"]


def eventually(condition, seconds=15):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False
