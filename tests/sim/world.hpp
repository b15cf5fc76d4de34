#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/engine.hpp"
#include "sim/dice.hpp"
#include "sim/faults.hpp"
#include "sim/history.hpp"
#include "sim/oracle.hpp"
#include "sim/server.hpp"
#include "sim/table.hpp"
#include "sim/timeline.hpp"

namespace backfill::sim {

/// One simulated world, the second interpreter of `Engine`: a server, a live writer, a runner that
/// crashes and comes back, and the misfortunes that its seed draws. `run` ends when a sweep has
/// completed and been checked; a broken promise is thrown as a `Violation`.
class World {
 public:
  World(std::uint64_t seed, Planted planted, History& history);
  void run();
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

 private:
  struct Slot {
    bool connected = false;
    std::uint64_t work = 0;        ///< serial number of what it does; 0: nothing
    std::uint64_t connection = 0;  ///< serial number of its connection
    TransactionId transaction = 0;
    std::optional<Action> action;
  };

  // The runner's life: world.cpp.
  void start_runner();
  void take_over();
  void crash();
  void leave(Duration pause);
  void finished();
  void deliver(const Event& event, std::size_t keys = 0);
  void carry_out(const std::vector<Action>& actions);
  void schedule_wake();
  [[nodiscard]] Instant engine_now() const { return timeline_.now() + clock_offset_; }

  // What its slots do: world_slots.cpp.
  void connect(SlotId slot, Duration wait);
  void start(SlotId slot, const Action& action);
  void send(SlotId slot, const Action& action, bool lost);
  void answered(SlotId slot, const Reply& reply);
  void succeeded(SlotId slot, const Action& action, const Reply& reply);
  void settled(SlotId slot, RangeId range, const Reply& reply);
  void failed(SlotId slot, const Error& error, std::size_t keys = 0);
  void lose(SlotId slot, Error error);
  void cancel(SlotId slot);
  [[nodiscard]] Disturbance draw_disturbance(const Action& action);
  [[nodiscard]] Session session() const;
  [[nodiscard]] Slot& slot(SlotId id) { return slots_[static_cast<std::size_t>(id.value)]; }

  // What befalls it: world_chaos.cpp.
  void draw_settings();
  void give_ranges();
  void poison_rows();
  void write_rows();
  void chaos();
  void disturb_runner();
  void disturb_pace();
  void server_restarts(bool crashes);
  void calm_down();
  [[nodiscard]] SlotId any_slot();

  Dice dice_;
  History& history_;
  Coverage coverage_;
  Planted planted_;
  Timeline timeline_;
  Faults faults_;
  Table table_;
  Server server_;
  SweepSettings settings_;
  std::vector<Slot> slots_;

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Oracle> oracle_;
  Epoch epoch_;                ///< of the runner that lives
  std::uint64_t life_ = 0;     ///< serial number of the runner that lives or lived last
  std::uint64_t serial_ = 0;   ///< of work and connections
  std::uint64_t wake_ = 0;     ///< serial number of the timer that counts
  Duration clock_offset_{};    ///< how far the runner's clock has jumped
  bool writer_waits_ = false;  ///< the live writer's commits wait for the disk
  bool lossy_ = false;         ///< a committed batch's count of rows never reached its runner
  bool calm_ = false;          ///< the faults are off
  bool done_ = false;
  bool rerun_ = false;  ///< the sweep had completed, and is run once more
  int lives_when_calm_ = 0;
  Instant calm_at_{};
  Duration chaos_tick_{};
  Duration latency_{};
};

/// How one seed ended; empty when nothing was violated.
struct Verdict {
  std::uint64_t seed = 0;
  std::string violation;
  std::string history;
  Coverage coverage;
};

[[nodiscard]] Verdict run_seed(std::uint64_t seed, Planted planted = Planted::none,
                               History::Kind kind = History::Kind::off);

}  // namespace backfill::sim
