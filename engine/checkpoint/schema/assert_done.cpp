#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 7: a migration of any tool asks whether it may rely on a job's data. It runs under a role
// that may know nothing of the job but this, so the answer is the owner's, and what a failed job
// quotes of its rows (`last_error`) stays where only readers of the tables see it.
//
// Volatile, though it writes nothing: no planner may drop or fold the call.
const std::string_view assert_done = R"sql(
CREATE FUNCTION backfill.lack_of_proof(of_job bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
  SELECT CASE
           WHEN EXISTS (SELECT FROM backfill.ranges r
                         WHERE r.job_id = of_job AND split_part(r.phase, ' ', 1) = 'copy'
                           AND NOT r.closed) THEN 'its copy has not reached the end of the key'
           WHEN proof.rows_differing = 1 THEN '1 row differs'
           WHEN proof.rows_differing > 0 THEN proof.rows_differing || ' rows differ'
         END
    FROM (SELECT coalesce(sum(r.rows_differing), 0)::bigint AS rows_differing
            FROM backfill.ranges r
            JOIN (SELECT p.phase, max(p.pass) AS pass FROM backfill.ranges p
                   WHERE p.job_id = of_job AND split_part(p.phase, ' ', 1) = 'verify'
                   GROUP BY p.phase) AS latest ON latest.phase = r.phase AND latest.pass = r.pass
           WHERE r.job_id = of_job) AS proof
$function$;

CREATE FUNCTION backfill.assert_done(job_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  job record;
  doubt text;
  problem text;
  advice text;
BEGIN
  SELECT j.id, j.state, j.phase, c.paused_at IS NOT NULL AS paused,
         l.released_at IS NULL AND l.heartbeat_at + l.ttl >= clock_timestamp() AS held
    INTO job
    FROM backfill.jobs j LEFT JOIN backfill.leases l ON l.job_id = j.id
    LEFT JOIN backfill.controls c ON c.job_id = j.id
   WHERE j.name = job_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no backfill job named % has ever run in this database',
      coalesce('"' || job_name || '"', 'NULL')
      USING ERRCODE = 'BF003',
            HINT = 'Run it: backfill run JOB.yaml. Its name is what the file says under name, '
                   'else the name of the file without .yaml.';
  END IF;

  IF job.state = 'done' THEN
    doubt := backfill.lack_of_proof(job.id);
    IF doubt IS NULL THEN
      RETURN true;
    END IF;
    problem := 'counts as done, but is not proven: ' || doubt;
    advice := 'Prove it again: backfill verify with the job''s file. Where rows differ, '
              'backfill run mends them after that.';
  ELSIF job.phase = 'rolled_back' THEN
    problem := 'has been rolled back';
    advice := 'backfill run with the job''s file begins it again.';
  ELSIF job.phase = 'ready' AND job.state = 'stopped' THEN
    problem := 'is ready to switch, and has not switched';
    advice := 'backfill switch with the job''s file.';
  ELSIF job.state = 'failed' THEN
    problem := format('has failed in phase %s', job.phase);
    advice := format('backfill status %s says why; backfill run with the job''s file goes on where '
                     'it stands.', job_name);
  ELSIF job.paused THEN
    problem := format('is paused in phase %s', job.phase);
    advice := format('backfill resume %s', job_name);
  ELSIF job.state = 'running' AND job.held THEN
    problem := format('is still running, in phase %s', job.phase);
    advice := format('Wait for it: backfill gate %s --wait 1h', job_name);
  ELSE
    problem := format('%s in phase %s', CASE job.state WHEN 'running' THEN 'has lost its runner'
                                             ELSE 'is ' || job.state END, job.phase);
    advice := 'backfill run with the job''s file goes on where it stands.';
  END IF;
  RAISE EXCEPTION 'backfill job "%" %', job_name, problem
    USING ERRCODE = 'BF003', HINT = advice;
END $function$;

COMMENT ON FUNCTION backfill.lack_of_proof IS 'Why a job that counts as done is not proven; null when it is.';
COMMENT ON FUNCTION backfill.assert_done IS 'True when the job is done and proven; else BF003 with the reason and what to do. For migrations that rely on its data: needs USAGE on this schema and nothing more.';
)sql";

}  // namespace backfill::schema_sql
