#include "signals/company.hpp"

#include <utility>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
/// Short transactions are often missed by a sample: one seen lately speaks for those that were not.
constexpr Duration memory = std::chrono::seconds{10};

/// A transaction id is what makes a session a writer; it is shown to every role. The prefix is
/// compared as text, and matters only where it is shown: our own role's sessions.
constexpr const char* writers_sql = R"(
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_stat_activity AS a
  WHERE a.datname = pg_catalog.current_database() AND a.backend_xid IS NOT NULL
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND coalesce(a.backend_type, 'client backend') = 'client backend'
    AND NOT pg_catalog.starts_with(coalesce(a.application_name, ''), $1)))";

}  // namespace

pg::asio::awaitable<Result<bool>> Company::others_write(pg::Connection* connection,
                                                        std::string application_prefix) {
  std::vector<pg::Param> params;
  params.emplace_back(std::move(application_prefix));
  const Result<pg::Rows> rows =
      co_await connection->query(writers_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const Instant now = pg::now();
  if (pg::bool_field(rows->values.front(), 0)) {
    seen_ = true;
    last_seen_ = now;
  }
  co_return seen_&& now - last_seen_ < memory;
}

}  // namespace backfill
