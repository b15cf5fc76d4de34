#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Rows that are updated often (ranges, leases) keep half of each page free, so that each update is
// HOT: no index is touched and the old version is pruned by the next one.
const std::string_view tables = R"sql(
CREATE TABLE backfill.schema_version (
  version integer PRIMARY KEY,
  installed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  installed_by text NOT NULL DEFAULT session_user
);

CREATE TABLE backfill.jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  kind text NOT NULL,
  table_name text NOT NULL,
  meaning text NOT NULL,
  search_path text NOT NULL,
  key_columns text[] NOT NULL,
  phase text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'stopped', 'failed', 'done')),
  epoch bigint NOT NULL DEFAULT 0,
  rows_estimated bigint,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL DEFAULT session_user,
  finished_at timestamptz,
  last_error text
);

CREATE TABLE backfill.leases (
  job_id bigint PRIMARY KEY REFERENCES backfill.jobs ON DELETE CASCADE,
  epoch bigint NOT NULL,
  runner uuid NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  process_start text NOT NULL,
  backend_pid integer,
  backend_start timestamptz,
  acquired_at timestamptz NOT NULL,
  heartbeat_at timestamptz NOT NULL,
  released_at timestamptz,
  ttl interval NOT NULL,
  progress jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);

CREATE TABLE backfill.phases (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  phase text NOT NULL,
  pass integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (job_id, phase, pass)
);

CREATE TABLE backfill.ranges (
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  phase text NOT NULL,
  pass integer NOT NULL,
  no bigint NOT NULL,
  after_key text[] COLLATE "C",
  through_key text[] COLLATE "C",
  cursor text[] COLLATE "C",
  epoch bigint NOT NULL,
  keys bigint NOT NULL,
  keys_done bigint NOT NULL DEFAULT 0,
  rows_changed bigint NOT NULL DEFAULT 0,
  rows_differing bigint NOT NULL DEFAULT 0,
  unchangeable bigint NOT NULL DEFAULT 0,
  batches bigint NOT NULL DEFAULT 0,
  last_xid xid8,
  last_after text[] COLLATE "C",
  uncounted boolean NOT NULL DEFAULT false,
  closed boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, phase, pass, no)
) WITH (fillfactor = 50);

CREATE TABLE backfill.events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id bigint NOT NULL REFERENCES backfill.jobs ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  reason text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_of_job ON backfill.events (job_id, id);
)sql";

}  // namespace backfill::schema_sql
