"""How large a table becomes that stripes cannot keep small: `scripts/bench growth`.

An index holds the column that changes. In one run, on the same rows, in turns: one UPDATE, a job that
leaves everything to later, and jobs that have the table vacuumed between their batches.
"""

import json
import statistics

from server import JOB, begin, describe_machine, run_arguments, run_client

UPDATE = "UPDATE subject SET email_normalized = lower(trim(email))"
SIZES = "SELECT pg_relation_size('subject'), pg_indexes_size('subject')"


def fresh(server, rows):
    server.fresh_copy(rows)
    server.run("UPDATE subject SET email_normalized = email",
               "CREATE INDEX ON subject (email_normalized)", "VACUUM (FULL, ANALYZE) subject",
               "CHECKPOINT")


def sizes(server):
    return [float(size) for size in server.run(SIZES).split("|")]


def measure(server, chosen, command, log):
    fresh(server, chosen.rows)
    heap, indexes = sizes(server)
    wal = server.run("SELECT pg_current_wal_lsn()")
    seconds, _cpu, _memory = run_client(command, server.environment, log)
    wal = server.number(f"SELECT pg_current_wal_lsn() - '{wal}'::pg_lsn")
    heap_after, indexes_after = sizes(server)
    return {"rows_per_second": chosen.rows / seconds, "wal_per_row": wal / chosen.rows,
            "heap": heap_after / heap, "indexes": indexes_after / indexes,
            "whole": (heap_after + indexes_after) / (heap + indexes)}


def job(chosen, output, setting, round_no):
    name = f"growth_{setting.strip('%')}_{round_no}"
    path = output / f"{name}.yaml"
    path.write_text(JOB.format(name=name, table="subject", connections=2, batch="")
                    + f"safety: {{vacuum: {setting}, analyze: never}}\n")
    return [chosen.program, "run", str(path), "--no-progress"]


def main():
    parser = run_arguments("scripts/bench growth", __doc__.partition("\n")[0], 3,
                           "never,auto,5%", "values of safety.vacuum, with commas between them", "V,…")
    chosen = parser.parse_args()
    output, server = begin(chosen)
    server.make_template(chosen.rows)
    found = {}
    for round_no in range(chosen.repeat):
        contestants = {"one UPDATE": ["psql", "-X", "-q", "-c", UPDATE]}
        for setting in chosen.variants.split(","):
            contestants[f"`vacuum: {setting}`"] = job(chosen, output, setting, round_no)
        for name, command in contestants.items():
            found.setdefault(name, []).append(
                measure(server, chosen, command, output / "growth.log"))
    print(table(found))
    (output / "growth.json").write_text(json.dumps(
        {"machine": describe_machine(server), "rows": chosen.rows, "found": found}, indent=2))


def table(found):
    """Medians; the ratio of speed round by round."""
    single = found["one UPDATE"]
    lines = ["| contestant | rows/s against one UPDATE | WAL B/row | heap after | indexes after | together |",
             "|---|--:|--:|--:|--:|--:|"]
    for name, rounds in found.items():
        ratio = statistics.median(
            each["rows_per_second"] / base["rows_per_second"]
            for each, base in zip(rounds, single, strict=True))

        def middle(what, rounds=rounds):
            return statistics.median(each[what] for each in rounds)

        lines.append(f"| {name} | {ratio:.2f} | {middle('wal_per_row'):.0f} | {middle('heap'):.2f}x "
                     f"| {middle('indexes'):.2f}x | {middle('whole'):.2f}x |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
