#include "signals/company.hpp"

#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
/// Short transactions are often missed by a sample: one seen lately speaks for those that were not.
constexpr Duration memory = std::chrono::seconds{10};

/// A transaction id is what makes a session a writer; it is shown to every role. The prefix is
/// compared as text, and matters only where it is shown: our own role's sessions.
///
/// Active counts in all databases, for they share the CPUs: sessions that run a statement and wait
/// neither for a lock nor for their client. Where a session's state is hidden from us, a snapshot
/// stands for it.
constexpr const char* company_sql = R"(
SELECT coalesce(pg_catalog.bool_or(a.datname = pg_catalog.current_database()
                                   AND a.backend_xid IS NOT NULL), false),
       pg_catalog.count(*) FILTER (
         WHERE coalesce(a.state = 'active', a.backend_xmin IS NOT NULL)
           AND coalesce(a.wait_event_type, '') NOT IN ('Lock', 'Client')),
       pg_catalog.inet_server_addr() IS NOT DISTINCT FROM pg_catalog.inet_client_addr()
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid <> pg_catalog.pg_backend_pid()
  AND coalesce(a.backend_type, 'client backend') = 'client backend'
  AND NOT pg_catalog.starts_with(coalesce(a.application_name, ''), $1))";

}  // namespace

int cpus_of_server(bool one_address, int backend_pid) {
  if (!one_address) return 0;
  std::ifstream file(fmt::format("/proc/{}/comm", backend_pid));
  std::string command;
  if (!std::getline(file, command) || command != "postgres") return 0;
  return static_cast<int>(std::thread::hardware_concurrency());
}

pg::asio::awaitable<Result<CompanySeen>> Company::read(pg::Connection* connection,
                                                       std::string application_prefix) {
  std::vector<pg::Param> params;
  params.emplace_back(std::move(application_prefix));
  const Result<pg::Rows> rows =
      co_await connection->query(company_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.front();
  const Instant now = pg::now();
  if (pg::bool_field(row, 0)) {
    seen_ = true;
    last_seen_ = now;
  }
  CompanySeen company;
  company.others_write = seen_ && now - last_seen_ < memory;
  company.others_active = static_cast<int>(pg::integer_field(row, 1));
  // Behind a pooler the pid is not the backend's own.
  if (!connection->pooled()) {
    company.cpus = cpus_of_server(pg::bool_field(row, 2), connection->backend_pid());
  }
  co_return company;
}

}  // namespace backfill
