#include <algorithm>

#include <fmt/format.h>

#include "catalog/expression_scope.hpp"
#include "catalog/finding.hpp"
#include "catalog/preflight/checks.hpp"
#include "core/enforce_step.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// Where the table is small, the values that the job would leave behind are computed beforehand: a
/// NULL that `where` never fills, or two rows that would be equal, show before anything is touched.
namespace backfill {
namespace {

/// A table of this size is read in about a second. A larger one tells when the step is reached.
constexpr std::int64_t rows_max = 200'000;
constexpr std::int64_t pages_max = 12'500;  // 100 MB

constexpr std::string_view query_canceled = "57014";

bool is_small(const Target& target) {
  return target.pages <= pages_max && target.estimated_rows.value_or(0) <= rows_max;
}

/// What a column will hold once the job has changed the row.
std::string value_after(const Job& job, const Target& whole, const std::string& name) {
  const std::string column = quote_identifier(whole.table.name) + "." + quote_identifier(name);
  const auto set = std::ranges::find(job.set, name, &SetColumn::column);
  if (set == job.set.end()) return column;
  const auto described = std::ranges::find(whole.columns, name, &TableColumn::name);
  const std::string value = fmt::format("(\n{}\n)::{}", set->expression, described->type);
  if (!job.where) return value;
  return fmt::format("CASE WHEN (\n{}\n) THEN {} ELSE {} END", *job.where, value, column);
}

void report_nulls(Preflight* preflight, const std::string& column, const pg::Rows& rows) {
  const std::int64_t count = pg::integer_field(rows.values.at(0), 0);
  if (count == 0) return;
  preflight->refuse(
      fmt::format("{} row{} of {} would still be NULL in {}, which `enforce` makes NOT NULL", count,
                  count == 1 ? "" : "s", preflight->table(), name_text(column)),
      "Let `set` give these rows a value (coalesce), or mend them first");
}

void report_duplicates(Preflight* preflight, const EnforceUnique& step, const pg::Rows& rows) {
  if (rows.values.empty()) return;
  std::vector<std::string> names;
  for (const std::string& column : step.columns) names.push_back(name_text(column));
  std::vector<std::string> groups;
  for (const pg::Row& row : rows.values) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) values.push_back(pg::text_field(row, i));
    groups.push_back(
        fmt::format("({}) {} times", fmt::join(values, ", "), pg::text_field(row, row.size() - 1)));
  }
  preflight->refuse(
      fmt::format("({}) of {} would not be unique, which `enforce` demands: {}",
                  fmt::join(names, ", "), preflight->table(), fmt::join(groups, ", ")),
      "Merge or remove these rows first");
}

std::string nulls_sql(const Preflight& preflight, const Target& whole, const std::string& column) {
  return fmt::format("SELECT pg_catalog.count(*) FROM {} WHERE ({}) IS NULL",
                     expression_scope(*preflight.job, *preflight.target),
                     value_after(*preflight.job, whole, column));
}

std::string duplicates_sql(const Preflight& preflight, const Target& whole,
                           const EnforceUnique& step) {
  std::vector<std::string> values;
  std::vector<std::string> texts;
  std::vector<std::string> present;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < step.columns.size(); ++i) {
    const std::string name = fmt::format("v{}", i + 1);
    values.push_back(value_after(*preflight.job, whole, step.columns[i]) + " AS " + name);
    texts.push_back(name + "::text");
    present.push_back(name + " IS NOT NULL");
    names.push_back(name);
  }
  return fmt::format(
      "SELECT {}, pg_catalog.count(*) FROM (SELECT {} FROM {}) AS backfill_values WHERE {} GROUP "
      "BY "
      "{} HAVING pg_catalog.count(*) > 1 LIMIT 5",
      fmt::join(texts, ", "), fmt::join(values, ", "),
      expression_scope(*preflight.job, *preflight.target), fmt::join(present, " AND "),
      fmt::join(names, ", "));
}

}  // namespace

CheckResult check_enforce_values(Preflight* preflight) {
  // What an earlier finding has named would only be found again, as an error of the server's.
  if (!is_small(*preflight->target) || refuses(preflight->findings)) co_return Result<void>{};
  const Target whole = with_added_columns(*preflight->job, *preflight->target);
  for (const EnforceStep& step : preflight->job->enforce) {
    const auto* not_null = std::get_if<EnforceNotNull>(&step);
    const auto* unique = std::get_if<EnforceUnique>(&step);
    if (not_null == nullptr && unique == nullptr) continue;
    std::string sql = not_null != nullptr ? nulls_sql(*preflight, whole, not_null->column)
                                          : duplicates_sql(*preflight, whole, *unique);
    const auto rows = co_await ask(preflight, std::move(sql));
    if (!rows && rows.error().sqlstate == query_canceled) {
      preflight->note(fmt::format("the values behind `enforce` ({}) took too long to look at "
                                  "beforehand",
                                  enforce_text(step)),
                      "Rows that break it are listed when the step is reached");
      continue;
    }
    if (!rows) co_return rows.error();
    if (not_null != nullptr) {
      report_nulls(preflight, not_null->column, *rows);
    } else {
      report_duplicates(preflight, *unique, *rows);
    }
  }
  co_return Result<void>{};
}

}  // namespace backfill
