#include "run/rehearse_examine.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/describe_table.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/expression_scope.hpp"
#include "catalog/preflight.hpp"
#include "catalog/scan_facts.hpp"
#include "core/enforce_step.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "run/earlier_run.hpp"
#include "run/guard_phase.hpp"
#include "run/placed.hpp"
#include "run/table_estimates.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

void refuse(Rehearsal* rehearsal, std::string why) {
  rehearsal->findings.push_back("refused: " + std::move(why));
  rehearsal->code = ExitCode::refused;
}

void take_findings(const std::vector<Finding>& findings, Rehearsal* rehearsal) {
  for (const Finding& finding : findings) {
    if (finding.severity == Finding::Severity::note) continue;
    rehearsal->findings.push_back(format(finding));
    if (finding.severity == Finding::Severity::refuse) rehearsal->code = ExitCode::refused;
  }
}

TransactionSettings settings_of(const Job& job, const std::optional<JobRecord>& earlier) {
  TransactionSettings settings;
  settings.lock_timeout = job.safety.lock_timeout;
  settings.statement_timeout = job.safety.statement_timeout;
  settings.bypass_triggers = job.safety.user_triggers == UserTriggers::bypass;
  if (earlier) settings.search_path = earlier->search_path;
  if (job.kind == JobKind::type_copy) settings.quiet_job = job.name;
  return settings;
}

std::string why_not_written(const std::vector<AddColumn>& missing) {
  std::vector<std::string> names;
  for (const AddColumn& column : missing) names.push_back(name_text(column.column));
  return fmt::format(
      "{} {} not there yet, so the new values were computed and thrown away: time, WAL and the "
      "share of HOT updates are not measured. With --add-columns each batch adds the column in its "
      "transaction, and nobody else can use the table meanwhile",
      fmt::join(names, ", "), names.size() == 1 ? "is" : "are");
}

/// A sweep over a table as it is rehearsed: with its columns, without them, or as if they were
/// there.
ExaminedTable examined(Job sweep, Target target, std::vector<bool> provable, ScanChoice scan,
                       TransactionSettings settings, bool add_columns) {
  Target as_it_is = target;
  const std::vector<AddColumn> missing = missing_columns(sweep, target);
  const bool writes = missing.empty() || add_columns;
  std::vector<std::string> adds;
  if (writes && !missing.empty()) {
    const BackfillSql before(sweep, target, provable);
    for (PlannedStatement& added : before.add()) adds.push_back(std::move(added.sql));
    target = with_added_columns(sweep, std::move(target));
  }
  BackfillSql sql(sweep, target, std::move(provable));
  RehearsalSql looks(sweep, target);
  return {RehearsedJob{std::move(sweep), std::move(target), std::move(sql), std::move(looks),
                       scan.stripes, writes, std::move(settings), std::move(adds)},
          std::move(as_it_is), scan, std::nullopt,
          writes ? std::string{} : why_not_written(missing)};
}

asio::awaitable<Result<std::vector<ExaminedTable>>> examine_backfill(pg::Connection* connection,
                                                                     Job job, Target target,
                                                                     TransactionSettings settings,
                                                                     bool add_columns,
                                                                     Rehearsal* rehearsal) {
  std::vector<ExaminedTable> tables;
  Result<std::vector<Finding>> findings = co_await preflight(connection, job, target);
  if (!findings) co_return findings.error();
  place_findings(job, &*findings);
  take_findings(*findings, rehearsal);
  if (rehearsal->code == ExitCode::refused) co_return tables;
  Result<std::vector<bool>> provable = co_await deterministic_expressions(connection, job, target);
  if (!provable) co_return provable.error();
  const Result<ScanFacts> basis = co_await scan_facts(connection, job, target);
  if (!basis) co_return basis.error();
  if (missing_columns(job, target).empty()) {
    const BackfillSql sql(job, target, *provable);
    const Result<std::optional<GuardVerdict>> bad =
        co_await find_bad_plan(connection, target, &sql);
    if (!bad) co_return bad.error();
    if (*bad) {
      refuse(rehearsal,
             fmt::format("the server would not use the key's index for the batches: {}. {}",
                         (*bad)->reason, (*bad)->hint));
      co_return tables;
    }
  }
  tables.push_back(examined(std::move(job), std::move(target), *std::move(provable),
                            choose_scan(*basis), std::move(settings), add_columns));
  co_return tables;
}

asio::awaitable<Result<std::vector<ExaminedTable>>> examine_type_copy(pg::Connection* connection,
                                                                      Job job,
                                                                      TransactionSettings settings,
                                                                      bool add_columns,
                                                                      Rehearsal* rehearsal) {
  std::vector<ExaminedTable> tables;
  Result<TypeCopyView> viewed = co_await view_type_copy(connection, job, false);
  if (!viewed) co_return viewed.error();
  TypeCopyView view = *std::move(viewed);
  take_findings(view.findings, rehearsal);
  if (view.stage == CopyStage::switched) {
    refuse(rehearsal, "the columns have traded names already: there is no copy left to rehearse");
  }
  if (rehearsal->code == ExitCode::refused) co_return tables;
  const Result<void> chosen = co_await choose_scans(connection, &view);
  if (!chosen) co_return chosen.error();
  for (const CopyTable& table : view.tables) {
    tables.push_back(examined(forward_job(table.job), table.target, table.provable, table.scan,
                              settings, add_columns));
    tables.back().new_indexes = built_indexes(view, table);
  }
  co_return tables;
}

}  // namespace

asio::awaitable<Result<std::vector<ExaminedTable>>> examine(pg::Connection* connection,
                                                            RehearseRequest request,
                                                            Rehearsal* rehearsal) {
  Job job = request.job;
  const std::string name = job.name;
  Result<std::optional<JobRecord>> found = co_await find_earlier_run(connection, name);
  if (!found) co_return found.error();
  const std::optional<JobRecord> earlier = *std::move(found);
  if (earlier && job.key.empty()) job.key = earlier->key_columns;
  Result<Target> described = co_await describe_table(connection, job);
  if (!described) co_return placed_at_table(job, described.error());
  Target target = *std::move(described);
  rehearsal->table = quote_name(target.table);
  TransactionSettings settings = settings_of(job, earlier);
  const bool add_columns = request.add_columns;
  if (job.kind == JobKind::type_copy) {
    co_return co_await examine_type_copy(connection, std::move(job), std::move(settings),
                                         add_columns, rehearsal);
  }
  co_return co_await examine_backfill(connection, std::move(job), std::move(target),
                                      std::move(settings), add_columns, rehearsal);
}

}  // namespace backfill::run
