#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// What operators want of a job, and what its runner has heard of it. Small and seldom written: the
// runner reads both tables about once a second, and at once when it is notified.
const std::string_view control_tables = R"sql(
CREATE TABLE backfill.controls (
  job_id bigint PRIMARY KEY REFERENCES backfill.jobs ON DELETE CASCADE,
  revision bigint NOT NULL DEFAULT 0,
  acknowledged bigint NOT NULL DEFAULT 0,
  paused_at timestamptz,
  paused_by text,
  stop_epoch bigint,
  stop_cancel boolean NOT NULL DEFAULT false,
  stop_at timestamptz,
  stop_by text
);

CREATE TABLE backfill.settings (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  key text NOT NULL,
  file_value text,
  value text,
  set_at timestamptz,
  set_by text,
  PRIMARY KEY (job_id, key)
);

COMMENT ON TABLE backfill.controls IS 'What operators want of a job: one row per job that has run. Written by pause, resume, stop and set; its runner reads it about once a second.';
COMMENT ON COLUMN backfill.controls.job_id IS 'The job.';
COMMENT ON COLUMN backfill.controls.revision IS 'Grows with every command.';
COMMENT ON COLUMN backfill.controls.acknowledged IS 'The last revision that a runner has put into effect.';
COMMENT ON COLUMN backfill.controls.paused_at IS 'Since when the job is paused, whether it runs or not; null: it is not.';
COMMENT ON COLUMN backfill.controls.paused_by IS 'Who paused it: user and host.';
COMMENT ON COLUMN backfill.controls.stop_epoch IS 'The runner that holds the job with this epoch is to stop; one that comes later is not.';
COMMENT ON COLUMN backfill.controls.stop_cancel IS 'Whether it is to cancel its batches in flight rather than let them end.';
COMMENT ON COLUMN backfill.controls.stop_at IS 'When that was last asked.';
COMMENT ON COLUMN backfill.controls.stop_by IS 'By whom.';

COMMENT ON TABLE backfill.settings IS 'The settings of a job that may change while it runs: one row per setting. In force is value, else file_value.';
COMMENT ON COLUMN backfill.settings.job_id IS 'The job.';
COMMENT ON COLUMN backfill.settings.key IS 'As in the job file, with dots: pace.connections.';
COMMENT ON COLUMN backfill.settings.file_value IS 'What the job file said when the job last began to run; null: it has no such section.';
COMMENT ON COLUMN backfill.settings.value IS 'What set has put in its place; null: nothing. Taken back when the file''s value changes.';
COMMENT ON COLUMN backfill.settings.set_at IS 'When it was set.';
COMMENT ON COLUMN backfill.settings.set_by IS 'By whom: user and host.';

COMMENT ON COLUMN backfill.events.kind IS 'What sort of event: retry, throttle, setting, phase, lease, error, command, information.';
)sql";

}  // namespace backfill::schema_sql
