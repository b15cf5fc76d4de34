"""One scenario: its database, the binary's runs in it, and what must hold."""

import os
import pathlib
import signal
import subprocess
import time

DOCUMENTED_CODES = range(8)


class Failure(Exception):
    """A fact that does not hold; its text says which, and what was seen instead."""


class Run:
    """One run of a program, going on or ended."""

    def __init__(self, scenario, name, command, environment=None):
        self._scenario = scenario
        self.name = name
        self.command = [str(word) for word in command]
        self.stdout_path = scenario.work / f"{name}.stdout"
        self.stderr_path = scenario.work / f"{name}.stderr"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, cwd=scenario.folder,
                                            env={**os.environ, **(environment or {})})

    @property
    def stdout(self):
        return self.stdout_path.read_text(encoding="utf-8", errors="replace")

    @property
    def stderr(self):
        return self.stderr_path.read_text(encoding="utf-8", errors="replace")

    @property
    def output(self):
        return self.stdout + self.stderr

    @property
    def ended(self):
        return self.process.poll() is not None

    @property
    def code(self):
        return self.process.returncode

    def signal(self, number):
        self.process.send_signal(number)

    def kill_nine(self):
        self.process.kill()
        self.process.wait()

    def wait(self, expect, timeout=300):
        """Waits for the end and demands the exit code."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} is still running after {timeout} s") from None
        if self.code not in DOCUMENTED_CODES:
            raise Failure(f"{self.name} ended with {self.code}, which is not an exit code of ours")
        if self.code != expect:
            raise Failure(f"{self.name} ended with {self.code}, expected {expect}")
        return self

    def says(self, *words):
        """Demands that the output has each of the words, whatever their case."""
        output = self.output.lower()
        for word in words:
            if word.lower() not in output:
                raise Failure(f"{self.name} does not say {word!r}")
        return self

    def wait_until_it_says(self, words, timeout=60):
        """Waits for words in the output of a run that goes on."""
        deadline = time.monotonic() + timeout
        while words.lower() not in self.output.lower():
            if self.ended or time.monotonic() > deadline:
                raise Failure(f"{self.name} does not say {words!r}")
            time.sleep(0.05)
        return self

    def never_says(self, *words):
        for word in words:
            if word.lower() in self.output.lower():
                raise Failure(f"{self.name} says {word!r}")
        return self

    def transcript(self):
        shown = " ".join(self.command)
        return (f"--- {self.name}: {shown}\n--- ended with: {self.code}\n--- stdout:\n{self.stdout}"
                f"--- stderr:\n{self.stderr}")


class Scenario:
    """What `play(s)` works with."""

    def __init__(self, folder, binary, server, work, rng):
        self.folder = pathlib.Path(folder)
        self.name = self.folder.name
        self.binary = binary
        self.server = server
        self.work = work
        self.rng = rng
        self.database = f"scenario_{self.name}"
        self.url = server.url(self.database)
        self.runs = []
        work.mkdir(parents=True, exist_ok=True)

    # --- SQL ---

    def psql(self, arguments, url=None, stdin=None):
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url or self.url,
                               *arguments], input=stdin or "", capture_output=True, text=True,
                              check=False, timeout=300)
        if done.returncode != 0:
            raise Failure(f"psql {' '.join(map(str, arguments))}:\n{done.stderr}")
        return done.stdout

    def sql(self, text, url=None):
        """The answer as psql prints it, unaligned."""
        return self.psql(["-A", "-t", "-f", "-"], url, text).strip()

    def holds(self, text):
        return self.sql(text) == "t"

    def expect(self, text):
        """Demands that a query answers `t`."""
        answer = self.sql(text)
        if answer != "t":
            raise Failure(f"does not hold (answer: {answer!r}):\n{text}")

    def before(self):
        self.sql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE);'
                 f'CREATE DATABASE "{self.database}" TEMPLATE template0',
                 self.server.url("postgres"))
        if (self.folder / "before.sql").exists():
            self.psql(["-f", self.folder / "before.sql"])

    def check(self):
        """Every statement of check.sql gives one row with one column that is `t`."""
        answers = self.psql(["--csv", "-f", self.folder / "check.sql"]).splitlines()
        facts = list(zip(answers[::2], answers[1::2], strict=False))
        if not facts or len(answers) % 2 or any(value != "t" for _, value in facts):
            shown = "\n".join(answers)
            raise Failure(f"check.sql: each fact must be one row that is t, got:\n{shown}")

    # --- The binary ---

    def start(self, *arguments, url=None, environment=None):
        """Starts the binary on this scenario's database and lets it go on."""
        command = [self.binary, *arguments]
        if url != "":
            command += ["--database", url or self.url]
        run = Run(self, f"{len(self.runs) + 1:02d}-{arguments[0]}", command, environment)
        self.runs.append(run)
        return run

    def backfill(self, *arguments, expect=0, url=None, environment=None, timeout=300):
        """Runs the binary to its end and demands its exit code."""
        return self.start(*arguments, url=url, environment=environment).wait(expect, timeout)

    def writer(self, *arguments):
        """pgbench in the background; stop it with `stop_writer`."""
        run = Run(self, f"{len(self.runs) + 1:02d}-pgbench",
                  [f"{self.server.bindir}/pgbench", *arguments, self.url])
        self.runs.append(run)
        return run

    def session(self, text):
        """A session of somebody else's: psql in the background, sending one string."""
        return self.program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url, "-c", text)

    def program(self, *command, environment=None):
        """A program in the background that is not ours."""
        run = Run(self, f"{len(self.runs) + 1:02d}-{pathlib.Path(command[0]).name}", command,
                  environment)
        self.runs.append(run)
        return run

    def stop_writer(self, run):
        """Ends the writer's sessions after their transactions; it must have lived until now."""
        if run.ended:
            raise Failure(f"{run.name} ended by itself with {run.code}")
        run.signal(signal.SIGINT)
        run.process.wait(30)
        self.wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = "
                        "current_database() AND application_name = 'pgbench'")

    def wait_until(self, text, run=None, timeout=60, pause=0.02):
        """Waits until a query answers `t`; false when `run` has ended before."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.holds(text):
                return True
            if run is not None and run.ended:
                return False
            time.sleep(pause)
        raise Failure(f"not within {timeout} s:\n{text}")

    # --- Of every scenario ---

    def no_secret_shown(self):
        for run in self.runs:
            if self.server.password in run.output:
                raise Failure(f"{run.name} shows the password")
        tables = self.sql("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                          "WHERE schemaname = 'backfill'")
        for table in tables.splitlines():
            self.expect(f"SELECT count(*) = 0 FROM {table} AS r "
                        f"WHERE strpos(r::text, '{self.server.password}') > 0")

    def no_unknown_code(self):
        for run in self.runs:
            if run.command[0] == str(self.binary) and run.ended:
                if run.code not in DOCUMENTED_CODES and run.code != -signal.SIGKILL:
                    raise Failure(f"{run.name} ended with {run.code}")

    def clean(self):
        for run in self.runs:
            if not run.ended:
                run.kill_nine()
        self.sql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)',
                 self.server.url("postgres"))

    def transcript(self):
        whole = "\n".join(run.transcript() for run in self.runs)
        return whole.replace(self.server.password, "***")
