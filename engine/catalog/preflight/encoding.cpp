#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// Keys travel as text, in UTF-8. A database whose encoding is SQL_ASCII keeps bytes of any
/// encoding and converts none: a text key with one byte beyond ASCII would end the job when it is
/// met.
namespace backfill {

namespace {

/// $1 the table, $2 the key's columns.
constexpr std::string_view text_keys_sql = R"(
SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum),
       pg_catalog.current_database()
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = $1::oid AND a.attname = ANY ($2::text[]) AND t.typcategory IN ('S', 'E')
  AND pg_catalog.current_setting('server_encoding') = 'SQL_ASCII')";

}  // namespace

CheckResult check_encoding(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->key_columns()};
  std::string sql{text_keys_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.at(0);
  if (pg::is_null(row, 0)) co_return Result<void>{};
  preflight->refuse(
      fmt::format("database {} has the encoding SQL_ASCII, and {} of the key of {} is text: a key "
                  "beyond ASCII could not be carried",
                  pg::text_field(row, 1), pg::text_field(row, 0), preflight->table()),
      "Name a `key` of numbers, dates or uuids, or move the database to UTF8");
  co_return Result<void>{};
}

}  // namespace backfill
