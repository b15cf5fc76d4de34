#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "catalog/expression_scope.hpp"
#include "catalog/preflight/checks.hpp"
#include "catalog/sql_words.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// Each expression of the job is one that the server takes where we put it: it plans the UPDATE
/// itself where all columns exist. Where `add` has yet to create some, an expression is planned in
/// a WHERE clause over a query that has them (there, too, the server allows no aggregates, window
/// functions or sets), and its type is tried against the column's as the parameter of an EXECUTE,
/// which converts as an assignment does.
namespace backfill {
namespace {

constexpr std::string_view undefined_column = "42703";
constexpr std::string_view insufficient_privilege = "42501";
constexpr std::string_view not_in_prerequisite_state = "55000";

/// A statement of ours with an expression of the job inside.
struct Framed {
  std::string before;
  std::string after;
};

/// What the job calls an expression: `set.email_normalized`, `where`.
struct Part {
  std::string name;
  std::string expression;
};

std::string place_of(const Error& error, const Framed& frame, const std::string& expression) {
  const int offset = error.position - 1 - character_count(frame.before);
  const auto place = error.position > 0 ? locate(expression, offset) : std::nullopt;
  if (!place) return {};
  if (place->word.empty()) return " (at its end)";
  return fmt::format(" (line {}, column {}: {})", place->line, place->column, place->word);
}

/// Where in the expression the server points, in bytes; 0 when it does not.
std::size_t offset_of(const Error& error, const Framed& frame, const std::string& expression) {
  const int characters = error.position - 1 - character_count(frame.before);
  if (error.position <= 0 || characters <= 0) return 0;
  std::size_t at = 0;
  for (int left = characters; at < expression.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(expression[at]) & 0xC0U) != 0x80U;
    if (begins && left-- == 0) break;
  }
  return at;
}

/// The clause that we tried it in is no business of the author's.
std::string without_our_clause(std::string message) {
  constexpr std::string_view clause = " are not allowed in WHERE";
  if (message.ends_with(clause)) message.replace(message.size() - 5, 5, "UPDATE");
  return message;
}

void refuse(Preflight* preflight, const Part& part, const Error& error, const Framed& frame) {
  std::string message = part.name == "where" ? error.message : without_our_clause(error.message);
  if (!error.detail.empty()) message += ": " + error.detail;
  preflight->refuse_at(
      part.name, offset_of(error, frame, part.expression),
      fmt::format("the server rejects the expression of {} on {}: {}{}", part.name,
                  preflight->table(), message, place_of(error, frame, part.expression)),
      error.hint.empty() ? "Correct the expression in the job file" : error.hint);
}

/// Whether an earlier finding has named the cause of this failure.
bool is_explained(const Preflight& preflight, const Error& error) {
  return (error.sqlstate == insufficient_privilege && preflight.has_refused("privileges")) ||
         (error.sqlstate == not_in_prerequisite_state && preflight.has_refused("publications")) ||
         (error.sqlstate == undefined_column && preflight.types_refused);
}

asio::awaitable<Result<pg::Rows>> plan(Preflight* preflight, Framed frame, std::string expression) {
  std::string sql = "EXPLAIN " + frame.before + expression + frame.after;
  // EXPLAIN counts as a part of the statement that positions refer to.
  auto rows = co_await ask(preflight, std::move(sql));
  if (!rows && rows.error().position > 0) rows.error().position -= 8;
  co_return rows;
}

/// Plans it over the table; if that lacks a column that `add` will create, over the scope that has
/// it. The answer says whether all is well.
asio::awaitable<Result<bool>> check_in_where(Preflight* preflight, const Part* part, Framed frame,
                                             std::string after) {
  const std::string table = quote_name(preflight->target->table);
  Framed direct{"SELECT FROM " + table + frame.before, after};
  const auto rows = co_await plan(preflight, direct, part->expression);
  if (rows) co_return true;
  if (connection_lost(rows.error())) co_return rows.error();
  const bool column_missing = rows.error().sqlstate == undefined_column &&
                              !missing_columns(*preflight->job, *preflight->target).empty() &&
                              !preflight->types_refused;
  if (!column_missing) {
    if (!is_explained(*preflight, rows.error())) refuse(preflight, *part, rows.error(), direct);
    co_return false;
  }
  Framed scoped{
      "SELECT FROM " + expression_scope(*preflight->job, *preflight->target) + frame.before, after};
  const auto again = co_await plan(preflight, scoped, part->expression);
  if (again) co_return true;
  if (connection_lost(again.error())) co_return again.error();
  if (!is_explained(*preflight, again.error())) refuse(preflight, *part, again.error(), scoped);
  co_return false;
}

/// The type an expression has: that of an empty query's value. Nothing is computed for it.
asio::awaitable<Result<std::string>> type_of(Preflight* preflight, std::string expression) {
  std::string sql = "SELECT pg_catalog.pg_typeof((SELECT (\n" + expression + "\n) FROM " +
                    expression_scope(*preflight->job, *preflight->target) + " LIMIT 0))::text";
  const auto rows = co_await ask(preflight, std::move(sql));
  if (!rows) co_return rows.error();
  co_return pg::text_field(rows->values.at(0), 0);
}

/// A lone string or NULL takes whatever type it is assigned to.
bool is_untyped(const std::string& expression) {
  const SqlWords words = read_sql_words(expression);
  return words.words.size() == 1 &&
         (words.words[0].kind == SqlWord::Kind::string ||
          (words.words[0].kind == SqlWord::Kind::identifier && words.words[0].text == "null"));
}

asio::awaitable<Result<pg::Rows>> try_assignment(Preflight* preflight, std::string value,
                                                 std::string type) {
  const std::string name = fmt::format("backfill_type_{}", preflight->connection->backend_pid());
  std::string prepare = "PREPARE " + name + " (" + type + "\n) AS SELECT $1";
  auto prepared = co_await ask(preflight, std::move(prepare));
  if (!prepared) co_return prepared;
  std::string execute = "EXPLAIN EXECUTE " + name + " (" + value + ")";
  auto tried = co_await ask(preflight, std::move(execute));
  if (!tried && connection_lost(tried.error())) co_return tried;
  // It would outlive the transaction, in a session that may be a pooler's.
  std::string deallocate = "DEALLOCATE " + name;
  auto dropped = co_await ask(preflight, std::move(deallocate));
  if (!dropped) co_return dropped;
  co_return tried;
}

CheckResult check_assignable(Preflight* preflight, const Part* part, std::string type) {
  std::string value = "\n" + part->expression + "\n";
  std::string source = "a constant";
  if (!is_untyped(part->expression)) {
    const auto found = co_await type_of(preflight, part->expression);
    if (!found) co_return found.error();
    source = *found;
    value = "NULL::" + source;
  }
  const auto tried = co_await try_assignment(preflight, std::move(value), type);
  if (tried) co_return Result<void>{};
  if (connection_lost(tried.error())) co_return tried.error();
  const bool mismatch = tried.error().sqlstate == "42804";
  preflight->refuse_at(
      part->name, 0,
      mismatch ? fmt::format("the expression of {} is of type {}, which does not go into a column "
                             "of type {}",
                             part->name, source, type)
               : fmt::format("the expression of {} does not go into a column of type {}: {}",
                             part->name, type, tried.error().message),
      fmt::format("Cast it: ({})::{}", part->expression, type));
  co_return Result<void>{};
}

/// The column that an expression is for, when the server can plan its assignment.
enum class Assignment { planned, by_type, none };

Assignment assignment_of(const Preflight& preflight, const std::string& name, std::string* type) {
  const auto& columns = preflight.target->columns;
  const auto present = std::ranges::find(columns, name, &TableColumn::name);
  if (present != columns.end()) {
    // check_set_columns has refused these.
    if (present->generated || present->identity_always) return Assignment::none;
    *type = present->type;
    const bool complete = missing_columns(*preflight.job, *preflight.target).empty();
    return complete && !preflight.in_recovery ? Assignment::planned : Assignment::by_type;
  }
  const auto added = std::ranges::find(preflight.job->add, name, &AddColumn::column);
  if (added == preflight.job->add.end() || preflight.types_refused) return Assignment::none;
  *type = added->type;
  return Assignment::by_type;
}

CheckResult check_set(Preflight* preflight, const SetColumn* set) {
  const Part part{"set." + set->column, set->expression};
  const auto problem = shape_problem(set->expression);
  if (problem) {
    preflight->refuse_at(
        part.name, 0,
        fmt::format("the expression of {} cannot stand alone: {}", part.name, *problem),
        "Correct the expression in the job file");
    co_return Result<void>{};
  }
  std::string type;
  const Assignment assignment = assignment_of(*preflight, set->column, &type);
  if (assignment == Assignment::planned) {
    Framed update{"UPDATE " + quote_name(preflight->target->table) + " SET " +
                      quote_identifier(set->column) + " = (\n",
                  "\n)"};
    const auto rows = co_await plan(preflight, update, set->expression);
    if (rows) co_return Result<void>{};
    if (connection_lost(rows.error())) co_return rows.error();
    if (!is_explained(*preflight, rows.error())) refuse(preflight, part, rows.error(), update);
    co_return Result<void>{};
  }
  Framed where{" WHERE (\n", {}};
  const auto good = co_await check_in_where(preflight, &part, where, "\n) IS NULL");
  if (!good) co_return good.error();
  if (*good && assignment == Assignment::by_type) {
    const Result<void> assigned = co_await check_assignable(preflight, &part, std::move(type));
    co_return assigned;
  }
  co_return Result<void>{};
}

CheckResult check_where(Preflight* preflight) {
  const Part part{"where", *preflight->job->where};
  const auto problem = shape_problem(part.expression);
  if (problem) {
    preflight->refuse_at("where", 0, "the expression of `where` cannot stand alone: " + *problem,
                         "Correct the expression in the job file");
    co_return Result<void>{};
  }
  Framed where{" WHERE (\n", {}};
  const auto good = co_await check_in_where(preflight, &part, where, "\n)");
  if (!good) co_return good.error();
  co_return Result<void>{};
}

}  // namespace

CheckResult check_expressions(Preflight* preflight) {
  for (const SetColumn& set : preflight->job->set) {
    const Result<void> checked = co_await check_set(preflight, &set);
    if (!checked) co_return checked.error();
  }
  if (!preflight->job->where) co_return Result<void>{};
  const Result<void> checked = co_await check_where(preflight);
  co_return checked;
}

}  // namespace backfill
