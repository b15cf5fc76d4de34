#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/estimate_facts.hpp"
#include "catalog/scan_facts.hpp"
#include "core/duration_text.hpp"
#include "core/pace_limit.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/backfill.hpp"
#include "jobs/sweep_script.hpp"
#include "pg/connection.hpp"
#include "run/table_estimates.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

constexpr std::int64_t script_batch_rows = 2'000;

bool keeps_books(std::string_view sql) {
  return sql.starts_with("DELETE FROM backfill.") || sql.starts_with("UPDATE backfill.") ||
         sql.find("FROM backfill.events AS") != std::string_view::npos;
}

class Steps {
 public:
  explicit Steps(std::vector<PlanStep>& steps) : steps_(steps) {}

  PlanStep& add(const char* phase, std::string sql, std::string lock) {
    steps_.push_back({phase, std::move(sql), std::move(lock)});
    return steps_.back();
  }
  /// One transaction. What only the tool's own bookkeeping needs has no place in a script.
  void add(const char* phase, const std::vector<OnlineDdl>& statements) {
    for (const OnlineDdl& ddl : statements) {
      PlanStep& step = add(phase, ddl.sql, ddl.lock);
      step.together = true;
      if (keeps_books(ddl.sql)) step.script = "-- (left out: the tool's own bookkeeping)";
    }
  }
  /// Not to be run along with the rest.
  void add_by_hand(const char* phase, const std::vector<OnlineDdl>& statements) {
    for (const OnlineDdl& ddl : statements) add(phase, ddl.sql, ddl.lock).by_hand = true;
  }
  void add(const char* phase, const std::vector<CarryStep>& steps) {
    for (const CarryStep& step : steps) add(phase, step.ddl.sql, step.ddl.lock);
  }

 private:
  std::vector<PlanStep>& steps_;
};

/// The job's trigger is not to fire for its own batches.
std::string quiet_script(const std::string& job, const std::string& script) {
  return fmt::format("SET backfill.job = {};\n{};\nRESET backfill.job", quote_literal(job), script);
}

void plan_sweeps(const TypeCopyView& view, const std::string& job, Steps steps) {
  constexpr BoundShape both{.after = true, .through = true};
  constexpr BoundShape from_start{.after = false, .through = true};
  std::vector<BackfillSql> sweeps;
  for (const CopyTable& table : view.tables) {
    sweeps.emplace_back(forward_job(table.job), table.target, table.provable);
  }
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    PlanStep& step = steps.add(
        "copy",
        view.tables[i].scan.stripes > 1 ? sweeps[i].copy_stripe(both) : sweeps[i].copy(both),
        "ROW EXCLUSIVE on the table and the batch's rows, for one batch at a time");
    step.script = quiet_script(
        job, sweep_script(view.tables[i].target, {sweeps[i].copy(from_start), sweeps[i].copy(both)},
                          script_batch_rows));
  }
  for (const BackfillSql& sweep : sweeps) {
    steps.add("verify", sweep.verify(both), "ACCESS SHARE, for one batch at a time").script =
        sweep.verify({});
  }
}

void plan_forward(const Job& job, const TypeCopyView& view, Steps steps) {
  if (view.stage == CopyStage::absent) {
    steps.add("add", add_ddl(view.facts(), view.carry, view.record()));
  }
  steps
      .add("wait",
           fmt::format("-- waits until every transaction older than the trigger has ended, for {} "
                       "at most",
                       duration_text(job.type_copy.transaction_wait)),
           "none")
      .script = wait_script();
  plan_sweeps(view, job.name, steps);
  steps.add("prepare", view.carry.before_switch);
  SwitchProof proof{job.name, {}};
  for (const CopyTable& table : view.tables) {
    proof.snapshots[quote_name(table.target.table)] = "the snapshot of the proof";
    // The trigger's mark is known to the proof alone: without one the switch does not compare it.
  }
  steps.add("switch",
            switch_ddl(view.facts(), view.carry.in_switch, proof, SyncDirection::forward));
}

std::vector<std::string> key_names(const Target& target) {
  std::vector<std::string> names;
  for (const KeyColumn& column : target.key.columns) names.push_back(name_text(column.name));
  return names;
}

/// What else changes, and how much of it there is.
void tell_followed(const TypeCopyView& view, PlanReport* report) {
  for (const Reference& reference : view.follows) {
    report->findings.push_back(fmt::format(
        "follows: {}.{} changes with {}.{} (foreign key {})", name_text(reference.table),
        name_text(reference.column), name_text(reference.references),
        name_text(reference.referenced), name_text(reference.constraint)));
  }
  for (std::size_t i = 1; i < view.tables.size(); ++i) {
    const Target& target = view.tables[i].target;
    report->findings.push_back(fmt::format(
        "also: {} is copied along its key ({}){}", name_text(target.table),
        fmt::join(key_names(target), ", "),
        target.estimated_rows ? fmt::format(", about {} rows", *target.estimated_rows) : ""));
  }
}

asio::awaitable<Result<JobEstimate>> estimate_tables(pg::Connection* connection,
                                                     const TypeCopyView* view) {
  std::optional<JobEstimate> total;
  for (const CopyTable& table : view->tables) {
    const Job sweep = forward_job(table.job);
    const Target target = table.target;
    const Result<ScanFacts> basis = co_await scan_facts(connection, sweep, target);
    if (!basis) co_return basis.error();
    const ScanFacts scan_basis = *basis;
    const ScanChoice scan = table.scan;
    Result<EstimateFacts> facts =
        co_await estimate_facts(connection, sweep, target, scan, scan_basis);
    if (!facts) co_return facts.error();
    facts->new_indexes = built_indexes(*view, table);
    JobEstimate estimate = estimate_job(*facts, std::nullopt);
    estimate.seconds_basis += "; backfill rehearse measures";
    limit_time(sweep.pace, &estimate);
    if (total) {
      add_to(estimate, &*total);
    } else {
      total = estimate;
    }
  }
  co_return *total;
}

std::string next_of(const Job& job, const TypeCopyView& view, bool refused) {
  if (refused) return "backfill plan " + job.file + "   (after mending the above)";
  if (view.stage != CopyStage::switched) return "backfill run " + job.file;
  return fmt::format("backfill drop {0}, or backfill rollback {0}", job.file);
}

}  // namespace

asio::awaitable<Result<void>> hold_read_only(pg::Connection* connection) {
  constexpr Duration deadline = std::chrono::seconds{5};
  if (connection->pooled()) co_return Result<void>{};
  std::string sql = "SET default_transaction_read_only = on";
  co_return co_await connection->script(std::move(sql), deadline);
}

std::string script_lock_timeout(const Job& job) {
  return fmt::format("SET lock_timeout = '{}ms'", job.safety.lock_timeout.count());
}

asio::awaitable<Result<PlanReport>> plan_type_copy(pg::Connection* connection, Job job,
                                                   PlanReport report) {
  Result<TypeCopyView> viewed = co_await view_type_copy(connection, job, false);
  if (!viewed) co_return viewed.error();
  const Result<void> held = co_await hold_read_only(connection);
  if (!held) co_return held.error();
  TypeCopyView& view = *viewed;
  if (view.stage != CopyStage::switched) {
    const std::vector<Finding> newcomers = refuse_newcomers(view);
    view.findings.insert(view.findings.end(), newcomers.begin(), newcomers.end());
  }
  view.findings.insert(view.findings.end(), view.moved.begin(), view.moved.end());
  const bool refused = refuses(view.findings);
  report.code = refused ? ExitCode::refused : ExitCode::done;
  report.proof =
      "a sweep compares every row's new column with `using` of the old one; any difference keeps "
      "the names as they are";
  for (const Finding& finding : view.findings) report.findings.push_back(format(finding));
  tell_followed(view, &report);
  for (const std::string& line : view.carry.carried) report.findings.push_back("carried: " + line);
  Steps steps(report.steps);
  if (!refused && view.stage != CopyStage::switched) {
    const Result<void> chosen = co_await choose_scans(connection, &view);
    if (!chosen) co_return chosen.error();
    report.scan = view.own().scan.reason;
    plan_forward(job, view, steps);
    const Result<JobEstimate> estimate = co_await estimate_tables(connection, &view);
    if (!estimate) co_return estimate.error();
    report.estimate = *estimate;
  }
  if (!refused) steps.add_by_hand("drop", drop_ddl(view.facts(), CopyStage::switched));
  report.session.push_back(script_lock_timeout(job));
  // Where the trigger's function lives. The tables in it are the tool's own; without them a write
  // whose value does not convert fails, whatever `on_cast_error` says.
  report.session.emplace_back("CREATE SCHEMA IF NOT EXISTS backfill");
  report.next = next_of(job, view, refused);
  co_return report;
}

}  // namespace backfill::run
