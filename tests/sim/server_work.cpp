#include <algorithm>
#include <limits>
#include <utility>

#include "sim/server.hpp"
#include "sim/violation.hpp"

namespace backfill::sim {

using namespace std::chrono_literals;

void Server::run_batch(TransactionId id, Transaction& transaction) {
  const Batch& batch = std::get<StartBatch>(transaction.work).batch;
  const Disturbance& disturbance = transaction.disturbance;
  const Instant now = timeline_.now();
  transaction.statement_began = now;
  if (!batch.quarantine) {
    transaction.rows = table_.keys_in(batch.bounds, std::numeric_limits<std::size_t>::max());
  }
  std::erase_if(transaction.rows,
                [&](std::int64_t key) { return !Table::in_stripe(batch.stripe, key); });
  Duration wait{};
  bool poisoned = false;
  for (const std::int64_t key : transaction.rows) {
    Row& row = table_.rows().at(key);
    row.batch = id;
    wait = std::max(wait, row.locked_until - now);
    poisoned = poisoned || row.poison;
  }
  const std::size_t count = transaction.rows.size();
  const Session& session = transaction.session;
  const Duration work((batch_cost_ + row_cost_ * static_cast<Duration::rep>(count)).count() *
                      static_cast<Duration::rep>(disturbance.slow));
  if (wait > session.lock_timeout) {
    fail_after(session.lock_timeout, id, "55P03");
  } else if (wait + work > session.statement_timeout) {
    fail_after(session.statement_timeout, id, "57014");
  } else if (poisoned) {
    fail_after(wait + work / 2, id, "22P02", count);
  } else if (!disturbance.sqlstate.empty()) {
    fail_after(wait + Duration(static_cast<Duration::rep>(static_cast<double>(work.count()) *
                                                          disturbance.at)),
               id, disturbance.sqlstate);
  } else {
    timeline_.after(wait + work, [this, id] { commit_batch(id); });
  }
}

void Server::commit_batch(TransactionId id) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  Transaction& transaction = found->second;
  if (transaction.disturbance.undone_at_end) return undo(id);
  const StartBatch& start = std::get<StartBatch>(transaction.work);
  const Batch& batch = start.batch;
  Reply reply;
  unsynced_.emplace_back();
  remember_range(batch.range);
  if (batch.quarantine) {
    if (planted_ != Planted::quarantine_by_itself) commit_quarantine(batch);
    if (!transaction.answer) coverage_.add(Seen::quarantined_by_orphan);
  }
  commit_rows(id, transaction, reply);
  if (batch.ends_stripe) coverage_.add(Seen::stripe_ended);
  coverage_.add(transaction.answer ? Seen::batch : Seen::orphan_committed);
  RangeRow& range = ranges_.at(batch.range);
  require(range.settlements == batch.settlements,
          "a transaction took effect that was sent before its range was settled");
  range.cursor = batch.ends_stripe ? range.bounds.after : batch.bounds.through;
  range.stripe.no += batch.ends_stripe ? 1 : 0;
  require(range.stripe.no < range.stripe.of, "a range was visited once more than it has stripes");
  range.closed = range.closed || batch.closes_range;
  range.epoch = std::max(range.epoch, transaction.session.epoch);
  range.keys_done += batch.keys_done.value;
  range.keys = std::max(range.keys, range.keys_done);
  range.rows_changed += reply.rows.value;
  range.last_rows = reply.rows.value;
  // A statement that counts knows its number before it commits; of one that changes rows only the
  // server's statistics do.
  if (batch.purpose == Purpose::verify || keeps_statistics_) {
    range.rows_recorded += reply.rows.value;
  }
  record(batch.record);
  history_.add(timeline_.now(), "   server: transaction {}{} committed range {} at {}, {} rows", id,
               transaction.answer ? "" : " (orphan)", batch.range.value,
               to_string(*batch.bounds.through), reply.rows.value);
  reply.statement_time = timeline_.now() - transaction.statement_began;
  if (start.ahead && !transaction.disturbance.probe_fails) reply.probe = table_.probe(*start.ahead);
  finish(id, std::move(reply));
}

/// What the change makes of the rows that the batch has locked.
void Server::commit_rows(TransactionId id, const Transaction& transaction, Reply& reply) {
  const Batch& batch = std::get<StartBatch>(transaction.work).batch;
  for (const std::int64_t key : transaction.rows) {
    const auto row = table_.rows().find(key);
    if (row == table_.rows().end() || row->second.batch != id) continue;
    unsynced_.back().push_back([this, key, before = row->second] {
      Row& undone = table_.rows().at(key);
      undone = before;
      undone.batch = 0;
    });
    ++row->second.visits;
    ++reply.keys;
    if (batch.purpose == Purpose::copy || row->second.differs) reply.rows += RowCount(1);
    if (batch.purpose == Purpose::copy) ++row->second.n;
    if (batch.purpose == Purpose::repair && row->second.differs) {
      ++row->second.n;
      row->second.differs = false;
    }
  }
}

/// The row is written down, and passed over by its range's cursor, in one transaction.
void Server::commit_quarantine(const Batch& batch) {
  if (planted_ == Planted::quarantine_forgets_row) return;
  const std::int64_t key = KeyText::number(batch.quarantine->key);
  const bool rewritten = planted_ == Planted::quarantine_by_itself;
  if (unsynced_.empty()) unsynced_.emplace_back();
  require(quarantine_.insert(key).second || rewritten, "a row was named twice");
  unsynced_.back().push_back([this, key] { quarantine_.erase(key); });
  coverage_.add(Seen::row_quarantined);
  history_.add(timeline_.now(), "   server: key {} is in quarantine", key);
  for (const std::int64_t passed :
       table_.keys_in(batch.bounds, std::numeric_limits<std::size_t>::max())) {
    Row& row = table_.rows().at(passed);
    if (passed != key) {
      require(!row.original, "a row was passed over beside the one in quarantine");
      continue;
    }
    unsynced_.back().push_back([this, key, before = row.named] {
      const auto named = table_.rows().find(key);
      if (named != table_.rows().end()) named->second.named = before;
    });
    ++row.named;
    require(!row.original || row.poison, "a row was named that does not fail");
  }
}

void Server::commit_close(TransactionId id) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  if (found->second.disturbance.undone_at_end) return undo(id);
  const CloseRange& close = std::get<CloseRange>(found->second.work);
  require(ranges_.at(close.range).settlements == close.settlements,
          "a transaction took effect that was sent before its range was settled");
  unsynced_.emplace_back();
  remember_range(close.range);
  ranges_.at(close.range).closed = true;
  record(close.record);
  history_.add(timeline_.now(), "   server: transaction {}{} closed range {}", id,
               found->second.answer ? "" : " (orphan)", close.range.value);
  finish(id, Reply{});
}

void Server::open_range(TransactionId id, const OpenRange& open) {
  const Transaction& transaction = transactions_.at(id);
  if (transaction.session.epoch != epoch_) {
    return fail(id, server_error("BF001", "the lease belongs to another epoch"));
  }
  if (!transaction.disturbance.sqlstate.empty()) {
    return fail_after(1ms, id, transaction.disturbance.sqlstate);
  }
  if (transaction.disturbance.undone_at_end) return undo(id);
  const auto known = ranges_.find(open.range);
  if (known != ranges_.end()) {
    require(known->second.bounds == open.bounds && known->second.stripe.of == open.stripes,
            "a range was opened again with other bounds");
    return finish(id, Reply{});
  }
  for (const auto& [other, row] : ranges_) {
    const bool before = row.bounds.through && open.bounds.after &&
                        KeyText::number(*row.bounds.through) <= KeyText::number(*open.bounds.after);
    const bool behind = row.bounds.after && open.bounds.through &&
                        KeyText::number(*row.bounds.after) >= KeyText::number(*open.bounds.through);
    require(before || behind, "two ranges overlap");
  }
  RangeRow row;
  row.bounds = open.bounds;
  row.cursor = open.bounds.after;
  row.epoch = epoch_;
  row.keys = open.keys.value;
  row.stripe.of = open.stripes;
  ranges_.emplace(open.range, std::move(row));
  synced();
  coverage_.add(Seen::range_opened);
  history_.add(timeline_.now(), "   server: opened range {}", open.range.value);
  finish(id, Reply{});
}

}  // namespace backfill::sim
