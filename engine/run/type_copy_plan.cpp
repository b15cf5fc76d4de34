#include <utility>

#include <fmt/format.h>

#include "catalog/scan_facts.hpp"
#include "core/duration_text.hpp"
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

void plan_forward(const Job& job, const TypeCopyView& view, const BackfillSql& sql,
                  const ScanChoice& order, Steps steps) {
  constexpr BoundShape both{.after = true, .through = true};
  if (view.stage == CopyStage::absent) steps.add("add", add_ddl(view.facts, view.carry));
  steps.add("wait",
            fmt::format("-- waits until every transaction older than the trigger has ended, for {} "
                        "at most",
                        duration_text(job.type_copy.transaction_wait)),
            "none");
  steps.add("copy", order.stripes > 1 ? sql.copy_stripe(both) : sql.copy(both),
            "ROW EXCLUSIVE on the table and the batch's rows, for one batch at a time");
  steps.add("verify", sql.verify(both), "ACCESS SHARE, for one batch at a time");
  steps.add("prepare", view.carry.before_switch);
  const SwitchProof proof{job.name, "the snapshot of the proof"};
  steps.add("switch", switch_ddl(view.facts, view.carry.in_switch, proof, SyncDirection::forward));
  steps.add("after", view.carry.after_switch);
}

std::string next_of(const Job& job, const TypeCopyView& view, bool refused) {
  if (refused) return "backfill plan " + job.file + "   (after mending the above)";
  if (view.stage != CopyStage::switched) return "backfill run " + job.file;
  return fmt::format("backfill drop {0}, or backfill rollback {0}", job.file);
}

}  // namespace

asio::awaitable<Result<PlanReport>> plan_type_copy(pg::Connection* connection, Job job,
                                                   PlanReport report) {
  const Result<TypeCopyView> viewed = co_await view_type_copy(connection, job, false);
  if (!viewed) co_return viewed.error();
  const TypeCopyView& view = *viewed;
  const bool refused = refuses(view.findings);
  report.code = refused ? ExitCode::refused : ExitCode::done;
  report.proof =
      "a sweep compares every row's new column with `using` of the old one; any difference keeps "
      "the names as they are";
  for (const Finding& finding : view.findings) report.findings.push_back(format(finding));
  for (const std::string& line : view.carry.carried) report.findings.push_back("carried: " + line);
  Steps steps(report.steps);
  if (!refused && view.stage != CopyStage::switched) {
    const Job forward = forward_job(job);
    const Result<ScanFacts> scan = co_await scan_facts(connection, forward, view.target);
    if (!scan) co_return scan.error();
    const ScanChoice order = choose_scan(*scan);
    report.scan = order.reason;
    const BackfillSql sql(forward, view.target, view.provable);
    plan_forward(job, view, sql, order, steps);
  }
  if (!refused) steps.add("drop", drop_ddl(view.facts, CopyStage::switched));
  report.next = next_of(job, view, refused);
  co_return report;
}

}  // namespace backfill::run
