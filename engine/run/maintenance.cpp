#include "run/maintenance.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "checkpoint/run_transaction.hpp"
#include "core/sql_text.hpp"

namespace backfill::run {

namespace {

/// Of a large table, with the delays that its role may have been given.
constexpr Duration limit = std::chrono::hours{72};

/// Whoever waits for a lock that an autovacuum holds has it cancelled after deadlock_timeout: half
/// of that disturbs none. The server ends what runs when its client has died (14 and later).
constexpr const char* prepare_sql =
    "SELECT pg_catalog.set_config('statement_timeout', '0', false), "
    "pg_catalog.set_config('lock_timeout', greatest(1, least($1::bigint, s.setting::bigint / "
    "2))::text, false)";
constexpr const char* watch_client_sql =
    ", pg_catalog.set_config('client_connection_check_interval', '2s', false)";
constexpr const char* from_settings_sql =
    " FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout'";

}  // namespace

Maintenance::Maintenance(asio::any_io_executor executor, pg::ConnectOptions options,
                         std::uint64_t seed)
    : link_(executor, std::move(options), seed) {}

asio::awaitable<Result<void>> Maintenance::run(std::string sql, Duration lock_timeout) {
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> op =
      [this, sql, lock_timeout](pg::Connection* connection) {
        return send(connection, sql, lock_timeout);
      };
  Result<void> done = co_await link_.attempt<void>(op);
  in_use_ = nullptr;
  link_.close();
  co_return done;
}

asio::awaitable<Result<void>> Maintenance::send(pg::Connection* connection, std::string sql,
                                                Duration lock_timeout) {
  if (connection->pooled()) {
    co_return fatal_error(
        "a pooler that changes sessions between transactions stands before the server, and what "
        "must not be timed out needs a session of its own",
        "Name the server itself in --database for this job.");
  }
  std::string prepare = prepare_sql;
  if (connection->server_version() >= 140000) prepare += watch_client_sql;
  prepare += from_settings_sql;
  std::vector<pg::Param> params;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(lock_timeout);
  params.emplace_back(std::to_string(std::max<std::int64_t>(milliseconds.count(), 1)));
  in_use_ = connection;
  const Result<pg::Rows> prepared =
      co_await connection->query(std::move(prepare), std::move(params), control_deadline);
  if (!prepared) co_return prepared.error();
  co_return co_await connection->script(std::move(sql), limit);
}

int Maintenance::backend_pid() const {
  return in_use_ == nullptr ? 0 : in_use_->backend_pid();
}

void Maintenance::cancel() {
  if (in_use_ != nullptr) in_use_->request_cancel();
}

void Maintenance::stop() {
  stopped_ = true;
  link_.interrupt();
}

std::string vacuum_sql(const QualifiedName& table) {
  return "VACUUM (TRUNCATE false, PARALLEL 0) " + quote_name(table);
}

std::string vacuum_analyze_sql(const QualifiedName& table) {
  return "VACUUM (ANALYZE, TRUNCATE false, PARALLEL 0) " + quote_name(table);
}

std::string analyze_sql(const QualifiedName& table) {
  return "ANALYZE " + quote_name(table);
}

}  // namespace backfill::run
