#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/describe_table.hpp"
#include "catalog/estimate_facts.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/expression_scope.hpp"
#include "catalog/ground.hpp"
#include "catalog/preflight.hpp"
#include "catalog/scan_facts.hpp"
#include "catalog/table_size.hpp"
#include "config/meaning.hpp"
#include "core/enforce_step.hpp"
#include "core/pace_limit.hpp"
#include "core/sql_text.hpp"
#include "jobs/backfill.hpp"
#include "jobs/enforce.hpp"
#include "jobs/preserve.hpp"
#include "jobs/sweep_script.hpp"
#include "jobs/type_copy_names.hpp"
#include "pg/field.hpp"
#include "run/earlier_run.hpp"
#include "run/guard_phase.hpp"
#include "run/placed.hpp"
#include "run/run.hpp"
#include "run/standbys.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

std::string shown_key(const Target& target) {
  std::vector<std::string> names;
  for (const KeyColumn& column : target.key.columns) names.push_back(column.name);
  return fmt::format("{} ({})", fmt::join(names, ", "), target.key.index);
}

/// Of a script, which has no time to find out how many are good.
constexpr std::int64_t script_batch_rows = 2'000;
constexpr BoundShape both{.after = true, .through = true};
constexpr BoundShape from_start{.after = false, .through = true};

std::vector<PlanStep> steps_of(const BackfillSql& sql, const Target& target,
                               const ScanChoice& scan) {
  std::vector<PlanStep> steps;
  for (const PlannedStatement& added : sql.add()) steps.push_back({"add", added.sql, added.lock});
  PlanStep copy{"copy", scan.stripes > 1 ? sql.copy_stripe(both) : sql.copy(both),
                "ROW EXCLUSIVE on the table and the batch's rows, for one batch at a time"};
  copy.script = sweep_script(target, {sql.copy(from_start), sql.copy(both)}, script_batch_rows);
  steps.push_back(std::move(copy));
  if (sql.proof() == Proof::ledger) return steps;
  PlanStep verify{"verify", sql.verify(both), "ACCESS SHARE, for one batch at a time"};
  verify.script = sql.verify({});
  steps.push_back(std::move(verify));
  if (!may_repair(sql.proof())) return steps;
  PlanStep repair{"repair", sql.repair(both),
                  "ROW EXCLUSIVE, only where verifying finds rows that differ"};
  repair.script =
      sweep_script(target, {sql.repair(from_start), sql.repair(both)}, script_batch_rows);
  steps.push_back(std::move(repair));
  return steps;
}

/// The trigger comes before the first change and goes behind the last. In a script the whole
/// session is the job's, and the schema of the trigger's function may not be there.
void add_preserve_steps(const Job& job, const Target& target, PlanReport* report) {
  if (job.preserve.empty()) return;
  report->session.push_back(fmt::format("SET {} = {}", batch_setting, quote_literal(job.name)));
  std::vector<PlanStep> before;
  for (OnlineDdl& ddl : keep_columns_ddl(job, target)) {
    PlanStep step{"preserve", std::move(ddl.sql), std::move(ddl.lock)};
    if (before.empty()) step.script = "CREATE SCHEMA IF NOT EXISTS backfill;\n" + step.sql;
    before.push_back(std::move(step));
  }
  const auto first =
      std::ranges::find_if(report->steps, [](const PlanStep& step) { return step.phase != "add"; });
  report->steps.insert(first, before.begin(), before.end());
  for (OnlineDdl& ddl : let_columns_go_ddl(job, target)) {
    report->steps.push_back({"preserve", std::move(ddl.sql), std::move(ddl.lock)});
  }
}

/// Assumed for the estimate: a table is read at least at this pace.
constexpr double scan_bytes_per_second = 200e6;

/// How long a scan or a build takes, by the table's size.
std::string reading_time(std::optional<std::int64_t> bytes) {
  if (!bytes) return {};
  const double seconds = static_cast<double>(*bytes) / scan_bytes_per_second;
  return seconds < 1 ? "; less than a second by the table's size"
                     : fmt::format("; about {:.0f} s at 200 MB/s by the table's size", seconds);
}

/// The walk of each step from nothing, as `run` takes it where nothing is there yet.
void add_enforce_steps(const Job& job, const Target& target, PlanReport* report) {
  const Target whole = with_added_columns(job, target);
  for (const EnforceStep& step : job.enforce) {
    const EnforceSql sql(step, whole);
    for (OnlineDdl& ddl : sql.all()) {
      if (ddl.shape != DdlShape::instant) ddl.lock += reading_time(report->table_bytes);
      const bool validates = ddl.shape == DdlShape::scan;
      const auto orphans = sql.mend_orphans(both);
      if (validates && orphans) {
        PlanStep mend{"enforce", *orphans,
                      "ROW EXCLUSIVE on the table and the batch's rows, for one batch at a time"};
        const std::string first = sql.mend_orphans(from_start).value_or(std::string{});
        mend.script = sweep_script(whole, {first, *orphans}, script_batch_rows);
        report->steps.push_back(std::move(mend));
      }
      report->steps.push_back({"enforce", std::move(ddl.sql), std::move(ddl.lock)});
    }
  }
}

bool is_done(const std::optional<JobRecord>& earlier) {
  return earlier && earlier->state == JobState::done;
}

/// The statements are those of the whole job all the same: what a review is about.
void tell_where_it_stands(const JobRecord& earlier, PlanReport* report) {
  if (earlier.state == JobState::done && earlier.finished_at) {
    report->findings.push_back(fmt::format(
        "note: the job is done already, since {}: `run` would say so and change nothing",
        *earlier.finished_at));
  } else if (earlier.begun) {
    report->findings.push_back(fmt::format(
        "note: the job has begun, and is in phase {}: `run` goes on where it was", earlier.phase));
  }
}

asio::awaitable<Result<PlanReport>> make_report(pg::Connection* connection, Job job) {
  const std::string name = job.name;
  const std::string meaning = meaning_of(job);
  const Result<std::optional<JobRecord>> earlier = co_await find_earlier_run(connection, name);
  if (!earlier) co_return earlier.error();
  // As `run` does: it walks on along the key that it began with.
  if (*earlier && job.key.empty()) job.key = (*earlier)->key_columns;
  Result<Target> described = co_await describe_table(connection, job);
  if (!described) co_return placed_at_table(job, described.error());
  const Target target = *std::move(described);
  PlanReport report;
  if (*earlier) {
    std::vector<std::string> retyped = retyped_columns(job);
    const Result<std::string> ground = co_await ground_of(connection, target, std::move(retyped));
    if (!ground) co_return ground.error();
    report.findings = objections_to_going_on(**earlier, meaning, *ground);
    if (!report.findings.empty()) report.code = ExitCode::refused;
    if (report.code == ExitCode::done) tell_where_it_stands(**earlier, &report);
  }
  report.table = quote_name(target.table);
  report.key = shown_key(target);
  const Result<ScanFacts> scan_basis = co_await scan_facts(connection, job, target);
  if (!scan_basis) co_return scan_basis.error();
  const ScanChoice scan = choose_scan(*scan_basis);
  report.scan = scan.reason;
  report.rows = target.estimated_rows;
  const Result<std::optional<std::int64_t>> bytes = co_await table_size(connection, target.oid);
  if (!bytes) co_return bytes.error();
  report.table_bytes = *bytes;
  if (job.kind == JobKind::type_copy) {
    co_return co_await plan_type_copy(connection, std::move(job), std::move(report));
  }

  Result<std::vector<Finding>> findings = co_await preflight(connection, job, target);
  if (!findings) co_return findings.error();
  const Result<void> held = co_await hold_read_only(connection);
  if (!held) co_return held.error();
  place_findings(job, &*findings);
  for (const Finding& finding : *findings) {
    report.findings.push_back(format(finding));
    if (finding.severity == Finding::Severity::refuse) report.code = ExitCode::refused;
  }
  std::vector<bool> facts(job.set.size(), false);
  if (report.code != ExitCode::refused) {
    Result<std::vector<bool>> known = co_await deterministic_expressions(connection, job, target);
    if (!known) co_return known.error();
    facts = *std::move(known);
  }
  const BackfillSql sql(job, target, std::move(facts));
  if (report.code != ExitCode::refused && missing_columns(job, target).empty()) {
    const Result<std::optional<GuardVerdict>> bad =
        co_await find_bad_plan(connection, target, &sql);
    if (!bad) co_return bad.error();
    if (*bad) {
      report.findings.push_back(
          fmt::format("refused: the server would not use the key's index for the batches: {}. {}",
                      (*bad)->reason, (*bad)->hint));
      report.code = ExitCode::refused;
    }
  }
  report.proof = explain(sql.proof());
  report.steps = steps_of(sql, target, scan);
  report.session.push_back(script_lock_timeout(job));
  add_preserve_steps(job, target, &report);
  add_enforce_steps(job, target, &report);
  if (report.code != ExitCode::refused) {
    const ScanFacts facts_of_scan = *scan_basis;
    Result<EstimateFacts> basis =
        co_await estimate_facts(connection, job, target, scan, facts_of_scan);
    if (!basis) co_return basis.error();
    report.estimate = estimate_job(*basis, std::nullopt);
    report.estimate->seconds_basis += "; backfill rehearse measures";
    limit_time(job.pace, &*report.estimate);
  }
  report.next = report.code == ExitCode::refused
                    ? "backfill plan " + job.file + "   (after mending the above)"
                : is_done(*earlier) ? "backfill verify " + job.file
                                    : "backfill run " + job.file;
  co_return report;
}

}  // namespace

asio::awaitable<Result<PlanReport>> plan_job(asio::any_io_executor executor, Request request) {
  const Result<std::vector<AskedStandby>> standbys = standbys_of(request.job);
  if (!standbys) co_return standbys.error();
  pg::ConnectOptions options;
  options.conninfo = request.conninfo;
  options.application_name = "backfill: plan";
  options.read_write = false;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  const Job job = request.job;
  co_return co_await make_report(connection.get(), job);
}

}  // namespace backfill::run
