#include "run/type_copy_view.hpp"

#include <utility>

#include <fmt/format.h>

#include "catalog/dependants.hpp"
#include "catalog/describe_table.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/preflight.hpp"
#include "catalog/type_copy_check.hpp"
#include "core/sql_name.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill::run {

namespace {

Finding refusal(std::string check, std::string message, std::string hint) {
  return {Finding::Severity::refuse, std::move(check), std::move(message), std::move(hint)};
}

/// The columns as their way from here on sees them: there, or once switched, back.
std::vector<CarriedColumn> columns_of(const Job& job, const TypeCopyView& view) {
  std::vector<CarriedColumn> columns = carried_columns(job, view.target);
  if (view.stage != CopyStage::switched) return columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i] = reversed(columns[i], view.facts.columns[i].old_type, view.facts.columns[i].back);
  }
  return columns;
}

/// What hangs on the columns, and how it moves.
asio::awaitable<Result<void>> plan_dependants(pg::Connection* connection, Job job,
                                              TypeCopyView* view) {
  const std::vector<CarriedColumn> columns = columns_of(job, *view);
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
void judge_facts(const Job& job, const std::vector<ExpressionFacts>& facts, TypeCopyView* view) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    view->provable.push_back(facts[i].provable());
    view->facts.pin_settings = view->facts.pin_settings || !facts[i].immutable;
    if (facts[i].provable()) continue;
    view->findings.push_back(refusal(
        "type_copy",
        fmt::format("`using` of column {} may give another value the next time it is computed",
                    name_text(job.type_copy.columns[i].column)),
        "Write an expression of the row's own columns, without subqueries, clocks and chance"));
  }
}

asio::awaitable<Result<void>> find_problems(pg::Connection* connection, Job job,
                                            TypeCopyView* view) {
  const InspectionSettings inspection;
  const std::string trigger = view->trigger();
  const Result<std::vector<Finding>> own =
      co_await check_type_copy(connection, job, view->target, trigger, inspection);
  if (!own) co_return own.error();
  view->findings = *own;
  // What it finds wrong with a column would come again from the backfill, in other words.
  if (refuses(view->findings)) co_return Result<void>{};
  const Job forward = forward_job(job);
  const Result<std::vector<Finding>> common = co_await preflight(connection, forward, view->target);
  if (!common) co_return common.error();
  view->findings.insert(view->findings.end(), common->begin(), common->end());
  co_return Result<void>{};
}

}  // namespace

std::string TypeCopyView::trigger() const {
  return sync_trigger(facts.job, facts.label);
}

asio::awaitable<Result<TypeCopyView>> view_type_copy(pg::Connection* connection, Job job,
                                                     bool was_dropping) {
  TypeCopyView view;
  Result<Target> target = co_await describe_table(connection, job);
  if (!target) co_return target.error();
  view.target = *std::move(target);
  view.stage = stage_of(job, view.target);
  view.facts.job = job.name;
  view.facts.target = view.target;
  view.facts.columns = copied_columns(job, view.target);
  view.facts.on_cast_error = job.type_copy.on_cast_error;
  view.dropped = view.stage == CopyStage::absent && was_dropping;
  if (view.dropped) co_return view;
  if (view.stage == CopyStage::absent) {
    const Result<void> found = co_await find_problems(connection, job, &view);
    if (!found) co_return found.error();
    if (refuses(view.findings)) co_return view;
  }
  if (view.stage != CopyStage::switched) {
    const Job forward = forward_job(job);
    const Result<std::vector<ExpressionFacts>> facts =
        co_await expression_facts(connection, forward, view.target);
    if (!facts) co_return facts.error();
    judge_facts(job, *facts, &view);
  } else {
    view.facts.pin_settings = true;
  }
  const Result<void> planned = co_await plan_dependants(connection, job, &view);
  if (!planned) co_return planned.error();
  co_return view;
}

Job sweep_job(const Job& job, const TypeCopyView& view) {
  return view.stage == CopyStage::switched ? backward_job(job, view.target) : forward_job(job);
}

}  // namespace backfill::run
