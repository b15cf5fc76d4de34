"""How soon the size of a batch is right after a wrong start: `scripts/bench servo`.

A job begins with batches of a fixed size that is far off (10 rows; 50,000 wide rows). Then the size
is set free (`backfill set … pace.batch.fixed_rows=null`), and from that moment on the server's own
log tells how long each UPDATE took. The size is right from the first batch on that is
within 30 % of the target, as is the median of it and the four after it.
"""

import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import time

from server import JOB, begin, describe_machine, run_arguments

TOLERANCE = 0.3
WINDOW = 5  # batches that are looked at together
WRONG_FOR = 2.0  # seconds of the wrong size, or two of its batches
LINE = re.compile(r"^(\S+ \S+ \S+) \[\d+\] \S+ backfill: (\S+) LOG:  duration: ([\d.]+) ms  "
                  r"execute [^:]*: (?:/\*.*?\*/ *)?UPDATE ")
CASES = {
    "10 rows, of 150 bytes": {"fixed_rows": 10, "profile": "repeat(md5(n::text), 2)"},
    "50,000 rows, of 1,300 bytes": {
        "fixed_rows": 50_000,
        "profile": "(SELECT string_agg(md5((n * i)::text), '') FROM generate_series(1, 36) AS i)"},
}


def make_table(server, rows, profile):
    server.run(
        "SET client_min_messages = warning", "DROP TABLE IF EXISTS subject",
        "CREATE TABLE subject (id bigserial PRIMARY KEY, email text NOT NULL, profile text,"
        " email_normalized text) WITH (autovacuum_enabled = off)",
        "ALTER TABLE subject ALTER profile SET STORAGE PLAIN",
        "INSERT INTO subject (email, profile) SELECT '  User.' || lpad(n::text, 9, '0') ||"
        f" '@Mail-Provider.Example.COM ', {profile} FROM generate_series(1, {rows}) AS n",
        "VACUUM ANALYZE subject", "CHECKPOINT")


def batches(server_log, offset, name):
    """(time of the clock when it ended, milliseconds) of each UPDATE of the job."""
    found = []
    with open(server_log, "rb") as log:
        log.seek(offset)
        for line in log.read().decode("utf-8", "replace").splitlines():
            match = LINE.match(line)
            if match and match.group(2) == name:
                stamp = datetime.datetime.strptime(match.group(1), "%Y-%m-%d %H:%M:%S.%f %Z")
                found.append((stamp.replace(tzinfo=datetime.timezone.utc).timestamp(),
                              float(match.group(3))))
    return found


def write_job(output, case, target):
    name = f"servo_{time.time_ns()}"
    batch = f"  batch: {{target: {target}ms, fixed_rows: {case['fixed_rows']}}}\n  stripes: 1\n"
    path = output / f"{name}.yaml"
    path.write_text(JOB.format(name=name, table="subject", connections=1, batch=batch))
    return name, path


def measure(server, chosen, output, case):
    make_table(server, chosen.rows, case["profile"])
    offset = os.path.getsize(chosen.server_log)
    name, path = write_job(output, case, chosen.target)
    with open(output / "servo.log", "a") as log:
        job = subprocess.Popen([chosen.program, "run", str(path), "--no-progress"],
                               env=server.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        begin = time.monotonic()
        while len(batches(chosen.server_log, offset, name)) < 2 or \
                time.monotonic() - begin < WRONG_FOR:
            if job.poll() is not None or time.monotonic() > deadline:
                sys.exit("error: the job did not run for long enough; use more --rows")
            time.sleep(0.05)
        asked = time.time()
        subprocess.run([chosen.program, "set", name, "pace.batch.fixed_rows=null"], check=True,
                       env=server.environment, stdout=log, stderr=log)
        if job.wait() != 0:
            sys.exit(f"error: the job ended with {job.returncode}; see {output}/servo.log")
    return judge(batches(chosen.server_log, offset, name), asked, chosen.target)


def judge(found, asked, target):
    wrong = [took for ended, took in found if ended < asked]
    after = [(ended, took) for ended, took in found if ended >= asked]

    def right(took):
        return abs(took - target) <= TOLERANCE * target

    first = next((i for i in range(len(after) - WINDOW + 1) if right(after[i][1]) and right(
        statistics.median(took for _, took in after[i:i + WINDOW]))), None)
    if first is None:
        sys.exit("error: the target was never reached; use more --rows")
    rest = [took for _, took in after[first:]]
    return {"wrong_ms": statistics.median(wrong), "seconds": after[first][0] - asked,
            "batches": first, "median_after_ms": statistics.median(rest),
            "within_after": sum(right(took) for took in rest) / len(rest), "measured": len(rest)}


def table(results):
    lines = ["| wrong start | its batches ms | right after s | after batches | then median ms |"
             " of those within 30 % |", "|---|--:|--:|--:|--:|--:|"]
    for name, runs in results.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        lines.append(f"| {name} | {middle['wrong_ms']:.1f} | {middle['seconds']:.2f} |"
                     f" {middle['batches']:.0f} | {middle['median_after_ms']:.1f} |"
                     f" {middle['within_after']:.0%} |")
    return "\n".join(lines)


def arguments():
    parser = run_arguments("scripts/bench servo", __doc__.partition("\n")[0], 3)
    parser.add_argument("--target", type=int, default=50,
                        help="milliseconds that a batch should take (%(default)s)")
    parser.add_argument("--server-log", required=True, help="of the primary")
    chosen = parser.parse_args()
    if min(chosen.rows, chosen.repeat, chosen.target) < 1:
        parser.error("every number is at least 1")
    return chosen


def main():
    chosen = arguments()
    output, server = begin(chosen)
    server.run("ALTER SYSTEM SET log_min_duration_statement = 0", "ALTER SYSTEM SET timezone = 'UTC'",
               "ALTER SYSTEM SET log_timezone = 'UTC'", "SELECT pg_reload_conf()")
    results = {}
    for turn in range(chosen.repeat):
        for name, case in CASES.items():
            result = measure(server, chosen, output, case)
            results.setdefault(name, []).append(result)
            print(f"round {turn + 1} of {chosen.repeat}: {name}: right after "
                  f"{result['seconds']:.2f} s, {result['batches']} batches", file=sys.stderr)
    machine = describe_machine(server)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']}; target "
          f"{chosen.target} ms, one connection; medians of {chosen.repeat}.\n")
    print(table(results))
    (output / "servo.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "target_ms": chosen.target, "results": results},
        indent=2) + "\n")


main()
