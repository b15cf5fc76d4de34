#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/duration_text.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/backfill.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

class Steps {
 public:
  explicit Steps(std::vector<PlanStep>& steps) : steps_(steps) {}

  void add(const char* phase, std::string sql, std::string lock) {
    steps_.push_back({phase, std::move(sql), std::move(lock)});
  }
  void add(const char* phase, const std::vector<OnlineDdl>& statements) {
    for (const OnlineDdl& ddl : statements) add(phase, ddl.sql, ddl.lock);
  }
  void add(const char* phase, const std::vector<CarryStep>& steps) {
    for (const CarryStep& step : steps) add(phase, step.ddl.sql, step.ddl.lock);
  }

 private:
  std::vector<PlanStep>& steps_;
};

void plan_sweeps(const TypeCopyView& view, Steps steps) {
  constexpr BoundShape both{.after = true, .through = true};
  std::vector<BackfillSql> sweeps;
  for (const CopyTable& table : view.tables) {
    sweeps.emplace_back(forward_job(table.job), table.target, table.provable);
  }
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    steps.add("copy",
              view.tables[i].scan.stripes > 1 ? sweeps[i].copy_stripe(both) : sweeps[i].copy(both),
              "ROW EXCLUSIVE on the table and the batch's rows, for one batch at a time");
  }
  for (const BackfillSql& sweep : sweeps) {
    steps.add("verify", sweep.verify(both), "ACCESS SHARE, for one batch at a time");
  }
}

void plan_forward(const Job& job, const TypeCopyView& view, Steps steps) {
  if (view.stage == CopyStage::absent) {
    steps.add("add", add_ddl(view.facts(), view.carry, view.record()));
  }
  steps.add("wait",
            fmt::format("-- waits until every transaction older than the trigger has ended, for {} "
                        "at most",
                        duration_text(job.type_copy.transaction_wait)),
            "none");
  plan_sweeps(view, steps);
  steps.add("prepare", view.carry.before_switch);
  SwitchProof proof{job.name, {}};
  for (const CopyTable& table : view.tables) {
    proof.snapshots[quote_name(table.target.table)] = "the snapshot of the proof";
    proof.triggers[quote_name(table.target.table)] = "the trigger as the proof found it";
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

std::string next_of(const Job& job, const TypeCopyView& view, bool refused) {
  if (refused) return "backfill plan " + job.file + "   (after mending the above)";
  if (view.stage != CopyStage::switched) return "backfill run " + job.file;
  return fmt::format("backfill drop {0}, or backfill rollback {0}", job.file);
}

}  // namespace

asio::awaitable<Result<PlanReport>> plan_type_copy(pg::Connection* connection, Job job,
                                                   PlanReport report) {
  Result<TypeCopyView> viewed = co_await view_type_copy(connection, job, false);
  if (!viewed) co_return viewed.error();
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
  }
  if (!refused) steps.add("drop", drop_ddl(view.facts(), CopyStage::switched));
  report.next = next_of(job, view, refused);
  co_return report;
}

}  // namespace backfill::run
