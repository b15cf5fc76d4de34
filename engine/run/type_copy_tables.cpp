#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "catalog/ground.hpp"
#include "catalog/references.hpp"
#include "catalog/scan_facts.hpp"
#include "config/meaning.hpp"
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
                                              TypeCopyView* view,
                                              std::vector<FollowedTable>* bound) {
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
  Result<Followed> recorded = co_await read_followed(connection, name);
  if (!recorded) co_return recorded.error();
  view->follows = std::move(recorded->references);
  *bound = std::move(recorded->tables);
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

const FollowedTable* find_bound(const std::vector<FollowedTable>& bound,
                                const QualifiedName& table) {
  const auto found = std::ranges::find(bound, table, &FollowedTable::table);
  return found == bound.end() ? nullptr : &*found;
}

Finding moved_table(const QualifiedName& table, std::string difference) {
  std::ranges::replace(difference, '\n', ' ');
  return refusal(
      fmt::format("{} is another table, or has another key, than when the job added its columns; "
                  "its checkpoints mean nothing there: {}",
                  name_text(table), difference),
      "Bring it back to what it was; or roll the job back and begin it again");
}

/// Walks on along the key that the copy has begun with, whatever better one has come since; and
/// says so where that key means something else by now.
asio::awaitable<Result<void>> describe_follower(pg::Connection* connection, Job one, bool begins,
                                                const FollowedTable* bound, TypeCopyView* view) {
  if (bound != nullptr) one.key = bound->key;
  Result<Target> described = co_await describe_table(connection, one);
  const bool unfit = !described && described.error().kind == ErrorClass::fatal;
  if (unfit && begins) {
    view->findings.push_back(not_described(one, described.error()));
    co_return Result<void>{};
  }
  if (unfit && bound != nullptr) {
    // What has been put in place there can be taken back all the same.
    view->moved.push_back(not_described(one, described.error()));
    one.key.clear();
    described = co_await describe_table(connection, one);
  }
  if (!described) co_return described.error();
  const Target target = *std::move(described);
  std::vector<std::string> retyped = retyped_columns(one);
  Result<std::string> ground = co_await ground_of(connection, target, std::move(retyped));
  if (!ground) co_return ground.error();
  if (bound != nullptr && !unfit && bound->ground != *ground) {
    view->moved.push_back(moved_table(target.table, meaning_diff(bound->ground, *ground)));
  }
  view->tables.push_back(make_table(std::move(one), target, false));
  view->tables.back().ground = *std::move(ground);
  if (begins) refuse_other_jobs(view->tables.back(), view);
  co_return Result<void>{};
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

std::string TypeCopyView::record() const {
  if (follows.empty()) return {};
  Followed followed;
  followed.references = follows;
  for (std::size_t i = 1; i < tables.size(); ++i) {
    FollowedTable table;
    table.table = tables[i].target.table;
    for (const KeyColumn& column : tables[i].target.key.columns) table.key.push_back(column.name);
    table.ground = tables[i].ground;
    followed.tables.push_back(std::move(table));
  }
  return followed_record(followed);
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
  std::vector<FollowedTable> bound;
  const Result<void> found =
      co_await find_references(connection, asked, &own, was_dropping, view, &bound);
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
    const FollowedTable* before = find_bound(bound, one.table);
    const Result<void> looked = co_await describe_follower(connection, one, begins, before, view);
    if (!looked) co_return looked.error();
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
