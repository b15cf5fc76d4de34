#include "jobs/backfill.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/sql_scan.hpp"

namespace backfill {

namespace {

/// Types without an equality operator (IS DISTINCT FROM would be refused), and shapes, whose `=`
/// compares areas or lengths: two of them may be equal and not the same. Their text is compared.
constexpr std::array<std::string_view, 9> types_compared_as_text = {
    "json", "xml", "point", "polygon", "line", "path", "box", "lseg", "circle"};

/// A nondeterministic collation, or citext, calls texts equal that are not the same. Their bytes
/// are compared.
constexpr std::array<std::string_view, 4> types_compared_by_bytes = {"text", "character varying",
                                                                     "varchar", "citext"};

/// What to write behind both sides of a comparison of this type.
std::string_view compared_as(std::string_view type) {
  // `varchar(20)` and `json[]` compare as what they are made of.
  const std::string_view base = type.substr(0, type.find_first_of("(["));
  const auto is_one_of = [base](const auto& types) {
    return std::ranges::find(types, base) != types.end();
  };
  if (is_one_of(types_compared_as_text)) return "::text";
  if (!is_one_of(types_compared_by_bytes)) return "";
  return type.ends_with(']') ? "::text[] COLLATE \"C\"" : "::text COLLATE \"C\"";
}

/// An expression of the job's, safe inside a larger statement: a `--` comment at its end must not
/// swallow what follows it.
std::string enclosed(const std::string& expression) {
  return "(\n" + expression + "\n)";
}

constexpr std::string_view no_checksums = ", NULL::bigint, NULL::numeric, NULL::numeric";

const TableColumn* find_column(const Target& target, std::string_view name) {
  const auto found = std::ranges::find(target.columns, name, &TableColumn::name);
  return found == target.columns.end() ? nullptr : &*found;
}

std::string column_type(const Job& job, const Target& target, const std::string& name) {
  if (const TableColumn* column = find_column(target, name)) return column->type;
  const auto added = std::ranges::find(job.add, name, &AddColumn::column);
  return added == job.add.end() ? std::string{} : added->type;
}

bool mentions_a_set_column(const Job& job, std::string_view expression) {
  return std::ranges::any_of(
      job.set, [&](const SetColumn& set) { return mentions_identifier(expression, set.column); });
}

/// `to_jsonb(users)`, `users.*`: the table's name without a column of it behind.
bool reads_whole_row(std::string_view expression, std::string_view table) {
  const std::vector<SqlToken> tokens = scan_sql(expression).tokens;
  const auto text = [&](std::size_t i) {
    return i < tokens.size() ? expression.substr(tokens[i].begin, tokens[i].end - tokens[i].begin)
                             : std::string_view{};
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool name = tokens[i].kind == SqlTokenKind::identifier ||
                      tokens[i].kind == SqlTokenKind::quoted_identifier;
    if (!name || !mentions_identifier(text(i), table)) continue;
    if (text(i + 1) != "." || text(i + 2) == "*") return true;
  }
  return false;
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
    case Proof::where_reported:
      return "the checkpoints: one unbroken chain of closed ranges over the whole key; besides, a "
             "sweep counts the rows that still match `where`, and changes none";
    case Proof::ledger:
      return "the checkpoints: one unbroken chain of closed ranges over the whole key (the "
             "expressions cannot be compared with their results)";
  }
  return {};
}

/// Whether a set expression starts from what the job itself writes, as `n + 1` for `n` does, or
/// from the row as a whole. Errs on the side of yes.
bool reads_own_result(const Job& job) {
  return std::ranges::any_of(job.set, [&](const SetColumn& reader) {
    return reads_whole_row(reader.expression, job.table.name) ||
           mentions_a_set_column(job, reader.expression);
  });
}

/// What a sweep finds may be changed by a repair, so it must never be a row that the job has
/// changed already:
///
/// - All values can be computed again: a row that holds them is done.
/// - None of them starts from the job's own results, but some may be other values the next time
///   (gen_random_uuid()): `where` tells, if changing a row can make it false, that is, if it looks
///   at a column that the job sets.
/// - One starts from its own result (`touched + 1`): only a column beside it that can be computed
///   again (`status: "'migrated'"`) and that `where` looks at tells whether the row is done.
/// - Otherwise nothing in the row tells, and the checkpoints are the proof. A `where` that looks at
///   what the job sets (`email <> lower(email)`) should be false by then: the rows for which it is
///   not are counted and told, for people to judge, and left alone.
Proof choose_proof(const Job& job, const std::vector<bool>& provable) {
  BACKFILL_CHECK(provable.size() == job.set.size(), "a column of `set` has no facts");
  if (std::ranges::all_of(provable, [](bool known) { return known; })) {
    return job.where ? Proof::where_and_values : Proof::values;
  }
  if (!job.where) return Proof::ledger;
  if (!reads_own_result(job)) {
    return mentions_a_set_column(job, *job.where) ? Proof::where_remaining : Proof::ledger;
  }
  for (std::size_t i = 0; i < job.set.size(); ++i) {
    if (provable[i] && mentions_identifier(*job.where, job.set[i].column)) {
      return Proof::where_and_values;
    }
  }
  return mentions_a_set_column(job, *job.where) ? Proof::where_reported : Proof::ledger;
}

BackfillSql::BackfillSql(Job job, Target target, std::vector<bool> provable)
    : job_(std::move(job)),
      target_(std::move(target)),
      provable_(std::move(provable)),
      proof_(choose_proof(job_, provable_)) {}

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

std::string BackfillSql::copy_stripe(BoundShape shape) const {
  std::string condition = stripe_predicate(target_, bound_count(target_, shape) + 1);
  if (job_.where) condition += " AND " + enclosed(*job_.where);
  return update(shape, condition);
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
      return fmt::format("SELECT count(*), 0::bigint{} FROM {} WHERE {} AND {}", no_checksums,
                         table, where, enclosed(*job_.where));
    case Proof::where_and_values:
      return fmt::format(
          "SELECT count(*) FILTER (WHERE {0}), count(*) FILTER (WHERE NOT {0}){4} FROM {1} WHERE "
          "{2} "
          "AND {3}",
          differs(), table, where, enclosed(*job_.where), no_checksums);
    case Proof::values:
      if (keeps_checksums_) return verify_with_checksums(shape);
      return fmt::format("SELECT count(*), 0::bigint{} FROM {} WHERE {} AND {}", no_checksums,
                         table, where, differs());
    case Proof::where_reported:
      return fmt::format("SELECT 0::bigint, count(*){} FROM {} WHERE {} AND {}", no_checksums,
                         table, where, enclosed(*job_.where));
    case Proof::ledger: break;
  }
  BACKFILL_CHECK(false, "a job that only its checkpoints prove was asked for a sweep");
  return {};  // g++ does not see that the check never returns
}

std::string BackfillSql::verify_with_checksums(BoundShape shape) const {
  return fmt::format(
      "SELECT count(*) FILTER (WHERE {}), 0::bigint, count(*), coalesce(sum({}), 0), "
      "coalesce(sum({}), 0) FROM {} WHERE {}",
      differs(), checksum(false), checksum(true), quote_name(target_.table),
      key_predicate(target_, shape));
}

/// The key is part of what is hashed, so that values which have changed places are seen; sums, so
/// that two equal mistakes do not cancel out. As text, since some types have no hash.
std::string BackfillSql::checksum(bool expected) const {
  const std::string relation = quote_identifier(target_.table.name);
  std::vector<std::string> fields;
  for (const KeyColumn& column : target_.key.columns) {
    fields.push_back(relation + "." + quote_identifier(column.name));
  }
  for (std::size_t i = 0; i < job_.set.size(); ++i) {
    if (!provable_[i]) continue;
    const SetColumn& set = job_.set[i];
    fields.push_back(expected
                         ? enclosed(set.expression) + "::" + column_type(job_, target_, set.column)
                         : relation + "." + quote_identifier(set.column));
  }
  return fmt::format("pg_catalog.hashtextextended(ROW({})::text, 0)", fmt::join(fields, ", "));
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
  for (std::size_t i = 0; i < job_.set.size(); ++i) {
    if (!provable_[i]) continue;
    const SetColumn& set = job_.set[i];
    const std::string column = relation + "." + quote_identifier(set.column);
    const std::string type = column_type(job_, target_, set.column);
    const std::string_view suffix = compared_as(type);
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
    case Proof::where_reported:
    case Proof::ledger: break;
  }
  BACKFILL_CHECK(false, "a job that only its checkpoints prove was asked for what is left");
}

}  // namespace backfill
