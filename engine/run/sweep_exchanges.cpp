#include <optional>
#include <utility>
#include <vector>

#include "catalog/probe.hpp"
#include "checkpoint/quarantine.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"
#include "run/sweep.hpp"

/// One coroutine per action that talks to the server: build the statements, send them in one
/// flight, tell the outcome.
namespace backfill::run {

namespace {

/// Beyond the server's own timeouts: the way there and back, and a COMMIT that waits for a disk.
constexpr Duration answer_grace = std::chrono::seconds{15};

Duration exchange_deadline(const TransactionSettings& settings) {
  return settings.statement_timeout + settings.lock_timeout + answer_grace;
}

Error no_connection() {
  Error error = fatal_error("the connection was lost before the statement was sent");
  error.kind = ErrorClass::reconnect;
  return error;
}

/// The error of the first `count` statements, if one of them failed.
std::optional<Error> error_within(const pg::PipelineResult& result, std::size_t count) {
  if (!result.error || result.results.size() >= count) return std::nullopt;
  return result.error;
}

}  // namespace

/// One flight on the slot's connection, with what has to follow a failure.
asio::awaitable<pg::PipelineResult> Sweep::exchange(SlotId slot,
                                                    std::vector<pg::Statement> statements) {
  pg::PipelineResult result;
  pg::Connection* connection = pool_->lease(slot);
  if (connection == nullptr) {
    result.error = no_connection();
    co_return result;
  }
  const Duration deadline = exchange_deadline(plan_.settings);
  result = co_await connection->pipeline(std::move(statements), deadline);
  if (result.error) co_await pg::roll_back(connection);
  pool_->give_back(slot, result.error);
  co_return result;
}

asio::awaitable<void> Sweep::run_batch(StartBatch action) {
  const SlotId slot = action.slot;
  if (action.batch.quarantine) {
    std::vector<pg::Statement> setting_aside = quarantine_statements(
        plan_.fence, plan_.settings, action.batch, quote_name(plan_.target.table));
    co_await run_quarantine(std::move(action), std::move(setting_aside));
    co_return;
  }
  const bool counting = plan_.purpose == Purpose::verify;
  pg::Statement change;
  change.sql = plan_.sql.for_batch(action.batch);
  for (std::string& value : bound_values(action.batch.bounds)) {
    change.params.emplace_back(std::move(value));
  }
  if (action.batch.stripe.of > 1) {
    change.params.emplace_back(std::to_string(action.batch.stripe.of - 1));
    change.params.emplace_back(std::to_string(action.batch.stripe.no));
  }
  change.prepared = true;
  change.flush_after = true;
  std::vector<pg::Statement> statements =
      counting ? verify_batch_statements(plan_.fence, plan_.settings, action.batch, change)
               : copy_batch_statements(plan_.fence, plan_.settings, action.batch, plan_.target.oid,
                                       change);
  const std::size_t batch_count = statements.size();
  if (action.ahead) {
    std::vector<pg::Statement> ahead = probe_statements(plan_.target, *action.ahead, plan_.safety);
    statements.insert(statements.end(), std::make_move_iterator(ahead.begin()),
                      std::make_move_iterator(ahead.end()));
  }
  const pg::PipelineResult result = co_await exchange(slot, std::move(statements));
  const std::optional<Error> failure = error_within(result, batch_count);
  if (failure) {
    tell(BatchFailed{slot, *failure});
    co_return;
  }
  if (action.ahead) {
    if (result.error) {
      tell(ProbeFailed{slot, *result.error});
    } else {
      tell(ProbeDone{slot, read_probe(plan_.target, *action.ahead, result.results, batch_count)});
    }
  }
  BatchDone done;
  done.slot = slot;
  if (counting) {
    const pg::Row& counts = result.results[count_position].rows.values.front();
    done.rows = RowCount{pg::integer_field(counts, 0)};
    done.statement_time =
        result.results[count_position].arrived - result.results[before_count_position].arrived;
  } else {
    done.rows = RowCount{result.results[change_position].rows.affected};
    done.statement_time =
        result.results[change_position].arrived - result.results[before_change_position].arrived;
    done.wal = read_wal(result.results);
    done.recorded = read_recorded(result.results);
  }
  tell(done);
}

/// The row is passed over and written down; its probe for what comes later goes with it.
asio::awaitable<void> Sweep::run_quarantine(StartBatch action,
                                            std::vector<pg::Statement> statements) {
  const std::size_t own_count = statements.size();
  if (action.ahead) {
    std::vector<pg::Statement> ahead = probe_statements(plan_.target, *action.ahead, plan_.safety);
    statements.insert(statements.end(), std::make_move_iterator(ahead.begin()),
                      std::make_move_iterator(ahead.end()));
  }
  const pg::PipelineResult result = co_await exchange(action.slot, std::move(statements));
  const std::optional<Error> failure = error_within(result, own_count);
  if (failure) {
    tell(BatchFailed{action.slot, *failure});
    co_return;
  }
  if (action.ahead) {
    if (result.error) {
      tell(ProbeFailed{action.slot, *result.error});
    } else {
      tell(ProbeDone{action.slot,
                     read_probe(plan_.target, *action.ahead, result.results, own_count)});
    }
  }
  BatchDone done;
  done.slot = action.slot;
  tell(done);
}

asio::awaitable<void> Sweep::run_probe(StartProbe action) {
  std::vector<pg::Statement> statements =
      probe_statements(plan_.target, action.probe, plan_.safety);
  const pg::PipelineResult result = co_await exchange(action.slot, std::move(statements));
  if (result.error) {
    tell(ProbeFailed{action.slot, *result.error});
  } else {
    tell(ProbeDone{action.slot, read_probe(plan_.target, action.probe, result.results, 0)});
  }
}

asio::awaitable<void> Sweep::run_open(OpenRange action) {
  // Waits for the disk, unlike a batch: a checkpoint row that a crash of the server took away would
  // look like a lost lease. One flush for the many batches of a range.
  TransactionSettings settings = plan_.settings;
  settings.synchronous = true;
  std::vector<pg::Statement> statements = open_range_statements(plan_.fence, settings, action);
  const pg::PipelineResult result = co_await exchange(action.slot, std::move(statements));
  if (result.error) {
    tell(RangeFailed{action.slot, *result.error});
  } else {
    tell(RangeOpened{action.slot});
  }
}

asio::awaitable<void> Sweep::run_close(CloseRange action) {
  std::vector<pg::Statement> statements =
      close_range_statements(plan_.fence, plan_.settings, action, plan_.purpose);
  const pg::PipelineResult result = co_await exchange(action.slot, std::move(statements));
  if (result.error) {
    tell(RangeFailed{action.slot, *result.error});
  } else {
    tell(RangeClosed{action.slot});
  }
}

/// Reads the checkpoint under its row lock. A batch that turns out to have committed without a
/// count is counted here, while its rows can still be told by the transaction that wrote them.
asio::awaitable<void> Sweep::run_settle(SettleRange action) {
  std::vector<pg::Statement> statements =
      settle_range_statements(plan_.fence, plan_.settings, action);
  const pg::PipelineResult result = co_await exchange(action.slot, std::move(statements));
  if (result.error) {
    tell(RangeFailed{action.slot, *result.error});
    co_return;
  }
  const SettledRange found = read_settled(result.results[settle_position].rows);
  RangeSettled settled;
  settled.slot = action.slot;
  settled.cursor = found.cursor;
  settled.closed = found.closed;
  settled.stripe = found.stripe;
  const bool happened = action.doubtful && found.last_after == action.doubtful->bounds.after &&
                        found.last_through == action.doubtful->bounds.through &&
                        found.stripe == action.doubtful->stripe.no + action.doubtful->ends_stripe;
  if (happened && !found.uncounted) settled.rows = found.last_rows;
  if (happened && found.uncounted && plan_.purpose != Purpose::verify) {
    const KeyRange last_batch{found.last_after, found.last_through};
    std::vector<pg::Statement> count;
    count.push_back(count_uncounted_statement(plan_.fence, plan_.target, action.range, last_batch,
                                              found.last_xid));
    const pg::PipelineResult counted = co_await exchange(action.slot, std::move(count));
    if (!counted.error) {
      const pg::Row& row = counted.results.front().rows.values.front();
      settled.rows = RowCount{pg::integer_field(row, 0)};
    }
  }
  tell(std::move(settled));
}

}  // namespace backfill::run
