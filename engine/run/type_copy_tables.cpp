#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "catalog/references.hpp"
#include "catalog/scan_facts.hpp"
#include "checkpoint/followed_record.hpp"
#include "core/sql_name.hpp"
#include "jobs/type_copy_names.hpp"
#include "jobs/type_copy_references.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

Finding refusal(std::string message, std::string hint) {
  return {Finding::Severity::refuse, "references", std::move(message), std::move(hint)};
}

void take_target(CopyTable* table, Target target) {
  table->target = std::move(target);
  table->facts.target = table->target;
  table->facts.columns = copied_columns(table->job, table->target);
}

CopyTable make_table(Job job, Target target, bool own) {
  CopyTable table;
  table.job = std::move(job);
  table.facts.job = table.job.name;
  table.facts.label = own ? "" : name_text(target.table);
  table.facts.on_cast_error = table.job.type_copy.on_cast_error;
  take_target(&table, std::move(target));
  return table;
}

/// They trade names in one transaction: where one has switched, all have.
CopyStage stage_of_all(const std::vector<CopyTable>& tables) {
  bool added = true;
  for (const CopyTable& table : tables) {
    const CopyStage stage = stage_of(table.job, table.target);
    if (stage == CopyStage::switched) return stage;
    added = added && stage == CopyStage::added;
  }
  return added ? CopyStage::added : CopyStage::absent;
}

/// The job's own columns are not there yet, so these are another's.
void refuse_other_jobs(const CopyTable& table, TypeCopyView* view) {
  if (stage_of(table.job, table.target) == CopyStage::absent) return;
  view->findings.push_back(
      refusal(fmt::format("another job changes columns of {} that would follow",
                          name_text(table.target.table)),
              "Let that job end, with `backfill drop` or `backfill rollback`, before this one "
              "begins"));
}

asio::awaitable<Result<std::vector<Reference>>> references_of(pg::Connection* connection, Job job,
                                                              const Target* own) {
  std::vector<std::string> columns;
  for (const ChangeColumn& change : job.type_copy.columns) columns.push_back(change.column);
  co_return co_await read_references(connection, own->table, std::move(columns));
}

/// What is followed: until the columns are added, what the catalog shows; then what was followed in
/// that moment.
asio::awaitable<Result<void>> find_references(pg::Connection* connection, Job job,
                                              const Target* own, bool was_dropping,
                                              TypeCopyView* view) {
  const CopyStage stage = stage_of(job, *own);
  if (stage == CopyStage::absent && was_dropping) co_return Result<void>{};
  std::vector<Reference> now;
  if (stage != CopyStage::switched) {
    const Job asked = job;
    Result<std::vector<Reference>> found = co_await references_of(connection, asked, own);
    if (!found) co_return found.error();
    now = *std::move(found);
  }
  if (stage == CopyStage::absent) {
    view->follows = std::move(now);
    co_return Result<void>{};
  }
  const std::string name = job.name;
  Result<std::vector<Reference>> recorded = co_await read_followed(connection, name);
  if (!recorded) co_return recorded.error();
  view->follows = *std::move(recorded);
  for (Reference& reference : now) {
    // Whatever the foreign key is called, its column follows or it does not.
    const bool known = std::ranges::any_of(view->follows, [&](const Reference& followed) {
      return followed.table == reference.table && followed.column == reference.column;
    });
    if (!known) view->newcomers.push_back(std::move(reference));
  }
  co_return Result<void>{};
}

/// A table that cannot be copied is named with what makes it part of the job.
Finding not_described(const Job& job, const Error& error) {
  return refusal(
      fmt::format("{}, whose foreign keys follow the changed columns: {}{}", name_text(job.table),
                  error.message, error.detail.empty() ? "" : " (" + error.detail + ")"),
      error.hint);
}

}  // namespace

std::string CopyTable::trigger() const {
  return sync_trigger(facts.job, facts.label);
}

std::string CopyTable::phase(std::string_view word) const {
  return facts.label.empty() ? std::string{word} : fmt::format("{} {}", word, facts.label);
}

Job CopyTable::sweep_job(CopyStage stage) const {
  return stage == CopyStage::switched ? backward_job(job, target) : forward_job(job);
}

std::vector<SyncFacts> TypeCopyView::facts() const {
  std::vector<SyncFacts> all;
  for (const CopyTable& table : tables) all.push_back(table.facts);
  return all;
}

std::string TypeCopyView::tables_text() const {
  std::string text;
  for (const CopyTable& table : tables) {
    text += (text.empty() ? "" : ", ") + name_text(table.target.table);
  }
  return text;
}

std::string TypeCopyView::columns_text(bool old) const {
  std::string text;
  for (const CopyTable& table : tables) {
    const std::string before = tables.size() > 1 ? name_text(table.target.table) + "." : "";
    for (const CopiedColumn& column : table.facts.columns) {
      text += fmt::format("{}{}{} {}", text.empty() ? "" : ", ", before, name_text(column.name),
                          old ? column.old_type : column.type);
    }
  }
  return text;
}

asio::awaitable<Result<void>> find_tables(pg::Connection* connection, Job job, bool was_dropping,
                                          TypeCopyView* view) {
  const Job asked = job;
  Result<Target> described = co_await describe_table(connection, asked);
  if (!described) co_return described.error();
  const Target own = *std::move(described);
  if (!job.type_copy.include_references) {
    view->tables.push_back(make_table(std::move(job), own, true));
    view->stage = stage_of_all(view->tables);
    co_return Result<void>{};
  }
  const Result<void> found = co_await find_references(connection, asked, &own, was_dropping, view);
  if (!found) co_return found.error();
  FollowedTables followed = follow_references(job, own, view->follows);
  for (UncarriedFacts& refused : followed.refused) {
    view->findings.push_back(
        refusal(fmt::format("{} cannot follow: {}", refused.object, refused.reason), refused.hint));
  }
  const bool begins = stage_of(job, own) == CopyStage::absent;
  view->tables.push_back(make_table(std::move(followed.jobs.front()), own, true));
  for (std::size_t i = 1; i < followed.jobs.size(); ++i) {
    const Job one = followed.jobs[i];
    Result<Target> target = co_await describe_table(connection, one);
    if (!target && target.error().kind == ErrorClass::fatal && begins) {
      view->findings.push_back(not_described(one, target.error()));
      continue;
    }
    if (!target) co_return target.error();
    view->tables.push_back(make_table(one, *std::move(target), false));
    if (begins) refuse_other_jobs(view->tables.back(), view);
  }
  view->stage = begins ? CopyStage::absent : stage_of_all(view->tables);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> describe_again(pg::Connection* connection, TypeCopyView* view) {
  for (CopyTable& table : view->tables) {
    const Job job = table.job;
    Result<Target> target = co_await describe_table(connection, job);
    if (!target) co_return target.error();
    take_target(&table, *std::move(target));
  }
  view->stage = stage_of_all(view->tables);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> choose_scans(pg::Connection* connection, TypeCopyView* view) {
  for (CopyTable& table : view->tables) {
    const Job forward = forward_job(table.job);
    const Target target = table.target;
    const Result<ScanFacts> scan = co_await scan_facts(connection, forward, target);
    if (!scan) co_return scan.error();
    table.scan = choose_scan(*scan);
  }
  co_return Result<void>{};
}

std::vector<Finding> refuse_newcomers(const TypeCopyView& view) {
  std::vector<Finding> findings;
  for (const Reference& reference : view.newcomers) {
    findings.push_back(refusal(
        fmt::format("foreign key {} on {} was made after the job had added its columns, so that "
                    "{}.{} has no new column",
                    name_text(reference.constraint), name_text(reference.table),
                    name_text(reference.table), name_text(reference.column)),
        "Drop it until the job has switched; or roll the job back and begin it again, which then "
        "includes it"));
  }
  return findings;
}

}  // namespace backfill::run
