#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Operators query these tables: the documentation lives where psql's \d+ shows it.
const std::string_view table_comments = R"sql(
COMMENT ON SCHEMA backfill IS 'Control schema of the backfill tool: jobs, their checkpoints and their history. Versioned and migrated by the tool; read it freely, change it through the tool.';

COMMENT ON TABLE backfill.schema_version IS 'The migrations of this schema that have been applied; the highest is its version.';
COMMENT ON COLUMN backfill.schema_version.version IS 'Number of the migration.';
COMMENT ON COLUMN backfill.schema_version.installed_at IS 'When it was applied.';
COMMENT ON COLUMN backfill.schema_version.installed_by IS 'By which role.';

COMMENT ON TABLE backfill.jobs IS 'One row per job, found by name.';
COMMENT ON COLUMN backfill.jobs.id IS 'What the other tables call job_id.';
COMMENT ON COLUMN backfill.jobs.name IS 'The job''s name: in its file, or else the file''s stem.';
COMMENT ON COLUMN backfill.jobs.kind IS 'The kind of job, as in its file.';
COMMENT ON COLUMN backfill.jobs.table_name IS 'The table, qualified and quoted.';
COMMENT ON COLUMN backfill.jobs.meaning IS 'What the job does, line by line; a file whose meaning differs is refused.';
COMMENT ON COLUMN backfill.jobs.search_path IS 'The search_path under which the expressions were first understood; every batch sets it.';
COMMENT ON COLUMN backfill.jobs.key_columns IS 'The columns of the key that the job walks along.';
COMMENT ON COLUMN backfill.jobs.phase IS 'The phase that is running or comes next.';
COMMENT ON COLUMN backfill.jobs.state IS 'running, stopped (resumable), failed (resumable once the cause is gone) or done. A running job whose runner has died still says running: see leases.';
COMMENT ON COLUMN backfill.jobs.epoch IS 'The fencing token: grows with every acquired lease. Nothing with an older one can commit.';
COMMENT ON COLUMN backfill.jobs.rows_estimated IS 'Rows of the table as estimated when the job started.';
COMMENT ON COLUMN backfill.jobs.created_at IS 'When the job was first run.';
COMMENT ON COLUMN backfill.jobs.created_by IS 'By which role.';
COMMENT ON COLUMN backfill.jobs.finished_at IS 'When the job was done; null until then.';
COMMENT ON COLUMN backfill.jobs.last_error IS 'Why it failed last; null when it has not, or has gone on since.';

COMMENT ON TABLE backfill.leases IS 'Who runs a job, or ran it last: one row per job.';
COMMENT ON COLUMN backfill.leases.job_id IS 'The job.';
COMMENT ON COLUMN backfill.leases.epoch IS 'The epoch that the runner writes its checkpoints with.';
COMMENT ON COLUMN backfill.leases.runner IS 'A number drawn by the runner when it started.';
COMMENT ON COLUMN backfill.leases.host IS 'The runner''s host name.';
COMMENT ON COLUMN backfill.leases.pid IS 'The runner''s process there.';
COMMENT ON COLUMN backfill.leases.process_start IS 'What tells this process from a later one with the same pid.';
COMMENT ON COLUMN backfill.leases.backend_pid IS 'The server process that last sent a heartbeat; null behind a pooler.';
COMMENT ON COLUMN backfill.leases.backend_start IS 'When that server process started.';
COMMENT ON COLUMN backfill.leases.acquired_at IS 'When the runner took the job.';
COMMENT ON COLUMN backfill.leases.heartbeat_at IS 'When it last showed that it lives, by the server''s clock.';
COMMENT ON COLUMN backfill.leases.released_at IS 'When it let go; null while it holds the job.';
COMMENT ON COLUMN backfill.leases.ttl IS 'After this time without a heartbeat another runner may take the job over.';
COMMENT ON COLUMN backfill.leases.progress IS 'What the runner last said of its progress; shown by status.';

COMMENT ON TABLE backfill.phases IS 'When each phase of a job started and finished; a phase that is repeated has several passes.';
COMMENT ON COLUMN backfill.phases.job_id IS 'The job.';
COMMENT ON COLUMN backfill.phases.phase IS 'The name of the phase.';
COMMENT ON COLUMN backfill.phases.pass IS 'From 1.';
COMMENT ON COLUMN backfill.phases.started_at IS 'When the pass began.';
COMMENT ON COLUMN backfill.phases.finished_at IS 'When it ended; null until then.';
COMMENT ON COLUMN backfill.phases.detail IS 'What came of it.';

COMMENT ON TABLE backfill.ranges IS 'The checkpoints: one row per range of keys of one pass. A batch moves the cursor of its range in the transaction that changes the rows.';
COMMENT ON COLUMN backfill.ranges.job_id IS 'The job.';
COMMENT ON COLUMN backfill.ranges.phase IS 'The phase that sweeps the range.';
COMMENT ON COLUMN backfill.ranges.pass IS 'The pass of that phase.';
COMMENT ON COLUMN backfill.ranges.no IS 'Number of the range within the pass.';
COMMENT ON COLUMN backfill.ranges.after_key IS 'Keys greater than this belong to the range; null: no lower end. One element per key column.';
COMMENT ON COLUMN backfill.ranges.through_key IS 'Keys up to and with this belong to the range; null: no upper end.';
COMMENT ON COLUMN backfill.ranges.cursor IS 'Keys up to and with this are done; at first after_key.';
COMMENT ON COLUMN backfill.ranges.epoch IS 'Only a runner with this epoch may move the cursor; restamped when a lease is acquired.';
COMMENT ON COLUMN backfill.ranges.keys IS 'Keys of the range as counted when it was cut.';
COMMENT ON COLUMN backfill.ranges.keys_done IS 'Of them, behind the cursor.';
COMMENT ON COLUMN backfill.ranges.rows_changed IS 'Rows that its batches changed, without the last batch while uncounted.';
COMMENT ON COLUMN backfill.ranges.rows_differing IS 'Rows that verification found not to be as they should.';
COMMENT ON COLUMN backfill.ranges.unchangeable IS 'Rows that still match where although their values equal the expressions.';
COMMENT ON COLUMN backfill.ranges.batches IS 'Batches committed.';
COMMENT ON COLUMN backfill.ranges.last_xid IS 'The transaction of the last batch.';
COMMENT ON COLUMN backfill.ranges.last_after IS 'Where the last batch began: it covers the keys from here (excluded) to the cursor.';
COMMENT ON COLUMN backfill.ranges.uncounted IS 'The last batch''s row count, known only after its checkpoint was sent, is not yet in rows_changed.';
COMMENT ON COLUMN backfill.ranges.closed IS 'Every key of the range is done.';
COMMENT ON COLUMN backfill.ranges.updated_at IS 'When the checkpoint was last written.';

COMMENT ON TABLE backfill.events IS 'What happened to a job: every throttle, retry, error and command, with its reason.';
COMMENT ON COLUMN backfill.events.id IS 'Grows with time.';
COMMENT ON COLUMN backfill.events.job_id IS 'The job.';
COMMENT ON COLUMN backfill.events.at IS 'When it was recorded.';
COMMENT ON COLUMN backfill.events.kind IS 'What sort of event: retry, throttle, setting, phase, lease, error, information.';
COMMENT ON COLUMN backfill.events.reason IS 'Short and stable, for queries.';
COMMENT ON COLUMN backfill.events.detail IS 'The rest, for people.';
)sql";

}  // namespace backfill::schema_sql
