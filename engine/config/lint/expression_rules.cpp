#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/lint/rule_checks.hpp"
#include "config/lint/sql_shapes.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

namespace backfill::lint {

namespace {

/// Whether changing a row can make `where` false: it then tells rows done from rows to do.
bool where_tells(const Job& job) {
  if (!job.where) return false;
  return std::ranges::any_of(
      job.set, [&](const SetColumn& set) { return mentions_identifier(*job.where, set.column); });
}

std::string_view lack_of_where(const Job& job) {
  return job.where ? "`where` looks at no column that the job sets" : "there is no `where`";
}

struct Valued {
  Subject& subject;
  JobPath path;
  std::string text;

  void report(std::string_view rule, const Sight& sight, std::string message) const {
    subject.report(rule, path, sight.offset, std::move(message));
  }
};

void check_everywhere(const Valued& value) {
  for (const Sight& sight : side_effects(value.text)) {
    value.report("side-effect", sight,
                 fmt::format("{} does something besides giving a value, and a batch that is tried "
                             "again does it again",
                             sight.what));
  }
  if (const auto sight = comparison_with_null(value.text)) {
    value.report("compare-with-null", *sight,
                 fmt::format("{} is never true; write IS NULL or IS NOT NULL", sight->what));
  }
}

/// Where rows are judged: by `where`, by a CHECK, by the comparison of a type-copy's proof.
void check_condition(const Valued& value) {
  check_everywhere(value);
  for (const Sight& sight : volatile_calls(value.text)) {
    value.report("volatile-condition", sight,
                 fmt::format("{} gives another answer each time it is asked, so that no proof can "
                             "hold",
                             sight.what));
  }
  for (const Sight& sight : clock_calls(value.text)) {
    value.report(
        "moving-condition", sight,
        fmt::format("{} moves on while the job runs: rows that were right when their batch "
                    "came need not be so when they are proven; a fixed date would be",
                    sight.what));
  }
}

void check_set(Subject& subject, const SetColumn& set, std::span<const std::string> columns) {
  const Job& job = subject.job();
  const JobPath path{"set", set.column};
  const Valued value{subject, path, subject.value(path)};
  check_everywhere(value);
  if (is_column_alone(value.text, set.column)) {
    value.report("no-change", {},
                 fmt::format("{} is set to itself: every row is written and "
                             "nothing changes",
                             name_text(set.column)));
    return;
  }
  if (where_tells(job)) return;
  for (const Sight& sight : volatile_calls(value.text)) {
    value.report("volatile-function", sight,
                 fmt::format("{} gives another value each time and {}, so nothing in a row tells "
                             "that it is done; add e.g. `where: {} IS NULL`",
                             sight.what, lack_of_where(job), name_text(set.column)));
  }
  for (const Sight& sight : clock_calls(value.text)) {
    value.report("time-of-batch", sight,
                 fmt::format("{} is the time of each batch and {}, so nothing in a row tells that "
                             "it is done; a fixed time or a `where` would",
                             sight.what, lack_of_where(job)));
  }
  const Reader reader{job.table.name, set.column, columns};
  if (const auto sight = changes_when_repeated(value.text, reader)) {
    value.report("not-idempotent", *sight,
                 fmt::format("the new value of {} starts from {}, which the job itself writes, and "
                             "{}: the checkpoints alone keep a row from being changed twice, and "
                             "under another `name` the job would do it all again",
                             name_text(set.column), name_text(sight->what), lack_of_where(job)));
  }
}

/// Whether what is there is the author's word; told where it is not.
bool is_filled_in(Subject& subject, JobPath path, std::string_view text) {
  const auto sight = placeholder(text);
  if (!sight) return true;
  subject.report("placeholder", std::move(path), sight->offset,
                 "replace_me is still to be replaced: the server knows no such thing");
  return false;
}

void check_placeholders(Subject& subject) {
  const Job& job = subject.job();
  is_filled_in(subject, {"table"}, name_text(job.table));
  for (const SetColumn& set : job.set) {
    const JobPath path{"set", set.column};
    is_filled_in(subject, path, subject.value(path));
  }
  if (job.where) is_filled_in(subject, {"where"}, subject.value({"where"}));
  for (const ChangeColumn& column : job.type_copy.columns) {
    const JobPath type{"columns", column.column, "type"};
    if (is_filled_in(subject, {"columns", column.column}, name_text(column.column))) {
      is_filled_in(subject, type, column.type);
    }
  }
}

}  // namespace

void check_expressions(Subject& subject) {
  const Job& job = subject.job();
  check_placeholders(subject);
  std::vector<std::string> columns;
  for (const SetColumn& set : job.set) columns.push_back(set.column);
  for (const SetColumn& set : job.set) check_set(subject, set, columns);
  if (job.where) check_condition({subject, {"where"}, subject.value({"where"})});
  for (std::size_t i = 0; i < job.enforce.size(); ++i) {
    if (!std::holds_alternative<EnforceCheck>(job.enforce[i])) continue;
    const JobPath path{"enforce", std::to_string(i + 1), "check"};
    check_condition({subject, path, subject.value(path)});
  }
  for (const ChangeColumn& column : job.type_copy.columns) {
    for (const char* part : {"using", "back"}) {
      const JobPath path{"columns", column.column, part};
      if (subject.has(path)) check_condition({subject, path, subject.value(path)});
    }
  }
}

}  // namespace backfill::lint
