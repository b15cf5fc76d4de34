"""A new type for a column of a table in use: `scripts/bench type-copy`.

Contestants take turns on fresh copies of the same rows: nobody, `ALTER TABLE … TYPE`, and a
type-copy job at several settings, to the end of its switch. Meanwhile pgbench sends small updates to
the same table at a steady rate (--rate) and measures how long each took, from when it was planned
on; the longest is what the change has cost an application. The rates of copy and proof are those of
the job's own phases (backfill.phases), the rate of the whole is that of the process.
"""

import json
import statistics
import sys
import time

from foreground import HEAD_START, Foreground, quantile
from server import begin, describe_machine, run_arguments, run_client

SECONDS_MAX = 3_600  # of pgbench; it is ended after the contestant
CATCH_UP = 2.0  # seconds for transactions that have queued behind the contestant
ALONE = 5.0
FOREGROUND = r"""\set id random(1, {rows})
UPDATE subject SET visits = visits + 1 WHERE id = :id;
"""
JOB = """version: 1
kind: type-copy
name: {name}
table: public.subject
columns:
  reading: {{type: double precision, back: "reading::numeric(10,4)"}}
pace:
  connections: {connections}
{batch}"""
FIGURES = ("whole", "copy", "verify")


def make_template(server, rows):
    server.make_template(rows)
    server.run("ALTER TABLE template ADD COLUMN visits integer NOT NULL DEFAULT 0,"
               " ADD COLUMN reading numeric(10,4)",
               "UPDATE template SET reading = id % 100000 / 7.0", "VACUUM FULL template",
               "VACUUM ANALYZE template")


def alter(_server, _chosen, _output, _turn):
    return None, ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
                  "ALTER TABLE subject ALTER COLUMN reading TYPE double precision"]


def job_of(variant):
    connections, _, batch_rows = variant.partition(":")

    def command(_server, chosen, output, turn):
        name = f"type_copy_{connections}_{batch_rows or 'auto'}_{turn}_{time.time_ns()}"
        batch = "" if batch_rows in ("", "auto") else f"  batch: {{fixed_rows: {batch_rows}}}\n"
        path = output / f"{name}.yaml"
        path.write_text(JOB.format(name=name, connections=connections, batch=batch))
        return name, [chosen.program, "run", str(path), "--no-progress"]

    return command


def work(server, command, log):
    begin = time.time()
    if command is None:
        time.sleep(ALONE)
        return begin, time.time()
    run_client(command, server.environment, log)
    return begin, time.time()


def phases_of(server, name):
    """Seconds of each phase, and how long the switch has held its locks."""
    of_job = f"FROM backfill.phases AS p JOIN backfill.jobs AS j ON j.id = p.job_id " \
             f"WHERE j.name = '{name}'"
    return json.loads(server.run(
        "SELECT json_object_agg(phase, seconds) FROM (SELECT p.phase, sum(extract(epoch FROM "
        f"p.finished_at - p.started_at)) AS seconds {of_job} GROUP BY p.phase) AS each_phase")), \
        server.number(f"SELECT p.detail ->> 'locked_ms' {of_job} AND p.phase = 'switch'")


def measure(server, chosen, output, make_command, turn):
    server.fresh_copy(chosen.rows)
    name, command = make_command(server, chosen, output, turn) if make_command else (None, None)
    foreground = Foreground(server, FOREGROUND.format(rows=chosen.rows), chosen.rate, SECONDS_MAX,
                            output, chosen.clients)
    time.sleep(HEAD_START)
    begin, end = work(server, command, output / "contestant.log")
    time.sleep(CATCH_UP)
    foreground.end()
    latencies = foreground.latencies(begin, end)
    if not latencies:
        sys.exit("error: no transaction of pgbench was planned while the contestant worked")
    result = {"seconds": end - begin, "transactions": len(latencies),
              "p50": quantile(latencies, 0.5), "p99": quantile(latencies, 0.99),
              "max": latencies[-1]}
    if command is not None:
        found = server.run("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE"
                           " attrelid = 'subject'::regclass AND attname = 'reading'")
        wrong = server.number("SELECT count(*) FROM subject AS s JOIN template AS t USING (id)"
                              " WHERE s.reading IS DISTINCT FROM t.reading::double precision")
        if found != "double precision" or wrong:
            sys.exit(f"error: the column is {found}, and {wrong:.0f} rows are wrong")
        result["whole"] = chosen.rows / result["seconds"]
    if name is not None:
        phases, result["locked_ms"] = phases_of(server, name)
        result["phases"] = phases
        for phase in ("copy", "verify"):
            result[phase] = chosen.rows / phases[phase]
    return result


def table(results):
    lines = ["| contestant | rows/s | of ALTER | copy rows/s | of ALTER | proof rows/s | of ALTER |"
             " locks held ms | p50 ms | p99 ms | longest wait ms |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    alters = results["ALTER TABLE … TYPE"]
    for name, runs in results.items():
        cells = [name]
        for figure in FIGURES:
            if figure not in runs[0]:
                cells += ["", ""]
                continue
            cells.append(f"{statistics.median(run[figure] for run in runs):,.0f}")
            ratio = statistics.median(run[figure] / alter_run["whole"]
                                      for run, alter_run in zip(runs, alters))
            cells.append(f"{ratio:.2f}")
        locked = [run["locked_ms"] for run in runs if "locked_ms" in run]
        cells.append(f"{statistics.median(locked):.1f}" if locked else "")
        cells += [f"{statistics.median(run[key] for run in runs):.1f}" for key in ("p50", "p99")]
        cells.append(f"{max(run['max'] for run in runs):.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def arguments():
    parser = run_arguments("scripts/bench type-copy", __doc__.partition("\n")[0], 3, "2:auto",
                           "connections and fixed batch size, or auto (%(default)s)")
    parser.add_argument("--rate", type=int, default=200, help="updates a second (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="of pgbench (%(default)s)")
    chosen = parser.parse_args()
    if min(chosen.rows, chosen.repeat, chosen.rate, chosen.clients) < 1:
        parser.error("every number is at least 1")
    return chosen


def main():
    chosen = arguments()
    output, server = begin(chosen)
    make_template(server, chosen.rows)
    contestants = {"nobody": None, "ALTER TABLE … TYPE": alter}
    for variant in chosen.variants.split(","):
        contestants[f"type-copy {variant}"] = job_of(variant)
    results = {name: [] for name in contestants}
    for turn in range(chosen.repeat):
        for name, make_command in contestants.items():
            result = measure(server, chosen, output, make_command, turn)
            results[name].append(result)
            print(f"round {turn + 1} of {chosen.repeat}: {name}: {result['seconds']:.1f} s, longest"
                  f" wait {result['max']:.1f} ms", file=sys.stderr)
    machine = describe_machine(server)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']},"
          f" {chosen.rows:,} rows, {chosen.rate} updates/s by {chosen.clients} clients; medians of"
          f" {chosen.repeat} rounds, the longest wait of all; ratios are medians of pairs.\n")
    print(table(results))
    (output / "type_copy.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "rate": chosen.rate, "results": results},
        indent=2) + "\n")


main()
