#include "config/meaning.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "config/field_table.hpp"
#include "core/enforce_step.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

namespace backfill {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

std::string_view kind_word(JobKind kind) {
  for (const config::KindEntry& entry : config::job_kinds()) {
    if (entry.kind == kind) return entry.word;
  }
  return "";
}

std::string meaning_of(const Job& job) {
  std::string text =
      fmt::format("kind: {}\ntable: {}\n", kind_word(job.kind), name_text(job.table));
  if (!job.key.empty()) {
    std::vector<std::string> names;
    for (const std::string& column : job.key) names.push_back(name_text(column));
    text += fmt::format("key: {}\n", fmt::join(names, ", "));
  }
  for (const AddColumn& add : job.add) {
    text += fmt::format("add.{}: {}\n", name_text(add.column), one_line_sql(add.type));
  }
  std::vector<SetColumn> set = job.set;
  std::sort(set.begin(), set.end(),
            [](const SetColumn& a, const SetColumn& b) { return a.column < b.column; });
  for (const SetColumn& column : set) {
    text += fmt::format("set.{}: {}\n", name_text(column.column), one_line_sql(column.expression));
  }
  std::vector<ChangeColumn> columns = job.type_copy.columns;
  std::sort(columns.begin(), columns.end(),
            [](const ChangeColumn& a, const ChangeColumn& b) { return a.column < b.column; });
  for (const ChangeColumn& column : columns) {
    const std::string name = name_text(column.column);
    text += fmt::format("columns.{}.type: {}\n", name, one_line_sql(column.type));
    text += fmt::format("columns.{}.using: {}\n", name, one_line_sql(column.with));
  }
  if (job.type_copy.include_references) text += "include_references: true\n";
  if (!job.preserve.empty()) {
    std::vector<std::string> names;
    for (const std::string& column : job.preserve) names.push_back(name_text(column));
    std::sort(names.begin(), names.end());
    text += fmt::format("preserve: {}\n", fmt::join(names, ", "));
  }
  if (job.where) text += fmt::format("where: {}\n", one_line_sql(*job.where));
  for (std::size_t i = 0; i < job.enforce.size(); ++i) {
    text += fmt::format("enforce.{}: {}\n", i + 1, enforce_text(job.enforce[i]));
  }
  return text;
}

std::string meaning_diff(std::string_view started, std::string_view now) {
  const std::vector<std::string_view> before = lines_of(started);
  const std::vector<std::string_view> after = lines_of(now);
  // common[i][j]: the longest common subsequence of what follows line i and line j.
  std::vector<std::vector<std::size_t>> common(before.size() + 1,
                                               std::vector<std::size_t>(after.size() + 1));
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1
                                           : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string diff;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      ++i;
      ++j;
    } else if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
      diff += fmt::format("- {}\n", before[i++]);
    } else {
      diff += fmt::format("+ {}\n", after[j++]);
    }
  }
  return diff;
}

}  // namespace backfill
