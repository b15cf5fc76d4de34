"""The private primary and standby that all scenarios share, through scripts/sandbox."""

import os
import pathlib
import subprocess
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Server:
    """A primary with a streaming standby; `remove` stops both and deletes their data."""

    def __init__(self, folder):
        self.folder = folder
        # Servers crash here, the machine does not.
        self._environment = {**os.environ, "BACKFILL_SANDBOX_DIR": str(folder),
                             "BACKFILL_SANDBOX_SETTINGS": "fsync = off"}
        self._sandbox("remove")
        self._sandbox("up")
        self._primary = self._sandbox("url", "primary").strip()
        self._standby = self._sandbox("url", "standby").strip()
        self.password = urllib.parse.urlsplit(self._primary).password
        self.bindir = self._sandbox("bindir").strip()

    def _sandbox(self, *arguments):
        done = subprocess.run([ROOT / "scripts" / "sandbox", *arguments], env=self._environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"scripts/sandbox {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def url(self, database, role="primary", user=None, password=None):
        """The URL of a database, as the superuser or as another user."""
        base = urllib.parse.urlsplit(self._primary if role == "primary" else self._standby)
        user = user or base.username
        secret = urllib.parse.quote(password or self.password, safe="")
        return f"postgresql://{user}:{secret}@{base.hostname}:{base.port}/{database}"

    def restart(self, mode):
        self._sandbox("restart", mode)

    def stop(self):
        """Stops both servers as an operator does; the data stays."""
        self._sandbox("down")

    def start(self):
        """Starts both again, on the same ports."""
        self._sandbox("up")

    def status(self):
        return self._sandbox("status")

    def log(self, lines=40):
        return self._sandbox("log", str(lines))

    def remove(self):
        self._sandbox("remove")
