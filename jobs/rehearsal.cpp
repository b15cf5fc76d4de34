#include "jobs/rehearsal.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace backfill {

namespace {

std::string enclosed(const std::string& expression) {
  return "(\n" + expression + "\n)";
}

bool is_there(const Target& target, std::string_view name) {
  return std::ranges::find(target.columns, name, &TableColumn::name) != target.columns.end();
}

std::string type_of(const Job& job, const Target& target, std::string_view name) {
  const auto column = std::ranges::find(target.columns, name, &TableColumn::name);
  if (column != target.columns.end()) return column->type;
  const auto added = std::ranges::find(job.add, name, &AddColumn::column);
  return added == job.add.end() ? std::string("text") : added->type;
}

}  // namespace

RehearsalSql::RehearsalSql(Job job, Target target)
    : job_(std::move(job)), target_(std::move(target)) {}

/// Under the table's own name, with NULL for the columns that are not there yet. The range stands
/// inside, where the key's index serves it.
std::string RehearsalSql::rows_of_range(BoundShape shape) const {
  const std::string relation = quote_identifier(target_.table.name);
  std::string rows = "(SELECT " + relation + ".*";
  for (const AddColumn& added : job_.add) {
    if (is_there(target_, added.column)) continue;
    // On a line of its own, so that a comment within the type ends there.
    rows += ", NULL::" + added.type + "\n AS " + quote_identifier(added.column);
  }
  rows += fmt::format(" FROM {} WHERE {}) AS {}", quote_name(target_.table),
                      key_predicate(target_, shape), relation);
  if (job_.where) rows += " WHERE " + enclosed(*job_.where);
  return rows;
}

std::vector<std::string> RehearsalSql::key_texts() const {
  std::vector<std::string> texts;
  for (const KeyColumn& column : target_.key.columns) {
    texts.push_back(quote_identifier(target_.table.name) + "." + quote_identifier(column.name) +
                    "::text");
  }
  return texts;
}

/// Cast as an assignment would store it.
std::string RehearsalSql::new_value(const SetColumn& set) const {
  return enclosed(set.expression) + "::" + type_of(job_, target_, set.column);
}

std::string RehearsalSql::samples(BoundShape shape, bool striped) const {
  const std::string relation = quote_identifier(target_.table.name);
  std::vector<std::string> fields = key_texts();
  std::vector<std::string> order;
  for (const KeyColumn& column : target_.key.columns) {
    order.push_back(relation + "." + quote_identifier(column.name));
  }
  for (const SetColumn& set : job_.set) {
    fields.push_back(relation + "." + quote_identifier(set.column) + "::text");
    fields.push_back(new_value(set) + "::text");
  }
  int parameter = bound_count(target_, shape) + 1;
  std::string rows = rows_of_range(shape);
  if (striped) {
    rows += (job_.where ? " AND " : " WHERE ") + stripe_predicate(target_, parameter);
    parameter += 2;
  }
  return fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT ${}::bigint", fmt::join(fields, ", "),
                     rows, fmt::join(order, ", "), parameter);
}

std::string RehearsalSql::held(std::size_t keys) const {
  const std::string relation = quote_identifier(target_.table.name);
  std::vector<std::string> fields = key_texts();
  for (const SetColumn& set : job_.set) {
    fields.push_back(relation + "." + quote_identifier(set.column) + "::text");
  }
  std::vector<std::string> choices;
  int parameter = 1;
  for (std::size_t i = 0; i < keys; ++i) {
    std::vector<std::string> tests;
    for (const KeyColumn& column : target_.key.columns) {
      tests.push_back(fmt::format("{}.{} = ${}::{}", relation, quote_identifier(column.name),
                                  parameter++, column.type));
    }
    choices.push_back(fmt::format("({})", fmt::join(tests, " AND ")));
  }
  return fmt::format("SELECT {} FROM {} WHERE {}", fmt::join(fields, ", "),
                     quote_name(target_.table), fmt::join(choices, " OR "));
}

std::string RehearsalSql::compute(BoundShape shape) const {
  std::vector<std::string> values;
  for (const SetColumn& set : job_.set) values.push_back(new_value(set));
  return fmt::format(
      "SELECT count(*), coalesce(sum(pg_catalog.pg_column_size(ROW({}))), 0)::bigint FROM {}",
      fmt::join(values, ", "), rows_of_range(shape));
}

std::string measured(std::string_view statement) {
  return "EXPLAIN (ANALYZE, WAL, TIMING OFF, FORMAT JSON) " + std::string(statement);
}

}  // namespace backfill
