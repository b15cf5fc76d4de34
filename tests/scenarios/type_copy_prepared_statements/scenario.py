"""Sessions of a pool that keep their prepared statements over the switch: writes go on, a statement
that returns the column fails once and works when it is prepared again."""

import subprocess

from harness.scenario import Failure

MARK = "---"


class Session:
    """One psql that stays connected, as a connection of a pool does."""

    def __init__(self, s):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose", s.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ask(self, sql):
        self.process.stdin.write(f"{sql};\n\\echo {MARK}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == MARK:
                return "\n".join(lines)
            lines.append(line.strip())
        raise Failure("the session ended")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def play(s):
    s.backfill("run", "job.yaml").says("ready to switch")
    pooled = Session(s)
    pooled.ask("PREPARE one AS SELECT id, amount FROM prices WHERE id = $1")
    pooled.ask("PREPARE keep AS SELECT id, note FROM prices WHERE id = $1")
    pooled.ask("PREPARE change AS UPDATE prices SET amount = $2 WHERE id = $1")
    for _ in range(7):  # From the sixth on the plan is a generic one.
        if pooled.ask("EXECUTE one(4)") != "4|1.00":
            raise Failure("the prepared statement does not work before the switch")
        pooled.ask("EXECUTE keep(4)")
        pooled.ask("EXECUTE change(5, 9.25)")

    s.backfill("switch", "job.yaml").says("has switched")

    failed = pooled.ask("EXECUTE one(4)")
    if "0A000" not in failed or "cached plan must not change result type" not in failed:
        raise Failure(f"the documented error did not come: {failed}")
    pooled.ask("DEALLOCATE one")
    pooled.ask("PREPARE one AS SELECT id, amount FROM prices WHERE id = $1")
    if pooled.ask("EXECUTE one(4)") != "4|1":
        raise Failure("prepared again it does not work")
    if pooled.ask("EXECUTE keep(4)") != "4|":
        raise Failure("a statement without the column does not go on")
    if pooled.ask("EXECUTE change(5, 8.5)"):
        raise Failure("a prepared write does not go on")
    s.expect("SELECT amount = 8.5 AND amount__backfill_old = 8.50 FROM prices WHERE id = 5")
    pooled.close()
    s.backfill("drop", "job.yaml")
