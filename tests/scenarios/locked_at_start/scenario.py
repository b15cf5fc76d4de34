"""Somebody holds the table while a run begins: the run says who, keeps coming back without waiting in
the queue, and goes on once the lock is free. No expression is blamed for it."""

import time

from harness.scenario import Failure

HOLD = ("SET application_name = 'night_shift'; BEGIN; LOCK TABLE people IN {mode} MODE; "
        "SELECT pg_sleep(60)")
JOB = """version: 1
kind: backfill
table: public.people
set: {{n: n + 1}}
where: n = {done}
safety: {{lock_timeout: 200ms}}
"""


def hold(s, mode):
    holder = s.session(HOLD.format(mode=mode))
    s.wait_until("SELECT count(*) > 0 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) "
                 "WHERE a.application_name = 'night_shift' AND l.granted "
                 f"AND l.mode = '{mode.title().replace(' ', '')}Lock'", holder)


def let_go(s):
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
          "WHERE application_name = 'night_shift'")
    s.wait_until("SELECT count(*) = 0 FROM pg_stat_activity "
                 "WHERE application_name = 'night_shift'")


def wait_for_words(run, words, times):
    deadline = time.monotonic() + 60
    while run.output.count(words) < times:
        if run.ended or time.monotonic() > deadline:
            raise Failure(f"{run.name} has not said {words!r} {times} times")
        time.sleep(0.02)


def play(s):
    for done, mode in enumerate(("SHARE", "ACCESS EXCLUSIVE")):
        job = s.work / f"round_{done}.yaml"
        job.write_text(JOB.format(done=done), encoding="utf-8")
        hold(s, mode)
        s.backfill("plan", job, expect=1).says("a lock on public.people", "night_shift")
        run = s.start("run", job)
        wait_for_words(run, "night_shift", times=2)
        s.expect(f"SELECT to_regnamespace('backfill') IS NULL OR {done} > 0")
        let_go(s)
        run.wait(expect=0).never_says("expression")
        s.expect(f"SELECT bool_and(n = {done + 1}) FROM people")
