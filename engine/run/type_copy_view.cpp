#include "run/type_copy_view.hpp"

#include <utility>

#include <fmt/format.h>

#include "catalog/dependants.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/preflight.hpp"
#include "catalog/sync_owner.hpp"
#include "catalog/type_copy_check.hpp"
#include "core/sql_name.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill::run {

namespace {

Finding refusal(std::string check, std::string message, std::string hint) {
  return {Finding::Severity::refuse, std::move(check), std::move(message), std::move(hint)};
}

/// The columns as their way from here on sees them: there, or once switched, back.
std::vector<CarriedColumn> columns_of(const TypeCopyView& view) {
  std::vector<CarriedColumn> all;
  for (const CopyTable& table : view.tables) {
    std::vector<CarriedColumn> columns = carried_columns(table.job, table.target);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const CopiedColumn& copied = table.facts.columns[i];
      all.push_back(view.stage == CopyStage::switched
                        ? reversed(columns[i], copied.old_type, copied.back)
                        : std::move(columns[i]));
    }
  }
  return all;
}

/// What hangs on the columns, and how it moves.
asio::awaitable<Result<void>> plan_dependants(pg::Connection* connection, TypeCopyView* view) {
  const std::vector<CarriedColumn> columns = columns_of(*view);
  const InspectionSettings inspection;
  const Result<Dependants> dependants = co_await read_dependants(connection, columns, inspection);
  if (!dependants) co_return dependants.error();
  view->carry = plan_carry(
      columns, *dependants,
      view->stage == CopyStage::switched ? CarryDirection::back : CarryDirection::forward);
  for (const UncarriedFacts& refused : view->carry.refused) {
    view->findings.push_back(
        refusal("dependants", refused.object + " cannot move to the new column: " + refused.reason,
                refused.hint));
  }
  if (view->stage != CopyStage::absent) co_return Result<void>{};
  std::vector<std::string> trials;
  for (const CarryTrial& trial : view->carry.trials) trials.push_back(trial.sql);
  const Result<std::vector<std::optional<Error>>> tried =
      co_await try_statements(connection, std::move(trials), inspection);
  if (!tried) co_return tried.error();
  for (std::size_t i = 0; i < tried->size(); ++i) {
    if (!(*tried)[i]) continue;
    view->findings.push_back(
        refusal("dependants",
                fmt::format("{} does not work with the new type: {}", view->carry.trials[i].object,
                            (*tried)[i]->message),
                view->carry.trials[i].hint));
  }
  co_return Result<void>{};
}

/// Expressions that give another value each time could never be proven, nor kept in step.
asio::awaitable<Result<void>> judge_expressions(pg::Connection* connection, CopyTable* table,
                                                std::vector<Finding>* findings) {
  const Job forward = forward_job(table->job);
  const Result<std::vector<ExpressionFacts>> facts =
      co_await expression_facts(connection, forward, table->target);
  if (!facts) co_return facts.error();
  for (std::size_t i = 0; i < facts->size(); ++i) {
    const ExpressionFacts& one = (*facts)[i];
    table->provable.push_back(one.provable());
    table->facts.pin_settings = table->facts.pin_settings || !one.immutable;
    if (one.provable()) continue;
    findings->push_back(refusal(
        "type_copy",
        fmt::format("`using` of column {} may give another value the next time it is computed",
                    name_text(table->job.type_copy.columns[i].column)),
        "Write an expression of the row's own columns, without subqueries, clocks and chance"));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> find_problems(pg::Connection* connection, const CopyTable* table,
                                            std::vector<Finding>* findings) {
  const InspectionSettings inspection;
  const std::string trigger = table->trigger();
  const Job job = table->job;
  const Result<std::vector<Finding>> own =
      co_await check_type_copy(connection, job, table->target, trigger, inspection);
  if (!own) co_return own.error();
  findings->insert(findings->end(), own->begin(), own->end());
  // What it finds wrong with a column would come again from the backfill, in other words.
  if (refuses(*own)) co_return Result<void>{};
  const Job forward = forward_job(job);
  const Result<std::vector<Finding>> common =
      co_await preflight(connection, forward, table->target);
  if (!common) co_return common.error();
  findings->insert(findings->end(), common->begin(), common->end());
  co_return Result<void>{};
}

/// Second columns that are there may be another's.
asio::awaitable<Result<void>> find_owner(pg::Connection* connection, TypeCopyView* view) {
  const CopyTable& own = view->own();
  SyncOwnerFacts facts;
  facts.job = own.facts.job;
  facts.trigger = own.trigger();
  facts.function = sync_function(own.facts.job, own.facts.label);
  for (const CopiedColumn& column : own.facts.columns) {
    for (const TableColumn& present : own.target.columns) {
      const bool second = present.name == column.fresh || present.name == column.parked;
      if (second) facts.columns.push_back(present.name);
    }
  }
  const Target target = own.target;
  Result<std::vector<Finding>> found =
      co_await check_sync_owner(connection, target, std::move(facts));
  if (!found) co_return found.error();
  view->findings.insert(view->findings.end(), found->begin(), found->end());
  co_return Result<void>{};
}

}  // namespace

asio::awaitable<Result<TypeCopyView>> view_type_copy(pg::Connection* connection, Job job,
                                                     bool was_dropping) {
  TypeCopyView view;
  const Result<void> found = co_await find_tables(connection, std::move(job), was_dropping, &view);
  if (!found) co_return found.error();
  view.dropped = view.stage == CopyStage::absent && was_dropping;
  if (view.dropped) co_return view;
  const Result<void> owned = co_await find_owner(connection, &view);
  if (!owned) co_return owned.error();
  if (refuses(view.findings) && view.stage != CopyStage::absent) co_return view;
  if (view.stage == CopyStage::absent) {
    for (const CopyTable& table : view.tables) {
      const Result<void> looked = co_await find_problems(connection, &table, &view.findings);
      if (!looked) co_return looked.error();
    }
    if (refuses(view.findings)) co_return view;
  }
  for (CopyTable& table : view.tables) {
    if (view.stage == CopyStage::switched) {
      table.facts.pin_settings = true;
      continue;
    }
    const Result<void> judged = co_await judge_expressions(connection, &table, &view.findings);
    if (!judged) co_return judged.error();
  }
  const Result<void> planned = co_await plan_dependants(connection, &view);
  if (!planned) co_return planned.error();
  co_return view;
}

}  // namespace backfill::run
