"""The end-to-end comparison behind scripts/bench, which starts the server and calls this.

Every measurement works on a fresh, vacuumed copy of the same table, after a CHECKPOINT, so that all
pay for their first full-page images. The contestants take turns within one run: on a machine that
others use too, only ratios between neighbours mean anything.

Where the numbers come from is told in server.py; the phases of a job are those of backfill.phases.
"""

import json
import statistics
import sys

from server import JOB, begin, describe_machine, measure, run_arguments

SMALL_ROWS = 10_000
LOOP_BATCH = 1_000
TARGET_COPY_RATIO = 1.6
TARGET_CPU_SHARE = 0.05
TARGET_MEMORY_MIB = 64


# ---- the contestants -------------------------------------------------------------------------


def single_update(server, rows, output):
    command = ["psql", "-X", "-q", "-c", "UPDATE subject SET email_normalized = lower(trim(email))"]
    return measure(server, rows, command, output / "single.log")


def naive_loop(server, rows, output):
    """What is pasted into psql by hand; the last, empty pass is part of it."""
    script = output / "loop.sql"
    update = ("UPDATE subject SET email_normalized = lower(trim(email)) WHERE id IN (SELECT id"
              " FROM subject WHERE email_normalized IS NULL ORDER BY id"
              f" LIMIT {LOOP_BATCH});\n")
    script.write_text(update * (rows // LOOP_BATCH + 1))
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
    return measure(server, rows, command, output / "loop.log")


def backfill(server, rows, output, program, variant, number):
    connections, _, batch_rows = variant.partition(":")
    name = f"bench_{number}"
    batch = "" if batch_rows in ("", "auto") else f"  batch: {{fixed_rows: {batch_rows}}}\n"
    job = output / f"{name}.yaml"
    job.write_text(JOB.format(name=name, table="subject", connections=connections, batch=batch))
    command = [program, "run", str(job), "--no-progress"]
    result = measure(server, rows, command, output / "backfill.log")
    of_job = f"FROM backfill.{{}} x JOIN backfill.jobs j ON j.id = x.job_id WHERE j.name = '{name}'"
    phases = json.loads(server.run(
        "SELECT json_object_agg(phase, seconds) FROM (SELECT x.phase,"
        " sum(extract(epoch FROM x.finished_at - x.started_at)) AS seconds "
        + of_job.format("phases") + " GROUP BY x.phase) AS each_phase"))
    ranges, batches = server.run(
        "SELECT count(*), sum(batches) " + of_job.format("ranges") + " AND x.phase = 'copy'"
    ).split("|")
    result.update(phases=phases, copy_rows_per_second=rows / phases["copy"],
                  copy_ranges=int(ranges), copy_batches=int(batches))
    return result


# ---- the report ------------------------------------------------------------------------------


def median(results, key):
    return statistics.median(result[key] for result in results)


def paired_ratios(singles, others, key="rows_per_second"):
    """Each against the single UPDATE that ran just before it: what drifts is common to both."""
    return sorted(other[key] / single["rows_per_second"]
                  for single, other in zip(singles, others))


def row(label, singles, results, key="rows_per_second"):
    ratios = paired_ratios(singles, results, key)
    cells = [label, f"{results[0]['rows']:,}", f"{median(results, key):,.0f}",
             f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f}–{ratios[-1]:.2f}",
             f"{median(results, 'wal_bytes') / results[0]['rows']:.0f}",
             f"{median(results, 'heap_growth'):.2f}x",
             f"{median(results, 'client_cpu_seconds'):.2f}",
             f"{median(results, 'server_cpu_seconds'):.2f}",
             f"{median(results, 'client_memory_kib') / 1024:.1f}",
             f"{median(results, 'others_cores'):.2f}"]
    return "| " + " | ".join(cells) + " |"


def table(singles, loops, backfills):
    lines = ["| contestant | rows | rows/s | ratio | spread | WAL B/row | heap | client CPU s |"
             " server CPU s | client MiB | others' cores |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    lines.append(row("single UPDATE", singles, singles))
    for variant, results in backfills.items():
        lines.append(row(f"backfill {variant}: copy", singles, results, "copy_rows_per_second"))
        lines.append(row(f"backfill {variant}: whole process", singles, results))
    if loops:
        lines.append(row(f"loop of LIMIT {LOOP_BATCH}", singles, loops))
    return "\n".join(lines)


def judge(singles, judged, small):
    """Name, what was measured, what was hoped for, and whether it is met."""
    copy = statistics.median(paired_ratios(singles, judged, "copy_rows_per_second"))
    cpu = median(judged, "client_cpu_seconds") / median(judged, "server_cpu_seconds")
    memory = max(result["client_memory_kib"] for result in judged + [small]) / 1024
    return [("copy against the single UPDATE", f"{copy:.2f}", f">= {TARGET_COPY_RATIO}",
             copy >= TARGET_COPY_RATIO),
            ("client CPU of the server's", f"{cpu:.1%}", f"<= {TARGET_CPU_SHARE:.0%}",
             cpu <= TARGET_CPU_SHARE),
            (f"client memory, {small['rows']:,} and {judged[0]['rows']:,} rows",
             f"{small['client_memory_kib'] / 1024:.1f} and "
             f"{median(judged, 'client_memory_kib') / 1024:.1f} MiB",
             f"< {TARGET_MEMORY_MIB} MiB", memory < TARGET_MEMORY_MIB)]


def arguments():
    parser = run_arguments("scripts/bench", __doc__.partition("\n")[0], 3, "2:auto",
                           "connections and fixed batch size, or auto; the first is judged "
                           "(%(default)s)")
    parser.add_argument("--loop-rows", type=int, default=30_000,
                        help="of the loop's table; it is quadratic. 0: no loop (%(default)s)")
    parser.add_argument("--standby", action="store_true", help="leave the standby streaming")
    chosen = parser.parse_args()
    if chosen.rows < 1 or chosen.repeat < 1 or chosen.loop_rows < 0:
        parser.error("--rows and --repeat are at least 1, --loop-rows at least 0")
    return chosen


def main():
    chosen = arguments()
    output, server = begin(chosen)
    variants = chosen.variants.split(",")
    largest = max(chosen.rows, chosen.loop_rows, SMALL_ROWS)
    server.make_template(largest)
    singles, loops, backfills = [], [], {variant: [] for variant in variants}
    number = 0
    small = backfill(server, SMALL_ROWS, output, chosen.program, variants[0], number)
    for turn in range(chosen.repeat):
        singles.append(single_update(server, chosen.rows, output))
        print(f"round {turn + 1} of {chosen.repeat}: single UPDATE"
              f" {singles[-1]['rows_per_second']:,.0f} rows/s", file=sys.stderr)
        for variant in variants:
            number += 1
            result = backfill(server, chosen.rows, output, chosen.program, variant, number)
            backfills[variant].append(result)
            print(f"  backfill {variant}: copy {result['copy_rows_per_second']:,.0f} rows/s,"
                  f" {result['copy_batches']} batches, phases {result['phases']}", file=sys.stderr)
        if chosen.loop_rows:
            loops.append(naive_loop(server, chosen.loop_rows, output))
    machine = describe_machine(server)
    verdicts = judge(singles, backfills[variants[0]], small)
    print(f"{machine['cores']} cores ({machine['cpu']}), PostgreSQL {machine['postgresql']},"
          f" kernel {machine['kernel']}, {chosen.repeat} rounds; ratios are medians of pairs.\n")
    print(table(singles, loops, backfills) + "\n")
    for name, found, hoped, met in verdicts:
        print(f"{'pass' if met else 'MISS'}: {name}: {found} (target {hoped})")
    (output / "last.json").write_text(json.dumps(
        {"machine": machine, "rows": chosen.rows, "repeat": chosen.repeat,
         "standby": chosen.standby, "single": singles, "backfill": backfills, "small": small,
         "loop": loops,
         "verdicts": [dict(zip(("name", "found", "target", "met"), each)) for each in verdicts]},
        indent=2) + "\n")


main()
