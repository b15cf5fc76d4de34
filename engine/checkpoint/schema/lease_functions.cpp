#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// The whole decision is one function, hence one transaction by the server's clock. The job's row is
// locked first, so two runners decide one after the other. Restamping the open ranges waits for
// batches of the former owner that are still in flight: they were begun in time and may commit;
// whatever the former owner sends later meets the new epoch.
//
// The owner counts as dead when it let go, when its server process is gone (pid and start time, so
// that a reused pid does not deceive; other roles' start times may be hidden from us, then the pid
// alone decides, in favour of the owner), when the caller knows its process to be dead, or when it
// has not shown itself for its ttl.
const std::string_view lease_functions = R"sql(
CREATE OR REPLACE FUNCTION backfill.acquire_lease(
  of_job bigint, new_runner uuid, new_host text, new_pid integer, new_process_start text,
  new_ttl interval, pooled boolean, dead_runner uuid,
  OUT acquired boolean, OUT new_epoch bigint, OUT reason text)
LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  held backfill.leases;
BEGIN
  PERFORM FROM backfill.jobs j WHERE j.id = of_job FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % does not exist', of_job USING ERRCODE = 'BF001';
  END IF;
  SELECT * INTO held FROM backfill.leases l WHERE l.job_id = of_job FOR UPDATE;
  reason := CASE
    WHEN held.job_id IS NULL THEN 'free'
    WHEN held.released_at IS NOT NULL THEN 'released'
    WHEN held.runner = new_runner THEN 'own'
    WHEN held.runner = dead_runner THEN 'process_dead'
    WHEN held.backend_pid IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_stat_activity a
       WHERE a.pid = held.backend_pid
         AND coalesce(a.backend_start = held.backend_start, true)) THEN 'backend_gone'
    WHEN held.heartbeat_at + held.ttl < clock_timestamp() THEN 'heartbeat_expired'
  END;
  acquired := reason IS NOT NULL;
  IF NOT acquired THEN
    RETURN;
  END IF;

  UPDATE backfill.jobs j SET epoch = j.epoch + 1 WHERE j.id = of_job
    RETURNING j.epoch INTO new_epoch;
  INSERT INTO backfill.leases AS l
      (job_id, epoch, runner, host, pid, process_start, backend_pid, backend_start, acquired_at,
       heartbeat_at, ttl)
    SELECT of_job, new_epoch, new_runner, new_host, new_pid, new_process_start,
           CASE WHEN NOT pooled THEN pg_backend_pid() END,
           CASE WHEN NOT pooled THEN s.backend_start END, clock_timestamp(), clock_timestamp(),
           new_ttl
      FROM pg_stat_get_activity(pg_backend_pid()) s
    ON CONFLICT (job_id) DO UPDATE
      SET epoch = excluded.epoch, runner = excluded.runner, host = excluded.host,
          pid = excluded.pid, process_start = excluded.process_start,
          backend_pid = excluded.backend_pid, backend_start = excluded.backend_start,
          acquired_at = excluded.acquired_at, heartbeat_at = excluded.heartbeat_at,
          released_at = NULL, ttl = excluded.ttl;
  PERFORM FROM backfill.ranges r WHERE r.job_id = of_job AND (NOT r.closed OR r.uncounted)
    ORDER BY r.phase, r.pass, r.no FOR NO KEY UPDATE;
  UPDATE backfill.ranges r SET epoch = new_epoch
    WHERE r.job_id = of_job AND (NOT r.closed OR r.uncounted);
END $function$;

CREATE OR REPLACE FUNCTION backfill.heartbeat(
  of_job bigint, holder_epoch bigint, holder uuid, pooled boolean, new_progress jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
BEGIN
  UPDATE backfill.leases l
    SET heartbeat_at = clock_timestamp(), progress = coalesce(new_progress, l.progress),
        backend_pid = CASE WHEN NOT pooled THEN pg_backend_pid() END,
        backend_start = CASE WHEN NOT pooled THEN
          (SELECT s.backend_start FROM pg_stat_get_activity(pg_backend_pid()) s) END
    WHERE l.job_id = of_job AND l.epoch = holder_epoch AND l.runner = holder
      AND l.released_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease of job % with epoch % is lost', of_job, holder_epoch
      USING ERRCODE = 'BF001', HINT = 'Another runner has taken the job over.';
  END IF;
END $function$;

COMMENT ON FUNCTION backfill.acquire_lease IS 'Makes the caller the one runner of a job, or says no: acquired is false while another runner lives.';
COMMENT ON FUNCTION backfill.heartbeat IS 'Shows that the runner lives, and what it has done; BF001 when the lease is lost.';
)sql";

}  // namespace backfill::schema_sql
