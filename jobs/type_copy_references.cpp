#include "jobs/type_copy_references.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/using_expression.hpp"

namespace backfill {

namespace {

std::string column_said(const QualifiedName& table, const std::string& column) {
  return fmt::format("{}.{}", name_text(table), name_text(column));
}

/// Another column of the job's table that one of the expressions reads.
std::optional<std::string> other_read(const ChangeColumn& change, const Target& own) {
  const auto reads = [&](const std::string& expression, const std::string& column) {
    return !plain_cast(expression, change.column) && mentions_identifier(expression, column);
  };
  for (const TableColumn& column : own.columns) {
    if (column.name == change.column) continue;
    if (reads(change.with, column.name)) return column.name;
    if (change.back && reads(*change.back, column.name)) return column.name;
  }
  return std::nullopt;
}

ChangeColumn followed_by(const ChangeColumn& change, const std::string& column) {
  const std::string name = quote_identifier(column);
  ChangeColumn follower;
  follower.column = column;
  follower.type = change.type;
  follower.with = replace_column(change.with, change.column, name);
  if (change.back) follower.back = replace_column(*change.back, change.column, name);
  return follower;
}

bool both_cast(const ChangeColumn& a, const ChangeColumn& b) {
  return plain_cast(a.with, a.column) && plain_cast(b.with, b.column);
}

bool same_change(const ChangeColumn& a, const ChangeColumn& b) {
  return a.type == b.type && (a.with == b.with || both_cast(a, b));
}

/// The jobs in the making.
class Following {
 public:
  Following(const Job& job, const Target& own) : own_(own) { entries_.push_back({own.table, job}); }

  /// Whether the reference points at a column that changes; it is settled then.
  bool follow(const Reference& reference) {
    const ChangeColumn* change = find(reference.references, reference.referenced);
    if (change == nullptr) return false;
    const ChangeColumn follower = followed_by(*change, reference.column);
    if (reference.references == own_.table) {
      if (const auto other = other_read(*change, own_)) {
        refuse(
            reference,
            fmt::format("`using` or `back` of {} reads {}, which a row that points at it does "
                        "not have",
                        column_said(reference.references, reference.referenced), name_text(*other)),
            "write them over the column alone, or drop the foreign key before the job");
        return true;
      }
    }
    const ChangeColumn* present = find(reference.table, reference.column);
    if (present == nullptr) {
      job_of(reference.table).type_copy.columns.push_back(follower);
    } else if (!same_change(*present, follower)) {
      refuse(reference,
             fmt::format("{} would have to become {} (by {}) as well as {} (by {})",
                         column_said(reference.table, reference.column), follower.type,
                         follower.with, present->type, present->with),
             "give both columns the same type and `using`, or drop the foreign key before the job");
    }
    return true;
  }

  FollowedTables finish() {
    std::ranges::sort(entries_.begin() + 1, entries_.end(), {},
                      [](const Entry& entry) { return quote_name(entry.table); });
    for (Entry& entry : entries_) found_.jobs.push_back(std::move(entry.job));
    return std::move(found_);
  }

 private:
  struct Entry {
    QualifiedName table;
    Job job;
  };

  [[nodiscard]] const ChangeColumn* find(const QualifiedName& table,
                                         const std::string& column) const {
    const auto entry = std::ranges::find(entries_, table, &Entry::table);
    if (entry == entries_.end()) return nullptr;
    const std::vector<ChangeColumn>& columns = entry->job.type_copy.columns;
    const auto found = std::ranges::find(columns, column, &ChangeColumn::column);
    return found == columns.end() ? nullptr : &*found;
  }

  Job& job_of(const QualifiedName& table) {
    const auto entry = std::ranges::find(entries_, table, &Entry::table);
    if (entry != entries_.end()) return entry->job;
    Job job = entries_.front().job;
    job.table = table;
    job.key.clear();
    job.type_copy.columns.clear();
    entries_.push_back({table, std::move(job)});
    return entries_.back().job;
  }

  void refuse(const Reference& reference, std::string reason, std::string hint) {
    found_.refused.push_back({fmt::format("foreign key {} on {}", name_text(reference.constraint),
                                          name_text(reference.table)),
                              std::move(reason), std::move(hint)});
  }

  const Target& own_;
  std::vector<Entry> entries_;
  FollowedTables found_;
};

}  // namespace

FollowedTables follow_references(const Job& job, const Target& own,
                                 const std::vector<Reference>& references) {
  Following following(job, own);
  std::vector<Reference> open = references;
  while (true) {
    const std::size_t before = open.size();
    std::vector<Reference> left;
    for (Reference& reference : open) {
      if (!following.follow(reference)) left.push_back(std::move(reference));
    }
    open = std::move(left);
    if (open.size() == before) break;
  }
  return following.finish();
}

}  // namespace backfill
