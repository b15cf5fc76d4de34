"""One SIGINT ends the run with 5 in every state: while it waits for the lease, while the server is
down, and while a server takes the connection and says nothing. The time limits are there to find a
run that goes on for ever; what is right takes about a second."""

import signal
import socket

from harness import exactly_once

LIMIT = 30


def play(s):
    interrupted_while_the_server_is_down(s)
    interrupted_while_connecting(s)
    interrupted_while_waiting_for_the_lease(s)
    s.expect("SELECT count(*) > 0 FROM counted WHERE n % 10 = 0")
    s.backfill("run", "job.yaml")
    exactly_once.check(s, "id")


def interrupted_while_the_server_is_down(s):
    run = s.start("run", "job.yaml")
    exactly_once.wait_for_progress(s, run, 0, exactly_once.rows_done)
    s.server.stop()
    try:
        run.signal(signal.SIGINT)
        run.wait(expect=5, timeout=LIMIT).says("SIGINT", "next: backfill run")
    finally:
        s.server.start()


def interrupted_while_connecting(s):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        run = s.start("run", "job.yaml", "--log-level", "debug",
                      url=f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/nowhere")
        accepted, _ = silent.accept()
        with accepted:
            run.signal(signal.SIGINT)
            run.wait(expect=5, timeout=LIMIT).says("SIGINT")


def interrupted_while_waiting_for_the_lease(s):
    other = s.session("BEGIN; SELECT FROM backfill.jobs FOR UPDATE; SELECT pg_sleep(120)")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND "
                 "pid <> pg_backend_pid()")
    run = s.start("run", "job.yaml")
    s.wait_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE "
                 "'backfill: %' AND wait_event_type = 'Lock'", run)
    run.signal(signal.SIGINT)
    run.wait(expect=5, timeout=LIMIT).says("SIGINT")
    other.kill_nine()
    s.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
          "AND pid <> pg_backend_pid()")
