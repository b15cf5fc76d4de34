"""`rehearse` runs real batches and leaves nothing but dead rows: it measures, shows rows before and
after, finds the rows that would stop the job, and names who keeps it waiting."""

import json
import re

from harness.scenario import Failure


def contents(s):
    return s.sql("SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM people AS p;"
                 "SELECT md5(string_agg(p::text, ',' ORDER BY tenant, id)) FROM small AS p;"
                 "SELECT count(*) FROM pg_attribute WHERE attrelid = 'people'::regclass")


def rehearse(s, job, *words, expect=0):
    return json.loads(s.backfill("rehearse", job, "--json", *words, expect=expect).stdout)


def demand(fact, seen):
    if not fact:
        raise Failure(f"the rehearsal says {seen}")


def measures_and_estimates(s):
    seen = rehearse(s, "job.yaml")
    demand(seen["wrote"] and seen["batches"] > 1 and seen["rows"] > 0, seen)
    demand(seen["rows"] < 60000, seen)  # a few batches, not the job
    demand(seen["rows_per_second"] > 0 and seen["wal_bytes_per_row"] > 20, seen)
    demand(seen["wal_bytes_of_server"] >= seen["wal_bytes"] > 0, seen)
    demand(0 <= seen["hot_share"] <= 1 and seen["dead_rows"] >= seen["rows"], seen)
    keys = [int(re.search(r"\d+", sample["key"])[0]) for sample in seen["samples"]]
    demand(min(keys) < 300000 < max(keys), seen)  # not the beginning of the table alone
    value = seen["samples"][0]["values"][0]
    demand(value["before"] is None and value["after"].startswith("user"), seen)
    estimate = seen["estimate"]
    demand(55000 < estimate["rows"]["value"] <= 60000 and "measured" in estimate["rows"]["basis"], seen)
    demand("measured" in estimate["seconds"]["basis"], seen)
    demand(0 < estimate["wal_bytes"]["low"] <= estimate["wal_bytes"]["high"], seen)
    text = s.backfill("rehearse", "job.yaml", "--for", "5s")
    text.says("rolled back", "dead row versions", "VACUUM", "rows/s", "peak disk",
              "next: backfill run job.yaml")


def dead_rows_are_no_rows(s):
    estimate = rehearse(s, "job.yaml")["estimate"]
    demand(estimate["rows"]["value"] <= 60000, estimate)


def masks_on_request(s):
    run = s.backfill("rehearse", "job.yaml", "--mask")
    run.says("'xxxx9").never_says("example")
    if re.search(r"user\d", run.output, re.IGNORECASE):
        raise Failure("--mask shows a value")


def finds_the_row_that_fails(s):
    seen = rehearse(s, "failing.yaml", expect=1)
    demand([(row["key"], row["sqlstate"]) for row in seen["failing"]] == [("key (2, 77)", "22P02")],
           seen)
    demand("seventy-seven" in seen["failing"][0]["message"] and not seen["more_failing"], seen)
    s.backfill("rehearse", "failing.yaml", "--mask", expect=1).says("(2, 77)", "xxxxxxx-xxxxx"
                                                                  ).never_says("seventy")


def computes_where_columns_are_missing(s):
    seen = rehearse(s, "absent.yaml")
    demand(not seen["wrote"] and "host is not there yet" in seen["unwritten"], seen)
    demand(seen["rows"] > 0 and seen["dead_rows"] == 0 and seen["hot_share"] is None, seen)
    demand(seen["samples"][0]["values"][0]["after"] == "Example.org", seen)
    demand("assumed" in seen["estimate"]["seconds"]["basis"], seen)
    demand("--add-columns measures" in seen["estimate"]["seconds"]["basis"], seen)
    copy = rehearse(s, "copy.yaml", expect=1)
    demand(not copy["wrote"] and [row["sqlstate"] for row in copy["failing"]] == ["22P02"], copy)


def measures_with_columns_of_its_own(s):
    seen = rehearse(s, "absent.yaml", "--add-columns")
    demand(seen["wrote"] and seen["unwritten"] is None and seen["dead_rows"] >= seen["rows"] > 0, seen)
    demand(seen["wal_bytes_per_row"] > 20 and seen["hot_share"] is not None, seen)
    demand(seen["samples"][0]["values"][0]["after"] == "Example.org", seen)
    demand("measured" in seen["estimate"]["seconds"]["basis"], seen)
    demand(seen["estimate"]["rows"]["value"] > 55000, seen)
    s.expect("SELECT count(*) = 0 FROM pg_attribute WHERE attrelid = 'people'::regclass "
             "AND attname = 'host'")
    # Somebody reads the table: the lock is not waited for beyond lock_timeout, and nothing is broken.
    reader = s.session("BEGIN; SELECT count(*) FROM people; SELECT pg_sleep(61)")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND "
                 "wait_event = 'PgSleep'")
    held = s.work / "absent_briefly.yaml"
    held.write_text((s.folder / "absent.yaml").read_text(encoding="utf-8") +
                    "safety: {lock_timeout: 100ms}\n", encoding="utf-8")
    seen = rehearse(s, held, "--add-columns", expect=1)
    demand(seen["locks"]["timeouts"] > 0 and seen["batches"] == 0, seen)
    reader.process.kill()
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' "
          "AND pid <> pg_backend_pid()")


def rehearses_the_tables_that_follow(s):
    seen = rehearse(s, "keys.yaml", "--add-columns")
    demand([table["table"] for table in seen["followed"]] == ['"public"."pets"'], seen)
    demand(seen["wrote"] and seen["followed"][0]["wrote"] and seen["followed"][0]["rows"] > 0, seen)
    demand(seen["estimate"]["rows"]["value"] == 10000, seen)
    s.backfill("rehearse", "keys.yaml").says("a table that changes along", '"public"."pets"',
                                             "sums over 2 tables")


def counts_a_table_that_was_never_analysed(s):
    plan = json.loads(s.backfill("plan", "unanalysed.yaml", "--json").stdout)
    rows = plan["estimate"]["rows"]
    demand(rows["value"] == 20000 and "never analysed" in rows["basis"], plan)
    demand(plan["estimate"]["seconds"]["high"] > 0, plan)
    demand("backfill rehearse measures" in plan["estimate"]["seconds"]["basis"], plan)
    demand(rehearse(s, "unanalysed.yaml")["estimate"]["rows"]["value"] == 20000, plan)


def names_who_keeps_it_waiting(s):
    holder = s.session("BEGIN; SELECT count(*) FROM (SELECT FROM people FOR UPDATE) AS p;"
                       "SELECT pg_sleep(60)")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND "
                 "wait_event = 'PgSleep'")
    seen = rehearse(s, "job.yaml", expect=1)
    demand(seen["locks"]["timeouts"] > 0 and seen["locks"]["waited_seconds"] > 0, seen)
    demand("psql" in " ".join(seen["locks"]["holders"]), seen)
    holder.process.kill()
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' "
          "AND pid <> pg_backend_pid()")


def refuses_what_run_would_refuse(s):
    nonsense = s.work / "nonsense.yaml"
    nonsense.write_text((s.folder / "job.yaml").read_text(encoding="utf-8").replace(
        "lower(email)", "lower(nonesuch)"), encoding="utf-8")
    s.backfill("rehearse", nonsense, expect=3).says("refused", "nonesuch")
    s.backfill("rehearse", "job.yaml", url="postgresql://127.0.0.1:1/none?connect_timeout=2",
               expect=1)
    s.backfill("rehearse", "job.yaml", "--for", "0s", expect=2).says("--for is from 1s to 1h")


def play(s):
    before = contents(s)
    measures_and_estimates(s)
    masks_on_request(s)
    dead_rows_are_no_rows(s)
    finds_the_row_that_fails(s)
    computes_where_columns_are_missing(s)
    measures_with_columns_of_its_own(s)
    rehearses_the_tables_that_follow(s)
    counts_a_table_that_was_never_analysed(s)
    names_who_keeps_it_waiting(s)
    refuses_what_run_would_refuse(s)
    if contents(s) != before:
        raise Failure("a rehearsal has changed something")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 0 FROM people WHERE slug IS DISTINCT FROM lower(email)")
