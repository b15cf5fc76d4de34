#include "sim/server.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/sqlstate.hpp"
#include "sim/violation.hpp"

namespace backfill::sim {

using namespace std::chrono_literals;

Error server_error(std::string_view sqlstate, std::string message) {
  Error error;
  error.kind = classify_sqlstate(sqlstate);
  error.sqlstate = sqlstate;
  error.message = std::move(message);
  return error;
}

Server::Server(Timeline& timeline, Dice& dice, History& history, Coverage& coverage, Table& table,
               Planted planted)
    : timeline_(timeline),
      dice_(dice),
      history_(history),
      coverage_(coverage),
      table_(table),
      planted_(planted),
      batch_cost_(dice.log_duration(200us, 10ms)),
      row_cost_(dice.log_duration(10us, 1ms)),
      keeps_statistics_(dice.chance(0.7)) {}

TransactionId Server::submit(Action work, const Session& session, Disturbance disturbance,
                             Answer answer) {
  const TransactionId id = ++last_;
  const Duration arrival = disturbance.arrival;
  transactions_.emplace(
      id, Transaction{
              std::move(work), session, std::move(disturbance), std::move(answer), {}, {}, {}, {}});
  timeline_.after(arrival, [this, id] { arrive(id); });
  return id;
}

void Server::abandon(TransactionId id) {
  if (const auto found = transactions_.find(id); found != transactions_.end()) {
    found->second.answer = nullptr;
  }
}

void Server::cancel(TransactionId id) {
  fail(id, server_error("57014", "canceling statement due to user request"));
}

void Server::undo(TransactionId id) {
  fail(id, server_error("57P01", "the client is gone"));
}

void Server::restart() {
  while (!transactions_.empty()) {
    abandon(transactions_.begin()->first);
    undo(transactions_.begin()->first);
  }
}

std::size_t Server::crash() {
  restart();
  const auto lost =
      static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(unsynced_.size())));
  for (std::size_t i = 0; i < lost; ++i) {
    const auto& undo = unsynced_.back();
    for (auto step = undo.rbegin(); step != undo.rend(); ++step) (*step)();
    unsynced_.pop_back();
  }
  if (lost > 0) counts_lost_ = true;
  synced();  // What recovery has found is on the disk.
  return lost;
}

void Server::application_committed(const Table::Written& written, bool synchronous) {
  if (!written.key) return;
  if (synchronous) return synced();
  unsynced_.emplace_back().push_back([this, key = *written.key, before = written.before] {
    if (!before) {
      table_.rows().erase(key);
      return;
    }
    Row& row = table_.rows()[key];
    row = *before;
    row.batch = 0;
  });
}

std::vector<KeyValue> Server::quarantine() const {
  std::vector<KeyValue> keys;
  for (const std::int64_t key : quarantine_) keys.push_back(table_.keys().text(key));
  return keys;
}

bool Server::all_closed() const {
  return std::ranges::all_of(ranges_, [](const auto& entry) { return entry.second.closed; });
}

/// The range's row as it is, to be put back by a crash. What a crash never takes (locks are gone
/// with it, the epoch was written synchronously) stays.
void Server::remember_range(RangeId id) {
  unsynced_.back().push_back([this, id, before = ranges_.at(id)] {
    RangeRow& row = ranges_.at(id);
    const Epoch epoch = row.epoch;
    row = before;
    row.epoch = epoch;
    row.holder = 0;
    row.waiters.clear();
  });
}

std::optional<std::vector<KnownRange>> Server::take_over() {
  const bool keeps_epochs = planted_ == Planted::takeover_keeps_epochs;
  for (const auto& [id, row] : ranges_) {
    if (!row.closed && row.holder != 0 && !keeps_epochs) return std::nullopt;
  }
  synced();
  epoch_ += Epoch(1);
  std::vector<KnownRange> known;
  for (auto& [id, row] : ranges_) {
    if (!row.closed && !keeps_epochs) row.epoch = epoch_;
    known.push_back({id, row.bounds, row.cursor, row.closed, row.stripe, RowCount(row.keys),
                     RowCount(row.keys_done), row.settlements});
  }
  return known;
}

bool Server::record_at_finish(Epoch epoch, const std::vector<RowsToRecord>& rows) {
  if (epoch != epoch_) return false;
  unsynced_.emplace_back();
  record(rows);
  return true;
}

void Server::give_range(RangeId id, KeyRange bounds) {
  RangeRow row;
  row.cursor = bounds.after;
  row.keys = static_cast<std::int64_t>(
      table_.keys_in(bounds, std::numeric_limits<std::size_t>::max()).size());
  row.bounds = std::move(bounds);
  row.epoch = epoch_;
  ranges_.emplace(id, std::move(row));
}

void Server::arrive(TransactionId id) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  Transaction& transaction = found->second;
  if (const auto* batch = std::get_if<StartBatch>(&transaction.work)) {
    if (planted_ == Planted::quarantine_by_itself && batch->batch.quarantine) {
      commit_quarantine(batch->batch);
    }
    acquire(id, batch->batch.range);
  } else if (const auto* close = std::get_if<CloseRange>(&transaction.work)) {
    acquire(id, close->range);
  } else if (const auto* settle = std::get_if<SettleRange>(&transaction.work)) {
    acquire(id, settle->range);
  } else if (const auto* open = std::get_if<OpenRange>(&transaction.work)) {
    open_range(id, *open);
  } else if (const auto* probe = std::get_if<StartProbe>(&transaction.work)) {
    if (!transaction.disturbance.sqlstate.empty()) {
      fail_after(1ms, id, transaction.disturbance.sqlstate);
      return;
    }
    Reply reply;
    reply.probe = table_.probe(probe->probe);
    if (planted_ == Planted::end_taken_for_row && probe->probe.limit == RowCount(2) &&
        !reply.probe->ticks.empty()) {
      reply.probe->ticks = {{*probe->probe.within.through, RowCount(1)}};
    }
    timeline_.after(Duration(200) * static_cast<Duration::rep>(transaction.disturbance.slow),
                    [this, id, reply = std::move(reply)] { finish(id, reply); });
  }
}

void Server::acquire(TransactionId id, RangeId range) {
  const auto row = ranges_.find(range);
  require(row != ranges_.end(), "work was asked for on a range that has no checkpoint row");
  Transaction& transaction = transactions_.at(id);
  if (row->second.holder == 0) {
    row->second.holder = id;
    transaction.holds = range;
    granted(id);
    return;
  }
  coverage_.add(Seen::waited_for_checkpoint);
  row->second.waiters.push_back(id);
  transaction.waits_for = range;
  timeline_.after(transaction.session.lock_timeout, [this, id] {
    const auto waiting = transactions_.find(id);
    if (waiting != transactions_.end() && waiting->second.waits_for) {
      fail(id, server_error("55P03", "canceling statement due to lock timeout"));
    }
  });
}

void Server::granted(TransactionId id) {
  Transaction& transaction = transactions_.at(id);
  RangeRow& row = ranges_.at(*transaction.holds);
  if (const auto* batch = std::get_if<StartBatch>(&transaction.work)) {
    auto refused = refusal(row, transaction.session.epoch, batch->batch.settlements,
                           batch->batch.bounds.after, batch->batch.stripe.no);
    if (refused)
      fail(id, std::move(*refused));
    else
      run_batch(id, transaction);
  } else if (const auto* close = std::get_if<CloseRange>(&transaction.work)) {
    auto refused =
        refusal(row, transaction.session.epoch, close->settlements, close->cursor, row.stripe.no);
    if (refused)
      fail(id, std::move(*refused));
    else if (!transaction.disturbance.sqlstate.empty())
      fail_after(1ms, id, transaction.disturbance.sqlstate);
    else
      timeline_.after(batch_cost_, [this, id] { commit_close(id); });
  } else if (!transaction.disturbance.sqlstate.empty()) {
    fail(id, server_error(transaction.disturbance.sqlstate, "settling failed"));
  } else {
    const SettleRange& settle = std::get<SettleRange>(transaction.work);
    unsynced_.emplace_back();
    remember_range(*transaction.holds);
    row.settlements = std::max(row.settlements, settle.raise_to);
    Reply reply;
    reply.cursor = row.cursor;
    reply.stripe = row.stripe.no;
    reply.closed = row.closed;
    reply.rows = RowCount(row.last_rows);
    finish(id, std::move(reply));
  }
}

std::optional<Error> Server::refusal(const RangeRow& row, Epoch epoch, Settlements made,
                                     const std::optional<KeyValue>& expected, int stripe) const {
  if (planted_ == Planted::takeover_keeps_epochs) {
    if (row.epoch > epoch) return server_error("BF001", "the range belongs to a later epoch");
    return std::nullopt;
  }
  if (row.epoch != epoch) return server_error("BF001", "the range belongs to another epoch");
  if (planted_ == Planted::checkpoint_ignores_cursor) return std::nullopt;
  const bool elsewhere = row.cursor != expected || (row.stripe.no != stripe &&
                                                    planted_ != Planted::checkpoint_ignores_stripe);
  const bool settled_since =
      row.settlements != made && planted_ != Planted::checkpoint_ignores_settling;
  if (settled_since || row.closed || elsewhere) {
    return server_error("BF002", "the checkpoint is not where the batch expected it");
  }
  return std::nullopt;
}

void Server::record(const std::vector<RowsToRecord>& record) {
  for (const RowsToRecord& rows : record) {
    if (!unsynced_.empty()) remember_range(rows.range);
    RangeRow& range = ranges_.at(rows.range);
    range.rows_recorded += rows.rows.value;
    require((counts_lost_ && !keeps_statistics_) || range.rows_recorded <= range.rows_changed,
            "more rows were recorded than were changed");
  }
}

void Server::fail(TransactionId id, Error error, std::size_t keys) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  if (error.sqlstate == "BF001") coverage_.add(Seen::refused_by_epoch);
  if (error.sqlstate == "BF002") coverage_.add(Seen::refused_by_cursor);
  if (error.sqlstate == "BF001" && !found->second.answer) {
    coverage_.add(Seen::orphan_in_next_life);
  }
  history_.add(timeline_.now(), "   server: transaction {} failed: {}", id, error.sqlstate);
  Reply reply;
  reply.error = std::move(error);
  reply.keys = keys;
  finish(id, std::move(reply));
}

void Server::fail_after(Duration wait, TransactionId id, std::string_view sqlstate,
                        std::size_t keys) {
  timeline_.after(wait, [this, id, code = std::string(sqlstate), keys] {
    fail(id, server_error(code, "the statement failed"), keys);
  });
}

void Server::finish(TransactionId id, Reply reply) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  Transaction transaction = std::move(found->second);
  transactions_.erase(found);
  release(id, transaction);
  if (transaction.answer) transaction.answer(reply);
}

void Server::release(TransactionId id, Transaction& transaction) {
  for (const std::int64_t key : transaction.rows) {
    const auto row = table_.rows().find(key);
    if (row != table_.rows().end() && row->second.batch == id) row->second.batch = 0;
  }
  if (transaction.waits_for) {
    std::erase(ranges_.at(*transaction.waits_for).waiters, id);
  }
  if (!transaction.holds) return;
  RangeRow& row = ranges_.at(*transaction.holds);
  row.holder = 0;
  if (row.waiters.empty()) return;
  const TransactionId next = row.waiters.front();
  row.waiters.pop_front();
  row.holder = next;
  Transaction& waiter = transactions_.at(next);
  waiter.holds = std::exchange(waiter.waits_for, std::nullopt);
  // Not at once: the one that lets go is still in the middle of what it does.
  timeline_.after(Duration::zero(), [this, next] {
    if (transactions_.contains(next)) granted(next);
  });
}

}  // namespace backfill::sim
