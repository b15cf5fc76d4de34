"""kill -9 at random moments of every command of a type-copy, beside a live writer; each command is
given again until it ends. The catalog and the rows are then those of an uninterrupted job."""

from harness.kills import until_done
from harness.scenario import Failure


def same_as_twin(s):
    s.expect("SELECT count(*) = 0 FROM (SELECT id, value::bigint, note FROM measured EXCEPT "
             "SELECT id, value, note FROM twin) AS lost")
    s.expect("SELECT count(*) = 0 FROM (SELECT id, value::bigint, note FROM twin EXCEPT "
             "SELECT id, value, note FROM measured) AS lost")


def same_shape(s, wanted, table):
    answer = s.sql(f"(SELECT what FROM shape WHERE of_table = 'measured' EXCEPT ALL {wanted}) UNION "
                   f"ALL ({wanted} EXCEPT ALL SELECT what FROM shape WHERE of_table = 'measured')")
    if answer:
        raise Failure(f"the table is not like {table}:\n{answer}")


def play(s):
    writer = s.writer("-n", "-c", "1", "-R", "100", "-T", "600", "-f", "writer.sql")
    if until_done(s, "run", "job.yaml", longest=0.9, kills=8) < 3:
        raise Failure("too few kills came midway: this run proves little")
    same_as_twin(s)
    until_done(s, "rollback", "job.yaml", "--yes", longest=1.2, kills=5)
    same_as_twin(s)
    same_shape(s, "SELECT what FROM shape_before", "it was")
    until_done(s, "run", "job.yaml", longest=0.9, kills=3)
    until_done(s, "drop", "job.yaml", longest=0.3, kills=4)
    same_as_twin(s)
    s.stop_writer(writer)
    same_as_twin(s)
    same_shape(s, "SELECT what FROM shape WHERE of_table = 'wanted'", "one made so")
    s.expect("SELECT count(*) = 0 FROM pg_class WHERE relname ~ '__backfill_'")
