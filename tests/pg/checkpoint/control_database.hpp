#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/job_record.hpp"
#include "checkpoint/lease.hpp"
#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"
#include "support/connected.hpp"

/// A fresh database with the control schema and one job, and the moves that the tests share.
namespace backfill::test {

struct Held {
  JobId job;
  Lease lease;
  Fence fence;
};

inline asio::awaitable<JobRecord> make_job(pg::Connection* connection) {
  const auto installed = co_await install_control_schema(connection);
  value_of(installed);
  NewJob wanted;
  wanted.name = "job";
  wanted.kind = "backfill";
  wanted.table = "\"public\".\"t\"";
  wanted.meaning = "set a = 1";
  wanted.key_columns = {"id"};
  wanted.phase = "copy";
  auto job = co_await find_or_create_job(connection, std::move(wanted));
  co_return value_of(job);
}

inline asio::awaitable<AcquireOutcome> take(pg::Connection* connection, JobId job,
                                            RunnerIdentity self, LeaseSettings settings) {
  auto outcome = co_await acquire_lease(connection, job, std::move(self), std::move(settings));
  co_return value_of(outcome);
}

/// With the settings that a run uses. An overload, as no default argument of a class may be left
/// out of an awaited call.
inline asio::awaitable<AcquireOutcome> take(pg::Connection* connection, JobId job,
                                            RunnerIdentity self) {
  LeaseSettings settings;
  co_return co_await take(connection, job, std::move(self), std::move(settings));
}

inline asio::awaitable<Held> make_held_job(pg::Connection* connection) {
  const auto job = co_await make_job(connection);
  RunnerIdentity self = identify_runner();
  const auto outcome = co_await take(connection, job.id, std::move(self));
  Held held;
  held.job = job.id;
  held.lease = std::get<Lease>(outcome);
  held.fence.sweep.job = job.id;
  held.fence.sweep.phase = "copy";
  held.fence.epoch = held.lease.epoch;
  co_return held;
}

/// Sends a whole transaction as built by the product; its error, if any.
inline asio::awaitable<std::optional<Error>> send(pg::Connection* connection,
                                                  std::vector<pg::Statement> statements) {
  auto outcome = co_await connection->pipeline(std::move(statements), limit);
  if (outcome.error) co_await pg::roll_back(connection);
  co_return outcome.error;
}

inline asio::awaitable<std::optional<Error>> open(pg::Connection* connection, Fence fence,
                                                  std::int64_t number, KeyRange bounds) {
  OpenRange range;
  range.range = RangeId{number};
  range.bounds = std::move(bounds);
  range.keys = RowCount{10};
  auto statements = open_range_statements(fence, {}, range);
  co_return co_await send(connection, std::move(statements));
}

/// The range without bounds.
inline asio::awaitable<std::optional<Error>> open(pg::Connection* connection, Fence fence,
                                                  std::int64_t number) {
  KeyRange bounds;
  co_return co_await open(connection, std::move(fence), number, std::move(bounds));
}

inline Batch batch_of(std::int64_t number, std::optional<std::string> after, std::string through) {
  Batch batch;
  batch.range = RangeId{number};
  if (after) batch.bounds.after = KeyValue{std::move(*after)};
  batch.bounds.through = KeyValue{std::move(through)};
  batch.keys = RowCount{5};
  batch.keys_done = RowCount{5};
  return batch;
}

/// The transaction of a batch whose change is `sql`, of rows of the table t where there is one.
inline asio::awaitable<std::vector<pg::Statement>> batch_with(pg::Connection* connection,
                                                              Fence fence, Batch batch,
                                                              std::string sql) {
  std::vector<pg::Param> none;
  const std::string oid = "SELECT coalesce(to_regclass('t')::oid, 0)";
  const auto table = co_await connection->query(oid, std::move(none), limit);
  pg::Statement change;
  change.sql = std::move(sql);
  co_return copy_batch_statements(
      fence, {}, batch, static_cast<std::uint32_t>(pg::integer_field(value_of(table).values[0], 0)),
      std::move(change));
}

inline asio::awaitable<std::optional<Error>> run_batch(pg::Connection* connection, Fence fence,
                                                       Batch batch, std::string sql = "SELECT 1") {
  auto statements =
      co_await batch_with(connection, std::move(fence), std::move(batch), std::move(sql));
  co_return co_await send(connection, std::move(statements));
}

/// The first field of a query.
inline asio::awaitable<std::string> scalar(pg::Connection* connection, std::string sql) {
  std::vector<pg::Param> none;
  auto rows = co_await connection->query(std::move(sql), std::move(none), limit);
  co_return value_of(rows).values.at(0).at(0).value_or("null");
}

inline asio::awaitable<void> execute(pg::Connection* connection, std::string sql) {
  const auto done = co_await connection->script(std::move(sql), limit);
  value_of(done);
}

}  // namespace backfill::test
