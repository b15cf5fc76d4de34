#include "checkpoint/lease.hpp"

#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

constexpr std::string_view lock_not_available = "55P03";

std::string interval_of(Duration duration) {
  return fmt::format("{} microseconds", duration.count());
}

pg::Param flag(bool value) {
  return value ? "t" : "f";
}

pg::Statement acquire_statement(const pg::Connection& connection, JobId job,
                                const RunnerIdentity& self, const LeaseSettings& settings,
                                const std::optional<std::string>& dead_runner) {
  pg::Statement statement;
  statement.sql =
      "SELECT acquired, new_epoch, reason FROM backfill.acquire_lease($1::bigint, $2::uuid, "
      "$3::text, $4::integer, $5::text, $6::interval, $7::boolean, $8::uuid)";
  statement.params.emplace_back(std::to_string(job.value));
  statement.params.emplace_back(self.runner);
  statement.params.emplace_back(self.host);
  statement.params.emplace_back(std::to_string(self.pid));
  statement.params.emplace_back(self.process_start);
  statement.params.emplace_back(interval_of(settings.ttl));
  statement.params.push_back(flag(connection.pooled()));
  statement.params.push_back(dead_runner);
  return statement;
}

struct Attempt {
  std::optional<Lease> lease;  ///< absent: somebody lives
};

awaitable<Result<Attempt>> attempt(pg::Connection* connection, JobId job, RunnerIdentity self,
                                   LeaseSettings settings, std::optional<std::string> dead_runner) {
  TransactionSettings transaction;
  transaction.synchronous = true;
  transaction.lock_timeout = settings.lock_timeout;
  std::vector<pg::Statement> statements;
  statements.push_back(acquire_statement(*connection, job, self, settings, dead_runner));
  auto rows = co_await run_transaction(connection, std::move(transaction), std::move(statements),
                                       control_deadline);
  if (!rows) co_return Result<Attempt>{std::move(rows.error())};
  const pg::Row row = rows->front().values.at(0);
  Attempt made;
  if (pg::bool_field(row, 0)) {
    Lease lease;
    lease.job = job;
    lease.epoch = Epoch{pg::integer_field(row, 1)};
    lease.runner = self.runner;
    lease.taken_because = pg::text_field(row, 2);
    made.lease = std::move(lease);
  }
  co_return Result<Attempt>{std::move(made)};
}

awaitable<void> rest(Duration duration) {
  const auto executor = co_await pg::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, duration);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

Error still_locked(Error error) {
  error.message = "a transaction of the job's former runner still holds one of its checkpoints";
  error.hint =
      "Find it in pg_stat_activity (application_name backfill) and end it, or wait for its "
      "idle_in_transaction_session_timeout; then run the job again.";
  return error;
}

}  // namespace

awaitable<Result<std::optional<LeaseOwner>>> read_lease(pg::Connection* connection, JobId job) {
  std::string sql =
      "SELECT runner, host, pid, process_start, epoch, acquired_at, EXTRACT(epoch FROM "
      "pg_catalog.clock_timestamp() - heartbeat_at), EXTRACT(epoch FROM ttl), released_at IS NOT "
      "NULL FROM backfill.leases WHERE job_id = $1::bigint";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::optional<LeaseOwner>>{std::move(rows.error())};
  if (rows->values.empty()) co_return Result<std::optional<LeaseOwner>>{std::nullopt};
  const pg::Row row = rows->values.front();
  LeaseOwner owner;
  owner.identity.runner = pg::text_field(row, 0);
  owner.identity.host = pg::text_field(row, 1);
  owner.identity.pid = static_cast<int>(pg::integer_field(row, 2));
  owner.identity.process_start = pg::text_field(row, 3);
  owner.epoch = Epoch{pg::integer_field(row, 4)};
  owner.since = pg::text_field(row, 5);
  owner.heartbeat_age_s = pg::optional_number_field(row, 6).value_or(0);
  owner.ttl_s = pg::optional_number_field(row, 7).value_or(0);
  owner.released = pg::bool_field(row, 8);
  co_return Result<std::optional<LeaseOwner>>{std::optional<LeaseOwner>{std::move(owner)}};
}

awaitable<Result<AcquireOutcome>> acquire_lease(pg::Connection* connection, JobId job,
                                                RunnerIdentity self, LeaseSettings settings) {
  Duration pause = settings.pause;
  for (int made = 1;; ++made) {
    // Read each time: between two attempts another runner may have come and gone.
    auto owner = co_await read_lease(connection, job);
    if (!owner) co_return Result<AcquireOutcome>{std::move(owner.error())};
    std::optional<std::string> dead_runner;
    if (owner->has_value() && known_dead((*owner)->identity, self)) {
      dead_runner = (*owner)->identity.runner;
    }
    auto tried = co_await attempt(connection, job, self, settings, std::move(dead_runner));
    if (tried && tried->lease) {
      co_return Result<AcquireOutcome>{AcquireOutcome{std::move(*tried->lease)}};
    }
    if (tried) {
      auto live = co_await read_lease(connection, job);
      if (!live) co_return Result<AcquireOutcome>{std::move(live.error())};
      if (live->has_value() && !(*live)->released) {
        co_return Result<AcquireOutcome>{AcquireOutcome{std::move(**live)}};
      }
      // It let go in this very moment: try again.
    } else if (tried.error().sqlstate != lock_not_available) {
      co_return Result<AcquireOutcome>{std::move(tried.error())};
    }
    if (made >= settings.attempts) {
      if (!tried) co_return Result<AcquireOutcome>{still_locked(std::move(tried.error()))};
      co_return Result<AcquireOutcome>{
          fatal_error("the job changes hands faster than it can be taken", "Run it again.")};
    }
    co_await rest(pause);
    pause *= 2;
  }
}

awaitable<Result<void>> heartbeat(pg::Connection* connection, Lease lease,
                                  std::optional<std::string> progress) {
  std::string sql =
      "SELECT backfill.heartbeat($1::bigint, $2::bigint, $3::uuid, $4::boolean, $5::jsonb)";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(lease.job.value));
  params.emplace_back(std::to_string(lease.epoch.value));
  params.emplace_back(std::move(lease.runner));
  params.push_back(flag(connection->pooled()));
  params.push_back(std::move(progress));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  co_return Result<void>{};
}

awaitable<Result<void>> release_lease(pg::Connection* connection, Lease lease) {
  std::string sql =
      "UPDATE backfill.leases SET released_at = pg_catalog.clock_timestamp() WHERE job_id = "
      "$1::bigint AND epoch = $2::bigint AND runner = $3::uuid AND released_at IS NULL";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(lease.job.value));
  params.emplace_back(std::to_string(lease.epoch.value));
  params.emplace_back(std::move(lease.runner));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  co_return Result<void>{};
}

}  // namespace backfill
