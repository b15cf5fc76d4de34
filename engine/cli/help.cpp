#include "cli/help.hpp"

namespace backfill::cli {

namespace {

constexpr std::string_view general =
    R"(backfill: online, batched, resumable data migrations for PostgreSQL

usage: backfill COMMAND [OPTION…]

commands
  run JOB.yaml        start the job, or go on where it stands
  plan JOB.yaml       preflight, statements, locks and estimates; writes nothing
  rehearse JOB.yaml   a few real batches, rolled back: measured speed, WAL and failing rows
  status [JOB]        how far jobs are and what limits them
  pause JOB           no new batch starts until it is resumed
  resume JOB          go on with a paused job
  stop JOB            end its runner; a later run goes on where it stands
  set JOB KEY=VALUE…  change the pace, a throttle or a limit of a job while it runs
  verify JOB.yaml     run the proof of completeness alone
  retry JOB.yaml      take the rows in quarantine again, and no others
  gate JOB…           exit 0 only when every job named is done
  history [JOB]       every run: who, when, how long, rows, what it waited for
  report JOB          a page with charts of how the job went, for a change ticket
  new KIND NAME       a starter job file; with --table, made for that table
  lint FILE…          check job files without a database
  switch JOB.yaml     type-copy: let the new column take the old one's name
  drop JOB.yaml       type-copy: remove the old column
  rollback JOB.yaml   take back what the job has put in place

options, anywhere on the line
  --database URL      the server (else `database:` in the job file, else DATABASE_URL,
                      else libpq's PG* variables, service and password files)
  --log-format FORM   text (default) or json: one object a line
  --log-level LEVEL   debug, info (default), warning or error
  --no-progress       neither live display nor status lines
  -h, --help          this text, or with a command that command's
  -V, --version

JOB is a job's name or its file. Results go to standard output; logs, progress and
whatever ends a command before it is done go to standard error.

exit codes
  0 done   1 failed   2 bad arguments or job file   3 refused by preflight
  4 verification found differences   5 stopped, resumable
  6 another runner owns the job   7 gate: not done yet
)";

constexpr std::string_view run_help = R"(usage: backfill run JOB.yaml [OPTION…]

Starts the job, or goes on where it stands after any interruption. Ends when it is
done, refused, failed or stopped, and says why and what to type next.

Ctrl-C (SIGINT), SIGTERM or SIGHUP once: the batches in flight end, exit 5.
Twice: they are cancelled. Either way no row is applied twice and none is skipped.

A job that has been paused stays paused: run holds it and waits for `backfill resume`.
So it does outside of `throttle.window` and while `throttle.flag_file` is there.

  --no-wait   where it would wait so, end with exit 5 instead
  --force     kind type-copy: terminate the sessions that keep the switch from its locks,
              as `backfill switch --help` says

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view verify_help = R"(usage: backfill verify JOB.yaml [OPTION…]

Sweeps the table and shows whether every row is as the job wants it. Changes no row.
Exit 0 when it is complete, 4 with the differences when not.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view retry_help = R"(usage: backfill retry JOB.yaml [OPTION…]

With `on_error: {quarantine: 100}` a row that fails for its own reason (a bad cast, a
check, a trigger's exception) is set aside in the table backfill.quarantine, and the job
goes on. Once such rows are mended, `retry` changes just them, each in a transaction that
also takes it out of quarantine.

Exit 0 when none is left: then `backfill run` goes on, and proves them with all others.
Exit 4 with those that have failed again.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view plan_help = R"(usage: backfill plan JOB.yaml [--sql | --json] [OPTION…]

Checks the job against the server and shows what `run` would do: every statement with
its lock, and what to expect (rows, time, WAL, growth, peak disk, replication), each with
what that rests on. Reads only. Exit 3 when `run` would refuse.

  --sql     a script that psql can run: batches are loops in it, without checkpoints
  --json    for programs

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view rehearse_help =
    R"(usage: backfill rehearse JOB.yaml [--for DURATION] [--mask] [--add-columns] [--json] [OPTION…]

Runs a few real batches of the job on this server, spread over the table's key, each in a
transaction that is rolled back, under the job's own lock_timeout. Shows rows a second,
WAL and HOT updates as measured, lock waits, rows before and after, rows that would stop
the job, and what the whole job would then take. Nothing stays but dead rows, which it
counts; nothing is written to the control schema. Columns that are not there yet are not
added unless asked for: the expressions are computed, and it says what was not measured.

  --for DURATION   the longest that it may take, 1s to 1h (default: 10s)
  --mask           show values by their shape alone (Bob 17 as Xxx 99); keys stay
  --add-columns    each batch adds the missing columns in its transaction, and so measures what
                   the job will do; meanwhile nobody else can use the table (its statements
                   end after throttle.lock_wait)
  --json           for programs

Exit 1 when rows fail, 3 when `run` would refuse.
See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view status_help =
    R"(usage: backfill status [JOB] [--json] [--watch] [OPTION…]

Without JOB a line for each job of the database, else everything known about this one.

  --json    for programs: an array, or with JOB one object; null is what is not known
  --watch   again each second until all that is shown is done (Ctrl-C ends it sooner);
            with --json one line each time

Exit 1 when no such job has ever run.
See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view pause_help = R"(usage: backfill pause JOB [OPTION…]

No new batch starts, from any machine that reaches the database; those in flight end.
The runner keeps the job and waits. A pause holds until `backfill resume`, also for
runs that begin later. Exit 0 when the runner has confirmed or none runs, 1 when it
does not answer or no such job has ever run.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view resume_help = R"(usage: backfill resume JOB [OPTION…]

Ends a pause. It does not start a runner: a job that nobody runs needs `backfill run`.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view stop_help = R"(usage: backfill stop JOB [--cancel] [OPTION…]

Ends the runner that has the job now, wherever it runs: its batches in flight end, it
exits with 5, and this command returns when it has let go. A later `backfill run` goes
on where it stands. Exit 0 also when nobody runs the job.

  --cancel   cancel the batches in flight; no row is lost or applied twice

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view set_help = R"(usage: backfill set JOB KEY=VALUE… [OPTION…]
       backfill set JOB --reset [KEY…] [OPTION…]

Changes settings of a job while it runs: those of `pace` and `throttle`, and
safety.lock_timeout, statement_timeout and retries. Keys and values are the job file's,
lists with commas:

  backfill set emails pace.connections=1 throttle.replica_lag.stop=10s

All of them or none: an unknown key or a value that does not fit is refused with exit 2
and changes nothing. What is set holds for later runs as well, until it is reset or the
value of that key in the job file changes: the later word counts. `status` shows it.
What names a query or a file is read from the job file alone.

  --reset    back to the job file's values: of these keys, or of all

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view gate_help = R"(usage: backfill gate JOB… [--wait DURATION] [OPTION…]

What a later migration calls before it relies on the data: exit 0 only when each job is
done, else 7 with a line for each that is not. Exit 1 when the server cannot be asked.

  --wait DURATION   ask again each second for so long (10m, 1h30m, 90s) before giving up

Where a migration can send nothing but SQL, it asks the control schema the same:
SELECT backfill.assert_done('JOB') is true or an error.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view history_help =
    R"(usage: backfill history [JOB] [--limit N] [--json] [OPTION…]

Every run of the job, or of all jobs, the newest first: when it started and by whom, how
long it took, how it ended, the rows that it changed, its batches and retries, and the
time that throttles and pauses cost it, by reason. One that is `killed` has said nothing
more; its figures are those of its last seconds.

  --limit N   so many runs at most, 1 to 10000; default 20
  --json      for programs: an array

Exit 1 when no such job has ever run.
See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view report_help = R"(usage: backfill report JOB [--output FILE] [OPTION…]

Writes one HTML page about the job: its state and figures, charts of rows a second, time
of a batch, lag of standbys and what it waited for, its runs, phases and events. The page
loads nothing from elsewhere, so it may be attached, mailed and kept. It says what the
control schema says, expressions and error texts among it, but no password.

  -o, --output FILE   write it there, and print the path; default: standard output

Exit 1 when no such job has ever run.
See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view lint_help = R"(usage: backfill lint FILE… [OPTION…]
       backfill lint --rules

Reads job files as `run` would, without a database, and looks for shapes that end badly:
a job that cannot be repeated, functions that give another value each time, NOT NULL
before its backfill, a job that was changed after it was committed. A folder stands for
the .yaml files in it. Prints file:line:column: severity: message [rule].
Exit 0 when there is no error, else 2.

A comment allows a rule in its own line or the line below, and can say why:

  n: n + 1   # backfill-lint: allow not-idempotent (a counter, and it starts at zero)

  --format FORM     text (default), json, github (workflow commands) or sarif (2.1.0)
  --strict          warnings count as errors
  --since REVISION  files count as committed once this git revision has them (default:
                    HEAD): with origin/main, those of one's own branch may change
  --database URL    also compare with what ran there; without it no server is asked
  --rules           list the rules and what each looks for

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view new_help =
    R"(usage: backfill new KIND NAME [--table TABLE [--column COLUMN]…] [--dir DIR] [OPTION…]

Writes a starter job file, YYYYMMDD_HHMM_NAME.yaml (the minute in UTC), with comments that
explain each part, and prints its path. KIND is backfill or type-copy. What only you can
know stands there as replace_me, which the server refuses: nothing can run before it is
replaced. Replaces no file, and refuses a NAME that the folder has already.

  --table TABLE     look the table up on the server; the file then speaks of its columns,
                    key and size. Written as in SQL. Without it no server is asked
  --column COLUMN   the column to fill or to change; again for more. One that is to be
                    created, or its new type in a type-copy, needs its type:
                    --column 'email_normalized text'
  --dir DIR         the folder, which is made where it is missing; default: the current one

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view switch_help = R"(usage: backfill switch JOB.yaml [--force] [OPTION…]

For jobs of kind type-copy with `switch: manual`: compares all rows once more, then
lets the new columns take the names of the old ones, in one transaction that holds its
locks for milliseconds. The old columns follow every write until `backfill drop`.

Where a session holds a table for longer than the switch may wait, the switch lets go,
names it, and tries again. Nobody is terminated unless that is asked for:

  --force   from the second try on, terminate the sessions that hold the tables, each
            with an event `session_terminated`. Their transactions are undone. Needs a
            superuser or a member of pg_signal_backend, else exit 3

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view drop_help = R"(usage: backfill drop JOB.yaml [OPTION…]

For jobs of kind type-copy that have switched: removes the old columns and the trigger.
Exit 3 before the time that `drop: after …` names. There is no way back from here.

See `backfill --help` for the options that every command takes, and the exit codes.
)";

constexpr std::string_view rollback_help =
    R"(usage: backfill rollback JOB.yaml [--drop-columns] [--yes] [OPTION…]

Kind backfill: takes back the constraints, indexes and defaults of `enforce` that this
job has put in place, the last first, and nothing that was there before it. The values
that it has written stay. The job no longer counts as done, `gate` closes, and `run`
proves and enforces again.

Kind type-copy, at any time before `drop`: puts the table back to how it was before the
job. Values written since the switch are carried back through `back`; exit 4 with a list
where the old type cannot hold them, and nothing is undone then.

Says what it will do, and asks.

  --drop-columns   kind backfill: also drop the columns that `add` has made, with all
                   that is in them
  --yes            do not ask; needed without a terminal

See `backfill --help` for the options that every command takes, and the exit codes.
)";

}  // namespace

std::string_view general_help() {
  return general;
}

std::string_view help_of(std::string_view command) {
  if (command == "run") return run_help;
  if (command == "verify") return verify_help;
  if (command == "retry") return retry_help;
  if (command == "plan") return plan_help;
  if (command == "rehearse") return rehearse_help;
  if (command == "status") return status_help;
  if (command == "pause") return pause_help;
  if (command == "resume") return resume_help;
  if (command == "stop") return stop_help;
  if (command == "set") return set_help;
  if (command == "gate") return gate_help;
  if (command == "history") return history_help;
  if (command == "report") return report_help;
  if (command == "lint") return lint_help;
  if (command == "new") return new_help;
  if (command == "switch") return switch_help;
  if (command == "drop") return drop_help;
  if (command == "rollback") return rollback_help;
  return general;
}

std::string version_text() {
  return "backfill " BACKFILL_VERSION "\n";
}

}  // namespace backfill::cli
