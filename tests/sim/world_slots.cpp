#include <utility>

#include "core/sqlstate.hpp"
#include "sim/violation.hpp"
#include "sim/world.hpp"

namespace backfill::sim {

using namespace std::chrono_literals;

namespace {

bool writes(const Action& action) {
  return std::holds_alternative<StartBatch>(action) || std::holds_alternative<OpenRange>(action) ||
         std::holds_alternative<CloseRange>(action);
}

bool sets_aside(const Action& action) {
  const auto* batch = std::get_if<StartBatch>(&action);
  return batch != nullptr && batch->batch.quarantine.has_value();
}

Error connection_error(ErrorClass kind, const char* message) {
  Error error;
  error.kind = kind;
  error.message = message;
  return error;
}

}  // namespace

void World::connect(SlotId id, Duration wait) {
  const std::uint64_t connection = ++serial_;
  slot(id).connection = connection;
  timeline_.after(wait, [this, id, connection] {
    if (!engine_ || slot(id).connection != connection) return;
    slot(id).connected = true;
    deliver(SlotUp{id});
  });
}

Session World::session() const {
  return {epoch_, settings_.safety.lock_timeout, settings_.safety.statement_timeout};
}

Disturbance World::draw_disturbance(const Action& action) {
  Disturbance disturbance;
  disturbance.arrival = latency_;
  disturbance.at = static_cast<double>(dice_.between(0, 100)) / 100.0;
  if (dice_.chance(faults_.slow)) disturbance.slow = static_cast<double>(dice_.between(2, 40));
  if (dice_.chance(faults_.fatal)) disturbance.sqlstate = "42P01";
  if (const auto* batch = std::get_if<StartBatch>(&action)) {
    if (dice_.chance(faults_.deadlock)) disturbance.sqlstate = "40P01";
    if (dice_.chance(faults_.serialization)) disturbance.sqlstate = "40001";
    if (dice_.chance(faults_.lock_timeout)) disturbance.sqlstate = "55P03";
    const double size = static_cast<double>(batch->batch.keys.value) / 50.0;
    if (dice_.chance(faults_.statement_timeout * size)) disturbance.sqlstate = "57014";
    disturbance.probe_fails = dice_.chance(faults_.probe_failure);
  } else if (std::holds_alternative<StartProbe>(action)) {
    if (dice_.chance(faults_.probe_failure)) disturbance.sqlstate = "57014";
  } else if (dice_.chance(faults_.range_failure)) {
    disturbance.sqlstate = dice_.chance(0.5) ? "55P03" : "40001";
  }
  return disturbance;
}

void World::start(SlotId id, const Action& action) {
  Slot& chosen = slot(id);
  chosen.action = action;
  chosen.work = ++serial_;
  chosen.transaction = 0;
  const std::uint64_t work = chosen.work;
  if (!chosen.connected || dice_.chance(faults_.never_sent)) {
    timeline_.after(dice_.log_duration(10us, 50ms), [this, id, work] {
      if (slot(id).work != work) return;
      lose(id, connection_error(ErrorClass::reconnect, "the connection was lost before"));
    });
    return;
  }
  // There are few of these, and much to go wrong.
  const double hazard = sets_aside(action) ? 5 : 1;
  send(id, action, dice_.chance(hazard * faults_.lost_in_flight));
}

void World::send(SlotId id, const Action& action, bool lost) {
  const std::uint64_t work = slot(id).work;
  Disturbance disturbance = draw_disturbance(action);
  if (lost) {
    // The bytes may sit in a buffer or a pooler: the server begins long after the client has left.
    if (dice_.chance(0.5)) disturbance.arrival = dice_.log_duration(1ms, 2s);
    disturbance.undone_at_end = dice_.chance(0.4);
  }
  const auto answer = [this, id, work](const Reply& reply) {
    timeline_.after(latency_, [this, id, work, reply] {
      if (slot(id).work == work) answered(id, reply);
    });
  };
  const TransactionId transaction =
      server_.submit(action, session(), std::move(disturbance), lost ? Server::Answer{} : answer);
  slot(id).transaction = transaction;
  if (!lost) return;
  timeline_.after(dice_.log_duration(50us, 300ms), [this, id, work, unknown = writes(action)] {
    if (slot(id).work != work) return;
    lose(id, connection_error(unknown ? ErrorClass::ambiguous : ErrorClass::reconnect,
                              "the connection was lost in flight"));
  });
}

void World::answered(SlotId id, const Reply& reply) {
  if (!engine_) return;
  const Action action = *slot(id).action;
  if (reply.error) return failed(id, *reply.error, reply.keys);
  const std::uint64_t work = slot(id).work;
  const auto* batch = std::get_if<StartBatch>(&action);
  if (batch != nullptr && batch->ahead) {
    if (reply.probe)
      deliver(ProbeDone{id, *reply.probe});
    else
      deliver(ProbeFailed{id, server_error("57014", "the probe took too long")});
    if (slot(id).work != work) return;  // it crashed on the way
  }
  succeeded(id, action, reply);
}

void World::succeeded(SlotId id, const Action& action, const Reply& reply) {
  slot(id).work = 0;
  slot(id).transaction = 0;
  if (std::holds_alternative<StartBatch>(action)) {
    std::optional<ByteCount> wal;
    if (dice_.chance(0.5)) wal = ByteCount(reply.rows.value * 200);
    std::optional<RowCount> recorded;
    if (server_.keeps_statistics() && planted_ != Planted::count_recorded_twice) {
      recorded = reply.rows;
    }
    deliver(BatchDone{id, reply.rows, reply.statement_time, wal, recorded});
  } else if (std::holds_alternative<StartProbe>(action)) {
    deliver(ProbeDone{id, *reply.probe});
  } else if (std::holds_alternative<OpenRange>(action)) {
    deliver(RangeOpened{id});
  } else if (std::holds_alternative<CloseRange>(action)) {
    deliver(RangeClosed{id});
  } else {
    settled(id, std::get<SettleRange>(action).range, reply);
  }
}

void World::settled(SlotId id, RangeId range, const Reply& reply) {
  const RangeDoubt doubt = oracle_->doubt(range);
  if (planted_ == Planted::settle_invents_answer) {
    // As if an unknown COMMIT had failed: the cursor stands where the engine last knew it.
    return deliver(RangeSettled{id, doubt.before, doubt.stripe_before, false, RowCount(0)});
  }
  const bool committed = doubt.through == reply.cursor && doubt.stripe_through == reply.stripe &&
                         (doubt.through || doubt.stripe_through > doubt.stripe_before);
  // Only a batch whose rows were counted in its own transaction can say afterwards how many.
  const bool counted = committed && doubt.closes == reply.closed &&
                       (settings_.purpose == Purpose::verify || server_.keeps_statistics());
  coverage_.add(committed ? Seen::settled_as_committed : Seen::settled_as_undone);
  deliver(RangeSettled{id, reply.cursor, reply.stripe, reply.closed,
                       counted ? reply.rows : RowCount(0)});
}

void World::failed(SlotId id, const Error& error, std::size_t keys) {
  if (!engine_) return;
  const Action action = *slot(id).action;
  const std::uint64_t work = slot(id).work;
  Error told = error;
  if (error.kind == ErrorClass::ambiguous && error.sqlstate.empty() &&
      planted_ == Planted::lost_ack_told_as_failure) {
    told = server_error("40001", "the connection was lost");
  }
  if (told.kind == ErrorClass::ambiguous) lossy_ = true;
  if (const auto* batch = std::get_if<StartBatch>(&action)) {
    // Whether the attached probe ran does not matter, and it may be told either way or not at all.
    if (batch->ahead && told.kind != ErrorClass::row && dice_.chance(0.3)) {
      if (dice_.chance(0.5))
        deliver(ProbeDone{id, table_.probe(*batch->ahead)});
      else
        deliver(ProbeFailed{id, told});
      if (slot(id).work != work) return;
    }
    slot(id).work = 0;
    return deliver(BatchFailed{id, told}, keys);
  }
  slot(id).work = 0;
  if (std::holds_alternative<StartProbe>(action))
    deliver(ProbeFailed{id, told});
  else
    deliver(RangeFailed{id, told});
}

/// The slot's connection is gone, with what it did. The two may become known in either order.
void World::lose(SlotId id, Error error) {
  if (!engine_) return;
  const std::uint64_t life = life_;
  const bool was_connected = slot(id).connected;
  slot(id).connected = false;
  const bool down_first = dice_.chance(0.5);
  if (was_connected && down_first) deliver(SlotDown{id, error});
  if (life != life_ || !engine_) return;
  if (slot(id).work != 0) failed(id, error);
  if (life != life_ || !engine_) return;
  if (was_connected && !down_first) deliver(SlotDown{id, error});
  if (life != life_ || !engine_) return;
  if (!was_connected && slot(id).connection != 0) return;  // it is on its way back
  connect(id, dice_.log_duration(1ms, calm_ ? 100ms : 3s));
}

void World::cancel(SlotId id) {
  // The request takes its own connection, and may come too late.
  const TransactionId transaction = slot(id).transaction;
  if (transaction == 0 || dice_.chance(faults_.cancel_lost)) return;
  timeline_.after(dice_.log_duration(100us, 20ms),
                  [this, transaction] { server_.cancel(transaction); });
}

}  // namespace backfill::sim
