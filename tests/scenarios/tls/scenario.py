"""A server that insists on TLS, checked with sslmode=verify-full: every connection is encrypted, a server
that cannot show who it is gets nothing, and the run survives its restart."""

import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

from harness import exactly_once
from harness.scenario import Failure

SETTINGS = ("ssl", "ssl_cert_file", "ssl_key_file")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)


def make_authority(folder, name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")


def make_certificate(folder, authority):
    """For 127.0.0.1 and no other name."""
    (folder / "names").write_text("subjectAltName = IP:127.0.0.1\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout",
            folder / "server.key", "-out", folder / "server.csr")
    openssl("x509", "-req", "-in", folder / "server.csr", "-days", "2", "-CA",
            folder / f"{authority}.crt", "-CAkey", folder / f"{authority}.key", "-CAcreateserial",
            "-extfile", folder / "names", "-out", folder / "server.crt")


def give_to_server(s, folder):
    owner = pathlib.Path(s.sql("SHOW data_directory")).owner()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o600 if path.name == "server.key" else 0o644)
        if pathlib.Path(path).owner() != owner:
            shutil.chown(path, owner)
    s.sql(f"ALTER SYSTEM SET ssl_cert_file = '{folder}/server.crt'")
    s.sql(f"ALTER SYSTEM SET ssl_key_file = '{folder}/server.key'")
    s.sql("ALTER SYSTEM SET ssl = on")
    s.sql("SELECT pg_reload_conf()")
    s.wait_until("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


def url(s, mode, authority, host="127.0.0.1"):
    address = urllib.parse.urlsplit(s.url)._replace(
        query=urllib.parse.urlencode({"sslmode": mode, "sslrootcert": authority}))
    return urllib.parse.urlunsplit(address).replace("@127.0.0.1:", f"@{host}:")


def refused(s, address, *words):
    run = s.backfill("run", "job.yaml", url=address, expect=3)
    run.says(*words)
    if exactly_once.rows_done(s) != 0:
        raise Failure("rows were changed through a connection that is not to be trusted")


def play(s):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="backfill-tls-"))
    try:
        make_authority(folder, "trusted")
        make_authority(folder, "stranger")
        make_certificate(folder, "trusted")
        give_to_server(s, folder)
        refused(s, url(s, "verify-full", folder / "stranger.crt"), "certificate verify failed")
        refused(s, url(s, "verify-full", folder / "trusted.crt", host="localhost"),
                "does not match host name")
        run = s.start("run", "job.yaml", url=url(s, "verify-full", folder / "trusted.crt"))
        exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
        s.expect("SELECT count(*) >= 2 AND bool_and(t.ssl AND t.version LIKE 'TLS%') "
                 "FROM pg_stat_activity AS a JOIN pg_stat_ssl AS t USING (pid) "
                 "WHERE a.application_name LIKE 'backfill%' AND a.datname = current_database()")
        s.server.restart("fast")
        run.wait(expect=0)
        exactly_once.check(s, "id")
    finally:
        for setting in SETTINGS:
            s.sql(f"ALTER SYSTEM RESET {setting}")
        s.sql("SELECT pg_reload_conf()")
        shutil.rmtree(folder)
