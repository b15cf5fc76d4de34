"""A statement that would read the table again for each batch is refused before anything is written,
by plan, too. Where that shows only after an ANALYZE, the job has been entered; as it has changed no
row, its file may still be mended."""

JOB = """version: 1
kind: backfill
table: public.{table}
set: {{n: {expression}}}
"""


def job(s, table, expression):
    path = s.work / f"{table}.yaml"
    path.write_text(JOB.format(table=table, expression=expression), encoding="utf-8")
    return path


def play(s):
    bad = "(SELECT count(*) FROM public.{0})"
    path = job(s, "analysed", bad.format("analysed"))
    s.backfill("plan", path, expect=3).says("would not use the key's index", "subquery",
                                            "by an index")
    s.backfill("run", path, expect=3).says("subquery", "by an index")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")

    path = job(s, "never_analysed", bad.format("never_analysed"))
    s.backfill("run", path, expect=3).says("running ANALYZE", "subquery")
    s.expect("SELECT bool_and(n = 0) FROM never_analysed")
    job(s, "never_analysed", "n + 1")
    s.backfill("run", path).says("no row had been changed")
    s.expect("SELECT bool_and(n = 1) FROM never_analysed")
    # From then on it is a job that has run.
    job(s, "never_analysed", "n + 2")
    s.backfill("run", path, expect=3).says("never edited")
    s.expect("SELECT bool_and(n = 1) FROM never_analysed")
