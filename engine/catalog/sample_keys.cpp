#include "catalog/sample_keys.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"

namespace backfill {

namespace {

constexpr double sampled_pages = 200;
constexpr double page_bytes = 8192;
constexpr std::size_t keys_position = 2;

/// As for a probe: keys go out as text and come back as parameters.
constexpr const char* settings_sql =
    "SELECT pg_catalog.set_config('datestyle', 'ISO', true), "
    "pg_catalog.set_config('intervalstyle', 'postgres', true), "
    "pg_catalog.set_config('extra_float_digits', '3', true), "
    "pg_catalog.set_config('bytea_output', 'hex', true), "
    "pg_catalog.set_config('jit', 'off', true), "
    "pg_catalog.set_config('lock_timeout', $1, true), "
    "pg_catalog.set_config('statement_timeout', $2, true)";

/// Of every so many rows of the sample the last, so that the first position lies within the table.
std::string statement_of(const Target& target) {
  std::vector<std::string> columns;
  std::vector<std::string> names;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < target.key.columns.size(); ++i) {
    names.push_back(fmt::format("k{}", i + 1));
    columns.push_back(quote_identifier(target.key.columns[i].name) + " AS " + names.back());
    texts.push_back(names.back() + "::text");
  }
  return fmt::format(
      "SELECT {0} FROM (SELECT picked.*, row_number() OVER (ORDER BY {1}) AS n, "
      "count(*) OVER () AS total FROM (SELECT {2} FROM {3} TABLESAMPLE SYSTEM ($1::real)) AS "
      "picked) AS numbered "
      "WHERE n % greatest(total / $2::bigint, 1) = 0 ORDER BY n LIMIT $2::bigint",
      fmt::join(texts, ", "), fmt::join(names, ", "), fmt::join(columns, ", "),
      quote_name(target.table));
}

pg::Statement plain(std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  return statement;
}

}  // namespace

pg::asio::awaitable<Result<std::vector<KeyValue>>> sample_keys(pg::Connection* connection,
                                                               Target target, std::int64_t bytes,
                                                               std::int64_t count,
                                                               SafetySettings safety) {
  const double pages = std::max(1.0, static_cast<double>(bytes) / page_bytes);
  const double percent = std::min(100.0, 100.0 * sampled_pages / pages);
  std::vector<pg::Statement> statements;
  statements.push_back(plain("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"));
  pg::Statement settings = plain(settings_sql);
  settings.params.emplace_back(std::to_string(safety.lock_timeout.count()));
  settings.params.emplace_back(std::to_string(safety.statement_timeout.count()));
  statements.push_back(std::move(settings));
  pg::Statement keys = plain(statement_of(target));
  keys.params.emplace_back(fmt::format("{:.8f}", percent));
  keys.params.emplace_back(std::to_string(count));
  statements.push_back(std::move(keys));
  statements.push_back(plain("COMMIT"));
  const Duration deadline = safety.statement_timeout + safety.lock_timeout;
  const pg::PipelineResult sent = co_await connection->pipeline(std::move(statements), deadline);
  if (sent.error) {
    co_await pg::roll_back(connection);
    Error error = *sent.error;
    error.context = "picking places of the key to rehearse at";
    co_return error;
  }
  std::vector<KeyValue> positions;
  for (const pg::Row& row : sent.results[keys_position].rows.values) {
    KeyValue key;
    for (std::size_t i = 0; i < target.key.columns.size(); ++i) {
      key.push_back(pg::text_field(row, i));
    }
    positions.push_back(std::move(key));
  }
  co_return positions;
}

}  // namespace backfill
