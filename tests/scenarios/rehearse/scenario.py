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
              "next: backfill plan job.yaml")


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
    copy = rehearse(s, "copy.yaml", expect=1)
    demand(not copy["wrote"] and [row["sqlstate"] for row in copy["failing"]] == ["22P02"], copy)


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
    names_who_keeps_it_waiting(s)
    refuses_what_run_would_refuse(s)
    if contents(s) != before:
        raise Failure("a rehearsal has changed something")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 0 FROM people WHERE slug IS DISTINCT FROM lower(email)")
