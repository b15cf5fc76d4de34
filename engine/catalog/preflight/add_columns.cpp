#include <algorithm>

#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "catalog/sql_words.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// Each type in `add` exists, and a column that is there already has that very type.
namespace backfill {
namespace {

/// The server prints a NULL with its type and the type's modifier, in one spelling for all.
std::string null_of(const std::string& type) {
  return "EXPLAIN (VERBOSE, COSTS OFF) SELECT NULL::" + type + "\n";
}

/// `text COLLATE "C"` is a type with something behind it, which no cast may have.
std::string without_collation(const std::string& type) {
  for (const SqlWord& word : read_sql_words(type).words) {
    if (word.kind == SqlWord::Kind::identifier && word.text == "collate") {
      return type.substr(0, word.at);
    }
  }
  return type;
}

bool is_serial(const std::string& type) {
  const SqlWords words = read_sql_words(type);
  return words.words.size() == 1 && words.words[0].text.find("serial") != std::string::npos;
}

asio::awaitable<Result<std::string>> spelling_of(Preflight* preflight, std::string type) {
  std::string sql = null_of(without_collation(type));
  const auto rows = co_await ask(preflight, std::move(sql));
  if (!rows) co_return rows.error();
  co_return pg::text_field(rows->values.back(), 0);
}

void refuse_type(Preflight* preflight, const AddColumn& column, const std::string& why) {
  preflight->types_refused = true;
  preflight->refuse_at(
      "add." + column.column, 0,
      fmt::format("type {} of column {} in `add` is not one that a column can have: {}",
                  column.type, column.column, why),
      is_serial(column.type)
          ? std::string{"serial is no type: write bigint, and let `set` fill it"}
          : std::string{"Write the type alone, as after the name in CREATE TABLE; constraints, "
                        "defaults and indexes come after the backfill"});
}

/// A pseudo-type passes a cast and fails in a table.
asio::awaitable<Result<bool>> is_pseudo_type(Preflight* preflight, std::string type) {
  std::string sql = "SELECT typtype = 'p' FROM pg_catalog.pg_type WHERE oid = $1::regtype";
  const std::vector<pg::Param> params{without_collation(type)};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows && connection_lost(rows.error())) co_return rows.error();
  // `double precision -- note` is a type in a statement and not for regtype: no pseudo-type, then.
  co_return rows && !rows->values.empty() && pg::bool_field(rows->values.front(), 0);
}

CheckResult check_type(Preflight* preflight, const AddColumn* column) {
  const auto problem = shape_problem(column->type);
  if (problem) {
    refuse_type(preflight, *column, *problem);
    co_return Result<void>{};
  }
  const auto asked = co_await spelling_of(preflight, column->type);
  if (!asked && connection_lost(asked.error())) co_return asked.error();
  if (!asked) {
    refuse_type(preflight, *column, asked.error().message);
    co_return Result<void>{};
  }
  const auto pseudo = co_await is_pseudo_type(preflight, column->type);
  if (!pseudo) co_return pseudo.error();
  if (*pseudo) refuse_type(preflight, *column, "it is a pseudo-type");

  const auto& columns = preflight->target->columns;
  const auto present = std::ranges::find(columns, column->column, &TableColumn::name);
  if (present == columns.end()) co_return Result<void>{};
  const auto existing = co_await spelling_of(preflight, present->type);
  if (!existing) co_return existing.error();
  if (*existing != *asked) {
    preflight->refuse_at(
        "add." + column->column, 0,
        fmt::format("column {} of {} exists with type {}, and `add` asks for {}", column->column,
                    preflight->table(), present->type, column->type),
        "Write its type in `add`, or choose another column name");
  }
  co_return Result<void>{};
}

}  // namespace

CheckResult check_add_columns(Preflight* preflight) {
  const std::vector<AddColumn>& add = preflight->job->add;
  for (std::size_t i = 0; i < add.size(); ++i) {
    const auto first = std::ranges::find(add, add[i].column, &AddColumn::column);
    if (std::distance(add.begin(), first) != static_cast<std::ptrdiff_t>(i)) {
      preflight->types_refused = true;
      preflight->refuse(fmt::format("column {} stands more than once in `add`", add[i].column),
                        "Keep one of them");
      continue;
    }
    const Result<void> checked = co_await check_type(preflight, &add[i]);
    if (!checked) co_return checked.error();
  }
  co_return Result<void>{};
}

}  // namespace backfill
