#include "catalog/expression_facts.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "catalog/expression_scope.hpp"
#include "catalog/sql_words.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {
namespace {

using Json = nlohmann::json;

/// Words that read other rows, the clock or who is connected.
constexpr std::array<std::string_view, 14> changing_words{
    "select",       "values",       "table",           "current_date",
    "current_time", "localtime",    "localtimestamp",  "current_timestamp",
    "current_user", "current_role", "current_catalog", "current_schema",
    "session_user", "user"};

/// Date and time input that reads the clock when the statement is parsed (manual, 8.5.1.4).
constexpr std::array<std::string_view, 4> clock_strings{"now", "today", "tomorrow", "yesterday"};

/// Functions of the server that are stable only because they read settings (TimeZone, DateStyle,
/// lc_*, the text search configuration), call the output function of a type, or look an encoding
/// up.
constexpr std::array<std::string_view, 37> settings_functions{"concat",
                                                              "concat_ws",
                                                              "format",
                                                              "to_char",
                                                              "to_date",
                                                              "to_timestamp",
                                                              "to_number",
                                                              "date_trunc",
                                                              "date_part",
                                                              "extract",
                                                              "timezone",
                                                              "to_json",
                                                              "to_jsonb",
                                                              "row_to_json",
                                                              "array_to_json",
                                                              "array_to_string",
                                                              "string_to_array",
                                                              "json_build_object",
                                                              "json_build_array",
                                                              "jsonb_build_object",
                                                              "jsonb_build_array",
                                                              "json_object",
                                                              "jsonb_object",
                                                              "to_tsvector",
                                                              "to_tsquery",
                                                              "plainto_tsquery",
                                                              "phraseto_tsquery",
                                                              "websearch_to_tsquery",
                                                              "quote_literal",
                                                              "quote_nullable",
                                                              "make_timestamptz",
                                                              "convert",
                                                              "convert_to",
                                                              "convert_from",
                                                              "timestamptz",
                                                              "date_add",
                                                              "date_subtract"};

bool is_name(const SqlWord& word) {
  return word.kind == SqlWord::Kind::identifier || word.kind == SqlWord::Kind::quoted_identifier;
}

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

std::string trimmed_lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n') {
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return result;
}

bool reads_what_changes(const SqlWords& expression) {
  return std::ranges::any_of(expression.words, [](const SqlWord& word) {
    if (word.kind == SqlWord::Kind::string) {
      return contains(clock_strings, trimmed_lower(word.text));
    }
    return word.kind == SqlWord::Kind::identifier && contains(changing_words, word.text);
  });
}

/// The table's name not followed by a dot is its whole row; followed by `.*` too.
bool reads_whole_row(const SqlWords& expression, const std::string& table) {
  const std::vector<SqlWord>& words = expression.words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!is_name(words[i]) || words[i].text != table) continue;
    const bool qualifies = i + 1 < words.size() && words[i + 1].text == ".";
    if (!qualifies || (i + 2 < words.size() && words[i + 2].text == "*")) return true;
  }
  return false;
}

bool reads_set_columns(const SqlWords& expression, const Job& job, const Target& target) {
  return reads_whole_row(expression, target.table.name) ||
         std::ranges::any_of(
             job.set, [&](const SetColumn& column) { return mentions(expression, column.column); });
}

/// The first plan of EXPLAIN (FORMAT JSON); the server's own text, so a failure to parse it means
/// that this is no such server. Then the answer is "not known".
std::optional<Json> plan_of(const pg::Rows& rows) {
  if (rows.values.size() != 1) return std::nullopt;
  const Json plans = Json::parse(pg::text_field(rows.values.front(), 0), nullptr, false);
  if (!plans.is_array() || plans.empty() || !plans[0].contains("Plan")) return std::nullopt;
  return plans[0]["Plan"];
}

bool scan_was_dropped(const Json& plan) {
  return plan.value("Node Type", "") == "Result" && plan.value("One-Time Filter", "") == "false" &&
         !plan.contains("Plans");
}

bool holds_subquery_scan(const Json& plan, std::string_view alias) {
  if (plan.value("Node Type", "") == "Subquery Scan" && plan.value("Alias", "") == alias) {
    return true;
  }
  if (!plan.contains("Plans")) return false;
  return std::ranges::any_of(
      plan["Plans"], [alias](const Json& child) { return holds_subquery_scan(child, alias); });
}

/// $1 the names that occur, $2 the functions known to read settings alone. Cast functions of the
/// server are such too. An operator is judged by its function.
constexpr std::string_view unknown_stable_sql = R"(
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_proc AS p
  WHERE p.proname = ANY ($1::text[]) AND p.provolatile <> 'i'
    AND NOT (p.pronamespace = 'pg_catalog'::regnamespace
             AND (p.proname = ANY ($2::text[])
                  OR EXISTS (SELECT FROM pg_catalog.pg_cast AS c WHERE c.castfunc = p.oid)))
) OR EXISTS (
  SELECT FROM pg_catalog.pg_operator AS o
  JOIN pg_catalog.pg_proc AS p ON p.oid = o.oprcode
  WHERE p.provolatile <> 'i' AND o.oprnamespace <> 'pg_catalog'::regnamespace
    AND strpos($3, o.oprname) > 0
))";

struct Looker {
  pg::Connection* connection;
  Duration deadline;
  std::string scope;

  asio::awaitable<Result<bool>> immutable(std::string expression) const {
    std::vector<pg::Param> none;
    std::string sql = "EXPLAIN (FORMAT JSON, COSTS OFF) SELECT FROM " + scope + " WHERE (\n" +
                      expression + "\n) IS NULL AND (\n" + expression + "\n) IS NOT NULL";
    const auto rows = co_await attempt(connection, std::move(sql), std::move(none), deadline);
    if (!rows) co_return rows.error();
    const std::optional<Json> plan = plan_of(*rows);
    co_return plan&& scan_was_dropped(*plan);
  }

  asio::awaitable<Result<bool>> free_of_volatile(std::string expression) const {
    std::vector<pg::Param> none;
    // The constant makes the outer target list differ from the inner one: a Subquery Scan that
    // does nothing at all would be left out of the plan.
    std::string sql =
        "EXPLAIN (FORMAT JSON, COSTS OFF) SELECT backfill_probe.value, 1 FROM "
        "(SELECT (\n" +
        expression + "\n) AS value FROM " + scope + ") AS backfill_probe";
    const auto rows = co_await attempt(connection, std::move(sql), std::move(none), deadline);
    if (!rows) co_return rows.error();
    const std::optional<Json> plan = plan_of(*rows);
    co_return plan && !holds_subquery_scan(*plan, "backfill_probe");
  }

  asio::awaitable<Result<bool>> calls_unknown_stable(SqlWords words, std::string expression) const {
    std::vector<std::string> names;
    for (const SqlWord& word : words.words) {
      if (is_name(word)) names.push_back(word.text);
    }
    const std::vector<std::string> allowed(settings_functions.begin(), settings_functions.end());
    std::vector<pg::Param> params{pg::text_array(names), pg::text_array(allowed),
                                  std::move(expression)};
    std::string sql{unknown_stable_sql};
    const auto rows = co_await attempt(connection, std::move(sql), std::move(params), deadline);
    if (!rows) co_return rows.error();
    co_return pg::bool_field(rows->values.at(0), 0);
  }

  asio::awaitable<Result<bool>> deterministic(std::string expression) const {
    SqlWords words = read_sql_words(expression);
    if (words.problem || reads_what_changes(words)) co_return false;
    const auto is_immutable = co_await immutable(expression);
    if (!is_immutable || *is_immutable) co_return is_immutable;
    const auto is_stable = co_await free_of_volatile(expression);
    if (!is_stable || !*is_stable) co_return is_stable;
    const auto unknown = co_await calls_unknown_stable(std::move(words), std::move(expression));
    if (!unknown) co_return unknown.error();
    co_return !*unknown;
  }
};

asio::awaitable<Result<std::vector<ExpressionFacts>>> look(const Looker* looker, const Job* job,
                                                           const Target* target) {
  std::vector<pg::Param> none;
  std::string set = "SELECT pg_catalog.set_config('constraint_exclusion', 'on', true)";
  const auto prepared =
      co_await attempt(looker->connection, std::move(set), std::move(none), looker->deadline);
  if (!prepared) co_return prepared.error();
  std::vector<ExpressionFacts> facts;
  for (const SetColumn& column : job->set) {
    const auto deterministic = co_await looker->deterministic(column.expression);
    if (!deterministic) co_return deterministic.error();
    ExpressionFacts fact;
    fact.deterministic = *deterministic;
    if (fact.deterministic) {
      const auto immutable = co_await looker->immutable(column.expression);
      if (!immutable) co_return immutable.error();
      fact.immutable = *immutable;
    }
    fact.reads_set_columns = reads_set_columns(read_sql_words(column.expression), *job, *target);
    facts.push_back(fact);
  }
  co_return facts;
}

}  // namespace

asio::awaitable<Result<std::vector<ExpressionFacts>>> expression_facts(
    pg::Connection* connection, Job job, Target target, InspectionSettings settings) {
  const Duration deadline = settings.deadline;
  const Looker looker{connection, deadline, expression_scope(job, target)};
  const auto begun = co_await begin_read_only(connection, std::move(settings));
  if (!begun) co_return begun.error();
  const auto facts = co_await look(&looker, &job, &target);
  co_await end_read_only(connection, deadline);
  co_return facts;
}

asio::awaitable<Result<std::vector<bool>>> deterministic_expressions(pg::Connection* connection,
                                                                     Job job, Target target,
                                                                     InspectionSettings settings) {
  const auto facts =
      co_await expression_facts(connection, std::move(job), std::move(target), std::move(settings));
  if (!facts) co_return facts.error();
  std::vector<bool> provable;
  for (const ExpressionFacts& fact : *facts) provable.push_back(fact.provable());
  co_return provable;
}

asio::awaitable<Result<std::vector<ExpressionFacts>>> expression_facts(pg::Connection* connection,
                                                                       Job job, Target target) {
  return expression_facts(connection, std::move(job), std::move(target), InspectionSettings{});
}

asio::awaitable<Result<std::vector<bool>>> deterministic_expressions(pg::Connection* connection,
                                                                     Job job, Target target) {
  return deterministic_expressions(connection, std::move(job), std::move(target),
                                   InspectionSettings{});
}

}  // namespace backfill
