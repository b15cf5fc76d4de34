#include "core/sql_text.hpp"

#include <optional>
#include <pg_query.h>
#include <string>

#include <nlohmann/json.hpp>

#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "fuzz/fuzz.hpp"

// What operators write into statements of ours, judged by PostgreSQL's own parser: an expression
// that is let through stays in its place, and a quoted name or text is that name or text.

using namespace backfill;
using namespace backfill::fuzz;

namespace {

/// The parse tree; absent when PostgreSQL refuses the text.
std::optional<nlohmann::json> parse(const std::string& sql) {
  const PgQueryParseResult result = pg_query_parse(sql.c_str());
  std::optional<nlohmann::json> tree;
  if (result.error == nullptr) tree = nlohmann::json::parse(result.parse_tree)["stmts"];
  pg_query_free_parse_result(result);
  return tree;
}

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

/// The list of what a lone SELECT without any other clause selects.
const nlohmann::json& selected(const nlohmann::json& statements, const std::string& sql) {
  promise(statements.size() == 1, "it stays one statement", sql);
  const nlohmann::json& select = statements[0]["stmt"].at("SelectStmt");
  for (const auto& [clause, value] : select.items()) {
    promise(clause == "targetList" || clause == "limitOption" || clause == "op",
            "it adds no clause to the statement around it", sql);
  }
  return select.at("targetList");
}

void check_expression_stays(const std::string& text) {
  if (check_expression(text)) return;
  const std::string sql = "SELECT 1 AS before_it, (\n\t" + text + "\n\t) AS after_it";
  const auto statements = parse(sql);
  if (!statements) return;
  const nlohmann::json& list = selected(*statements, sql);
  promise(list.size() == 2 && list[1]["ResTarget"]["name"] == "after_it",
          "an expression stays within its parentheses", sql);
}

void check_without_comments(const std::string& text) {
  if (check_expression(text)) return;
  const std::string bare = without_comments(text);
  promise(!check_expression(bare), "an expression without its comments is one", bare);
  promise(without_comments(bare) == bare, "comments are taken out once", bare);
  // Blank to us, and to PostgreSQL from 16 on.
  if (text.find('\v') != std::string::npos) return;
  const bool was = parse("SELECT (\n" + text + "\n)").has_value();
  promise(was == parse("SELECT (\n" + bare + "\n)").has_value(),
          "PostgreSQL reads an expression without its comments as it reads it with them", text);
}

void check_names(const std::string& text) {
  if (text.empty() || text.size() > identifier_bytes_max) return;
  const std::string sql = "SELECT 1 AS " + quote_identifier(text);
  const auto statements = parse(sql);
  promise(statements.has_value(), "a quoted name is a name", sql);
  promise(selected(*statements, sql)[0]["ResTarget"]["name"] == text, "a quoted name is that name",
          sql);
  const auto again = parse_identifier(name_text(text));
  promise(again && *again == text, "a name as a person would write it is read as that name", text);
}

void check_read_name(const std::string& text) {
  const auto name = parse_identifier(text);
  if (!name) return;
  const std::string sql = "SELECT 1 AS " + text;
  const auto statements = parse(sql);
  if (!statements) return;  // a keyword, which we quote
  promise(selected(*statements, sql)[0]["ResTarget"]["name"] == *name,
          "a name is read as PostgreSQL reads it", text);
}

void check_literal(const std::string& text) {
  const std::string sql = "SELECT " + quote_literal(text);
  const auto statements = parse(sql);
  promise(statements.has_value(), "a quoted text is a text", sql);
  const nlohmann::json& value = selected(*statements, sql)[0]["ResTarget"]["val"];
  const nlohmann::json& constant = value.at("A_Const").at("sval");
  promise(constant.value("sval", "") == text, "a quoted text is that text", sql);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(text_of(data, size));
  // The server takes neither, in any place.
  if (text.find('\0') != std::string::npos || !is_utf8(text)) {
    static_cast<void>(check_expression(text));
    static_cast<void>(one_line_sql(text));
    return 0;
  }
  check_expression_stays(text);
  check_without_comments(text);
  check_names(text);
  check_read_name(text);
  check_literal(text);
  static_cast<void>(one_line_sql(text));
  static_cast<void>(check_query(text));
  static_cast<void>(split_column_definition(text));
  static_cast<void>(mentions_identifier(text, "id"));
  if (const auto name = parse_qualified_name(text)) {
    const auto again = parse_qualified_name(name_text(*name));
    promise(again && *again == *name, "a name of two parts is read back", text);
  }
  return 0;
}
