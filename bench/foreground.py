"""Other people's sessions on the table that is worked on: pgbench with a log line for each
transaction.

Latencies are counted from when pgbench had planned each transaction, so that those which had to
queue behind a slow one count as slow (no coordinated omission).
"""

import subprocess
import sys

HEAD_START = 1.0  # seconds of pgbench alone, before the contestant begins


class Foreground:
    """Ends by itself after `seconds`, or at `end`."""

    def __init__(self, server, text, rate, seconds, output, clients):
        script = output / "foreground.sql"
        script.write_text(text)
        self.server = server
        self.ended_by_us = False
        self.prefix = output / "foreground"
        for old in output.glob("foreground.*[0-9]"):
            old.unlink()
        self.process = subprocess.Popen(
            ["pgbench", "-n", "-c", str(clients), "-j", "1", "-R", str(rate), "-T",
             str(int(seconds + 2 * HEAD_START)), "-f", str(script), "-l", "--log-prefix",
             str(self.prefix)],
            env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        """Ends its sessions: unlike after a signal, pgbench then writes its log to the end."""
        if self.process.poll() is not None:
            sys.exit("error: pgbench ended before it was asked to")
        self.ended_by_us = True
        self.server.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE application_name = 'pgbench'")

    def latencies(self, begin, end):
        """Milliseconds, sorted, of the transactions planned between two times of the clock."""
        if self.process.wait() != 0 and not self.ended_by_us:
            sys.exit("error: pgbench failed")
        found = []
        for log in self.prefix.parent.glob(self.prefix.name + ".*[0-9]"):
            for line in log.read_text().splitlines():
                fields = line.split()
                took = int(fields[2])  # microseconds from the planned start
                ended = int(fields[4]) + int(fields[5]) / 1e6
                if begin <= ended - took / 1e6 <= end:
                    found.append(took / 1e3)
        return sorted(found)


def quantile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
