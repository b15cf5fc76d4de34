"""A PgBouncer in transaction mode before the scenario's server."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

from harness.scenario import Failure

SETTINGS = """[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
"""


class Bouncer:
    """Of its own folder and port, as a user without privileges; `stop` ends it by its pid."""

    def __init__(self, s, pool_size):
        self._scenario = s
        base = urllib.parse.urlsplit(s.server.url(s.database))
        self.port = free_port()
        self.url = f"postgresql://{base.username}:{base.password}@127.0.0.1:{self.port}/{s.database}"
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="backfill-bouncer-"))
        (self._folder / "users.txt").write_text(f'"{base.username}" "{s.server.password}"\n')
        (self._folder / "pgbouncer.ini").write_text(SETTINGS.format(
            host=base.hostname, port=base.port, own_port=self.port, folder=self._folder,
            pool_size=pool_size))
        self._command = [shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin"),
                         str(self._folder / "pgbouncer.ini")]
        if os.getuid() == 0:
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, "postgres")
            self._command = ["setpriv", "--reuid", "postgres", "--regid", "postgres",
                             "--init-groups", *self._command]
        self._process = None
        self.start()

    def start(self):
        with open(self._scenario.work / "pgbouncer.log", "ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise Failure("pgbouncer did not start: "
                      + (self._scenario.work / "pgbouncer.log").read_text())

    def crash(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        shutil.rmtree(self._folder)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
