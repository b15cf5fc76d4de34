"""How other sessions fare beside a backfill: `scripts/bench neighbours`.

pgbench sends single-row updates to the same table at a steady rate (--rate) while each contestant
works for at most --seconds: nobody, one UPDATE, the loop that people write by hand, and `backfill
run` at several settings. Latencies are counted from when pgbench had planned each transaction, so
that those which had to queue behind a slow one count as slow (no coordinated omission); only those
planned while the contestant worked are counted.
"""

import json
import signal
import statistics
import subprocess
import sys
import time

from foreground import HEAD_START, Foreground, quantile
from server import JOB, begin, describe_machine, run_arguments

LOOP_BATCH = 1_000
FOREGROUND = r"""\set id random(1, {rows})
UPDATE subject SET visits = visits + 1 WHERE id = :id;
"""


def make_template(server, rows):
    server.make_template(rows)
    server.run("ALTER TABLE template ADD COLUMN visits integer NOT NULL DEFAULT 0",
               "VACUUM ANALYZE template")


def work_for(command, environment, seconds, log):
    """Lets the command work for at most that long; gives when it began and ended."""
    begin = time.time()
    if command is None:
        time.sleep(seconds)
        return begin, time.time()
    with open(log, "a") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        pass
    end = time.time()
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    elif process.returncode != 0:
        sys.exit(f"error: {command[0]} ended with {process.returncode}; its output is in {log}")
    return begin, end


def contestants(server, chosen, output):
    yield "alone", lambda: None
    yield "single UPDATE", lambda: [
        "psql", "-X", "-q", "-c", "UPDATE subject SET email_normalized = lower(trim(email))"]

    def loop():
        script = output / "loop.sql"
        update = ("UPDATE subject SET email_normalized = lower(trim(email)) WHERE id IN (SELECT id"
                  f" FROM subject WHERE email_normalized IS NULL LIMIT {LOOP_BATCH});\n")
        script.write_text(update * (chosen.rows // LOOP_BATCH + 1))
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script)]

    yield f"loop of LIMIT {LOOP_BATCH}", loop
    for variant in chosen.variants.split(","):
        connections, _, batch_rows = variant.partition(":")

        def job(connections=connections, batch_rows=batch_rows):
            name = f"neighbour_{time.time_ns()}"
            batch = "" if batch_rows in ("", "auto") else f"  batch: {{fixed_rows: {batch_rows}}}\n"
            path = output / f"{name}.yaml"
            path.write_text(
                JOB.format(name=name, table="subject", connections=connections, batch=batch))
            return [chosen.program, "run", str(path), "--no-progress"]

        yield f"backfill {variant}", job


def measure(server, chosen, output, make_command):
    server.fresh_copy(chosen.rows)
    command = make_command()
    foreground = Foreground(server, FOREGROUND.format(rows=chosen.rows), chosen.rate,
                            chosen.seconds, output, chosen.clients)
    time.sleep(HEAD_START)
    begin, end = work_for(command, server.environment, chosen.seconds, output / "contestant.log")
    done = server.number("SELECT count(*) FROM subject WHERE email_normalized IS NOT NULL")
    latencies = foreground.latencies(begin, end)
    return {"rows_per_second": done / (end - begin), "transactions": len(latencies),
            "p50": quantile(latencies, 0.5), "p95": quantile(latencies, 0.95),
            "p99": quantile(latencies, 0.99), "max": latencies[-1] if latencies else float("nan")}


def table(results):
    alone = statistics.median(each["p99"] for each in results["alone"])
    lines = ["| beside | rows/s | p50 ms | p95 ms | p99 ms | max ms | p99 against alone |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for name, runs in results.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        lines.append(f"| {name} | {middle['rows_per_second']:,.0f} | {middle['p50']:.1f} |"
                     f" {middle['p95']:.1f} | {middle['p99']:.1f} | {middle['max']:.1f} |"
                     f" {middle['p99'] / alone:.1f} |")
    return "\n".join(lines)


def arguments():
    parser = run_arguments("scripts/bench neighbours", __doc__.partition("\n")[0], 2,
                           "2:auto,1:auto,2:1000",
                           "connections and fixed batch size, or auto (%(default)s)")
    parser.add_argument("--seconds", type=float, default=15,
                        help="the most that each contestant works (%(default)s)")
    parser.add_argument("--rate", type=int, default=300, help="updates a second (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="of pgbench (%(default)s)")
    chosen = parser.parse_args()
    if min(chosen.rows, chosen.repeat, chosen.seconds, chosen.rate, chosen.clients) < 1:
        parser.error("every number is at least 1")
    return chosen


def main():
    chosen = arguments()
    output, server = begin(chosen)
    make_template(server, chosen.rows)
    results = {}
    for turn in range(chosen.repeat):
        for name, make_command in contestants(server, chosen, output):
            result = measure(server, chosen, output, make_command)
            results.setdefault(name, []).append(result)
            print(f"round {turn + 1} of {chosen.repeat}: beside {name}: p99 {result['p99']:.1f} ms,"
                  f" {result['rows_per_second']:,.0f} rows/s", file=sys.stderr)
    machine = describe_machine(server)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']},"
          f" {chosen.rate} updates/s by {chosen.clients} clients; medians of {chosen.repeat}.\n")
    print(table(results))
    (output / "neighbours.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "rate": chosen.rate, "results": results},
        indent=2) + "\n")


main()
