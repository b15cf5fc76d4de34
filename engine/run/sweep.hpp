#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "checkpoint/batch_statements.hpp"
#include "core/engine.hpp"
#include "core/target.hpp"
#include "run/alarm.hpp"
#include "run/slot_pool.hpp"

namespace backfill::run {

/// The texts of a sweep's statement, without and with a lower bound. Parameters: the bounds, and of
/// a striped batch those of `stripe_predicate`.
struct RangeSql {
  std::string from_start;
  std::string after_key;
  std::string striped_from_start;  ///< these two may be empty where no range is striped
  std::string striped_after_key;

  [[nodiscard]] const std::string& for_batch(const Batch& batch) const {
    if (batch.stripe.of > 1) return batch.bounds.after ? striped_after_key : striped_from_start;
    return batch.bounds.after ? after_key : from_start;
  }
};

/// What a sweep needs to know to turn the engine's actions into statements.
struct SweepPlan {
  Fence fence;
  TransactionSettings settings;
  SafetySettings safety;
  Target target;
  RangeSql sql;
  Purpose purpose = Purpose::copy;
};

/// The engine's interpreter on a real server: carries out its actions on the connections of a pool
/// and feeds their outcomes back. One I/O thread; the pool must outlive it, and the sweep must
/// outlive `run`.
class Sweep {
 public:
  using OnNote = std::function<void(const Note&)>;

  Sweep(asio::any_io_executor executor, SlotPool* pool, SweepPlan plan, Engine engine,
        OnNote on_note);
  ~Sweep();
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  /// Runs until the engine finishes, which it does only when nothing is in flight.
  asio::awaitable<Finish> run();

  /// Tells the engine something from outside: a stop, a pace, settings, a lost lease.
  void tell(Event event);

  /// Transactions that begin from now on use these.
  void set(TransactionSettings settings, SafetySettings safety);

  [[nodiscard]] SweepState state() const;
  /// The server processes of the slots, and back, for whoever watches lock waits. Behind a pooler
  /// a slot has none of its own.
  [[nodiscard]] std::vector<int> backends() const;
  /// Absent also where the batch of then has ended: cancelling the next one would help nobody, and
  /// a request that comes before its first statement would be lost.
  [[nodiscard]] std::optional<SlotId> slot_of_backend(int backend_pid, Instant looked_at) const;

 private:
  void drain_events();
  void perform(const Action& action);
  void start(asio::awaitable<void> exchange);
  void set_alarm();

  asio::awaitable<pg::PipelineResult> exchange(SlotId slot, std::vector<pg::Statement> statements);
  asio::awaitable<void> run_batch(StartBatch action);
  asio::awaitable<void> run_quarantine(StartBatch action, std::vector<pg::Statement> statements);
  asio::awaitable<void> run_probe(StartProbe action);
  asio::awaitable<void> run_open(OpenRange action);
  asio::awaitable<void> run_close(CloseRange action);
  asio::awaitable<void> run_settle(SettleRange action);

  asio::any_io_executor executor_;
  SlotPool* pool_;
  SweepPlan plan_;
  Engine engine_;
  OnNote on_note_;
  Alarm wake_;
  asio::steady_timer finished_timer_;  ///< never expires by itself: cancelled when finished
  std::map<SlotId, Instant> batch_began_;
  std::deque<Event> events_;
  bool draining_ = false;
  std::optional<Finish> finish_;
};

}  // namespace backfill::run
