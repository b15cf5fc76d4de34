#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 8: what happened, for those who ask when it is over. A run writes its row again every few
// seconds, so that one that is killed leaves nearly all of it.
const std::string_view history = R"sql(
CREATE TABLE backfill.runs (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  epoch bigint NOT NULL,
  command text NOT NULL,
  role text NOT NULL DEFAULT session_user,
  os_user text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  exit_code smallint,
  outcome text,
  rows_passed bigint NOT NULL DEFAULT 0,
  rows_changed bigint NOT NULL DEFAULT 0,
  batches bigint NOT NULL DEFAULT 0,
  retries bigint NOT NULL DEFAULT 0,
  time_lost jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (job_id, epoch)
) WITH (fillfactor = 50);
CREATE INDEX runs_by_time ON backfill.runs (started_at);

CREATE TABLE backfill.samples (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  no bigint NOT NULL,
  epoch bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  span_s double precision NOT NULL,
  phase text NOT NULL,
  rows_passed bigint NOT NULL,
  rows_changed bigint NOT NULL,
  batches bigint NOT NULL,
  retries bigint NOT NULL,
  batch_rows bigint,
  batch_ms double precision,
  batch_ms_max double precision,
  lag_s double precision,
  workers double precision NOT NULL,
  limited_by text NOT NULL,
  time_lost jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (job_id, no)
);

COMMENT ON TABLE backfill.runs IS 'Every run of every job: who, when, how long, what came of it.';
COMMENT ON COLUMN backfill.runs.job_id IS 'The job.';
COMMENT ON COLUMN backfill.runs.epoch IS 'The epoch of its lease.';
COMMENT ON COLUMN backfill.runs.command IS 'run, verify, switch, drop or rollback.';
COMMENT ON COLUMN backfill.runs.role IS 'The role it connected as.';
COMMENT ON COLUMN backfill.runs.os_user IS 'The user that the process ran as.';
COMMENT ON COLUMN backfill.runs.host IS 'The runner''s host name.';
COMMENT ON COLUMN backfill.runs.pid IS 'The runner''s process there.';
COMMENT ON COLUMN backfill.runs.started_at IS 'When it had taken the job.';
COMMENT ON COLUMN backfill.runs.seen_at IS 'When this row was last written.';
COMMENT ON COLUMN backfill.runs.ended_at IS 'When it ended; null while it runs, and for ever when it was killed.';
COMMENT ON COLUMN backfill.runs.exit_code IS 'How it ended, as its exit code.';
COMMENT ON COLUMN backfill.runs.outcome IS 'How it ended, as a sentence.';
COMMENT ON COLUMN backfill.runs.rows_passed IS 'Rows that its sweeps have passed, those that were only compared among them.';
COMMENT ON COLUMN backfill.runs.rows_changed IS 'Rows that it changed.';
COMMENT ON COLUMN backfill.runs.batches IS 'Batches that it committed.';
COMMENT ON COLUMN backfill.runs.retries IS 'Batches that it had to try again.';
COMMENT ON COLUMN backfill.runs.time_lost IS 'Seconds of its work that throttles and pauses cost, by reason.';

COMMENT ON TABLE backfill.samples IS 'How a job went over time: one row per span, and the spans grow with their number, so that the rows of a job stay few.';
COMMENT ON COLUMN backfill.samples.job_id IS 'The job.';
COMMENT ON COLUMN backfill.samples.no IS 'From 1, over all runs of the job.';
COMMENT ON COLUMN backfill.samples.epoch IS 'The epoch of the run.';
COMMENT ON COLUMN backfill.samples.at IS 'When the span ended.';
COMMENT ON COLUMN backfill.samples.span_s IS 'Its length in seconds.';
COMMENT ON COLUMN backfill.samples.phase IS 'The phase.';
COMMENT ON COLUMN backfill.samples.rows_passed IS 'Rows passed within the span.';
COMMENT ON COLUMN backfill.samples.rows_changed IS 'Rows changed within the span.';
COMMENT ON COLUMN backfill.samples.batches IS 'Batches committed within the span.';
COMMENT ON COLUMN backfill.samples.retries IS 'Batches tried again within the span.';
COMMENT ON COLUMN backfill.samples.batch_rows IS 'The size of a batch at its end.';
COMMENT ON COLUMN backfill.samples.batch_ms IS 'How long the statement of a batch took, on average.';
COMMENT ON COLUMN backfill.samples.batch_ms_max IS 'The worst of these readings, which are smoothed themselves.';
COMMENT ON COLUMN backfill.samples.lag_s IS 'The worst lag of a standby in seconds; null without standbys.';
COMMENT ON COLUMN backfill.samples.workers IS 'Connections at work, on average.';
COMMENT ON COLUMN backfill.samples.limited_by IS 'What limited the work at its end.';
COMMENT ON COLUMN backfill.samples.time_lost IS 'Seconds of the span that throttles and pauses cost, by reason.';
)sql";

}  // namespace backfill::schema_sql
