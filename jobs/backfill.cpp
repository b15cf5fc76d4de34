#include "jobs/backfill.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"

namespace backfill {

namespace {

/// Types without an equality operator: IS DISTINCT FROM would be refused, so their text is
/// compared.
constexpr std::array<std::string_view, 8> types_without_equality = {
    "json", "xml", "point", "polygon", "line", "path", "box", "lseg"};

/// An expression of the job's, safe inside a larger statement: a `--` comment at its end must not
/// swallow what follows it.
std::string enclosed(const std::string& expression) {
  return "(\n" + expression + "\n)";
}

const TableColumn* find_column(const Target& target, std::string_view name) {
  const auto found = std::ranges::find(target.columns, name, &TableColumn::name);
  return found == target.columns.end() ? nullptr : &*found;
}

std::string column_type(const Job& job, const Target& target, const std::string& name) {
  if (const TableColumn* column = find_column(target, name)) return column->type;
  const auto added = std::ranges::find(job.add, name, &AddColumn::column);
  return added == job.add.end() ? std::string{} : added->type;
}

}  // namespace

std::string_view explain(Proof proof) {
  switch (proof) {
    case Proof::where_remaining: return "a sweep counts the rows that still match `where`";
    case Proof::where_and_values:
      return "a sweep counts the rows that still match `where` and whose columns differ from their "
             "expressions";
    case Proof::values:
      return "a sweep counts the rows whose columns differ from their expressions";
    case Proof::ledger:
      return "the checkpoints: one unbroken chain of closed ranges over the whole key (the "
             "expressions cannot be compared with their results)";
  }
  return {};
}

Proof choose_proof(const Job& job, const std::vector<bool>& provable) {
  const bool repeatable = provable.size() == job.set.size() &&
                          std::ranges::all_of(provable, [](bool known) { return known; });
  if (job.where) return repeatable ? Proof::where_and_values : Proof::where_remaining;
  return repeatable ? Proof::values : Proof::ledger;
}

BackfillSql::BackfillSql(Job job, Target target, std::vector<bool> provable)
    : job_(std::move(job)), target_(std::move(target)), proof_(choose_proof(job_, provable)) {}

std::vector<PlannedStatement> BackfillSql::add() const {
  std::vector<PlannedStatement> statements;
  for (const AddColumn& added : job_.add) {
    if (find_column(target_, added.column) != nullptr) continue;
    statements.push_back({fmt::format("ALTER TABLE {} ADD COLUMN {} {}", quote_name(target_.table),
                                      quote_identifier(added.column), added.type),
                          "ACCESS EXCLUSIVE, for an instant: a nullable column without a default "
                          "rewrites nothing"});
  }
  return statements;
}

std::string BackfillSql::copy(BoundShape shape) const {
  return update(shape, job_.where ? enclosed(*job_.where) : std::string{});
}

std::string BackfillSql::repair(BoundShape shape) const {
  return update(shape, residue());
}

std::string BackfillSql::update(BoundShape shape, const std::string& condition) const {
  std::vector<std::string> assignments;
  for (const SetColumn& set : job_.set) {
    assignments.push_back(quote_identifier(set.column) + " = " + enclosed(set.expression));
  }
  std::string sql = fmt::format("UPDATE {} SET {} WHERE {}", quote_name(target_.table),
                                fmt::join(assignments, ", "), key_predicate(target_, shape));
  if (!condition.empty()) sql += " AND " + condition;
  return sql;
}

std::string BackfillSql::verify(BoundShape shape) const {
  const std::string where = key_predicate(target_, shape);
  const std::string table = quote_name(target_.table);
  switch (proof_) {
    case Proof::where_remaining:
      return fmt::format("SELECT count(*), 0::bigint FROM {} WHERE {} AND {}", table, where,
                         enclosed(*job_.where));
    case Proof::where_and_values:
      return fmt::format(
          "SELECT count(*) FILTER (WHERE {0}), count(*) FILTER (WHERE NOT {0}) FROM {1} WHERE {2} "
          "AND {3}",
          differs(), table, where, enclosed(*job_.where));
    case Proof::values:
      return fmt::format("SELECT count(*), 0::bigint FROM {} WHERE {} AND {}", table, where,
                         differs());
    case Proof::ledger: break;
  }
  BACKFILL_CHECK(false, "a job that only its checkpoints prove was asked for a sweep");
}

std::string BackfillSql::first_differences(BoundShape shape) const {
  const std::string relation = quote_identifier(target_.table.name);
  std::vector<std::string> texts;
  std::vector<std::string> columns;
  for (const KeyColumn& column : target_.key.columns) {
    columns.push_back(relation + "." + quote_identifier(column.name));
    texts.push_back(columns.back() + "::text");
  }
  return fmt::format("SELECT {} FROM {} WHERE {} AND {} ORDER BY {} LIMIT 10",
                     fmt::join(texts, ", "), quote_name(target_.table),
                     key_predicate(target_, shape), residue(), fmt::join(columns, ", "));
}

/// The value is cast to the column's type first: what was stored has been through that, too.
std::string BackfillSql::differs() const {
  const std::string relation = quote_identifier(target_.table.name);
  std::vector<std::string> tests;
  for (const SetColumn& set : job_.set) {
    const std::string column = relation + "." + quote_identifier(set.column);
    const std::string type = column_type(job_, target_, set.column);
    const bool as_text =
        std::ranges::find(types_without_equality, type) != types_without_equality.end();
    const std::string suffix = as_text ? "::text" : "";
    tests.push_back(fmt::format("{}{} IS DISTINCT FROM {}::{}{}", column, suffix,
                                enclosed(set.expression), type, suffix));
  }
  return fmt::format("({})", fmt::join(tests, " OR "));
}

std::string BackfillSql::residue() const {
  switch (proof_) {
    case Proof::where_remaining: return enclosed(*job_.where);
    case Proof::where_and_values: return enclosed(*job_.where) + " AND " + differs();
    case Proof::values: return differs();
    case Proof::ledger: break;
  }
  BACKFILL_CHECK(false, "a job that only its checkpoints prove was asked for what is left");
}

}  // namespace backfill
