#include "catalog/lock_holders.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql_name.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr std::string_view lock_not_available = "55P03";
constexpr Duration holders_deadline = std::chrono::seconds{3};

/// Whoever holds one of the locks that conflict with the ROW EXCLUSIVE of a batch (manual, 13.3.1),
/// or waits for one: we would queue behind it.
constexpr const char* holders_sql = R"(
SELECT l.pid, coalesce(a.usename, 'unknown'), coalesce(nullif(a.application_name, ''), 'unnamed'),
       coalesce(a.state, 'unknown'), l.mode, l.granted,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_database AS d ON d.oid = l.database
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND d.datname = pg_catalog.current_database()
  AND c.relname = $1 AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
                              ELSE n.nspname = $2 END
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
ORDER BY l.granted DESC, a.xact_start LIMIT 5)";

std::string holder_text(const pg::Row& row) {
  std::string text =
      fmt::format("session {} (user {}, application {}, {}) {} {}", pg::text_field(row, 0),
                  pg::text_field(row, 1), pg::text_field(row, 2), pg::text_field(row, 3),
                  pg::bool_field(row, 5) ? "holds" : "waits for", pg::text_field(row, 4));
  const auto age = pg::optional_number_field(row, 6);
  if (age) text += fmt::format(", its transaction {:.0f} s old", *age);
  return text;
}

}  // namespace

bool kept_by_a_lock(const Error& error) {
  return error.sqlstate == lock_not_available;
}

pg::asio::awaitable<Error> with_lock_holders(pg::Connection* connection, QualifiedName table,
                                             Error error) {
  if (!kept_by_a_lock(error) || !connection->usable()) co_return error;
  const std::string shown = name_text(table);
  std::vector<pg::Param> params;
  params.emplace_back(table.name);
  params.push_back(table.schema);
  const auto rows = co_await connection->query(holders_sql, std::move(params), holders_deadline);
  error.message = fmt::format("a lock on {} keeps the server from answering", shown);
  error.hint = "Wait until it is released, or end the session that holds it.";
  if (!rows || rows->values.empty()) co_return error;
  std::vector<std::string> holders;
  for (const pg::Row& row : rows->values) holders.push_back(holder_text(row));
  error.detail = fmt::format("{}", fmt::join(holders, "; "));
  co_return error;
}

}  // namespace backfill
