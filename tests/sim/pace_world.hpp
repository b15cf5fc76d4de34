#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine.hpp"
#include "core/lock_wait_rule.hpp"
#include "core/standby_roster.hpp"
#include "core/throttle.hpp"
#include "sim/dice.hpp"
#include "sim/history.hpp"
#include "sim/pace_faults.hpp"
#include "sim/pace_oracle.hpp"
#include "sim/pace_server.hpp"
#include "sim/timeline.hpp"

namespace backfill::sim::pace {

/// What a steady world (no faults, a table without end) is like.
struct Steady {
  int cpus = 4;
  int connections = 4;
  double noise = 0.2;  ///< of the time of a batch
};

/// The level and the batch size of a steady world, once a second.
struct Track {
  std::vector<int> workers;
  std::vector<std::int64_t> batch_rows;
};

/// One simulated neighbourhood: a primary with other sessions and standbys, and the real decisions
/// of the core on how hard to work there. `run` ends when the table is done, which it must be soon
/// after the faults are off; a broken promise is thrown as a `Violation`.
class World {
 public:
  World(std::uint64_t seed, Planted planted, History& history);
  World(std::uint64_t seed, const Steady& steady, History& history);
  void run();
  [[nodiscard]] Track run_steadily(Duration lasts);
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

 private:
  struct Member {
    Standby standby;
    std::string name;  ///< as the roster calls it
    std::string slot;  ///< empty: none
    bool ignored = false;
    double usual_rate = 0;
    std::uint64_t trouble = 0;  ///< serial number of the last one
    Duration clock_ahead{};     ///< of the primary's
    std::optional<Instant> level_since{};
    Instant looked_at{};
  };
  struct Waiter {
    int pid = 0;
    SlotId slot;
    Instant since{};
    Duration limit{};  ///< the largest in force meanwhile
    Duration blind{};  ///< of the watch, until it came
  };
  struct Lane {
    std::optional<Action> work;
    int backend_pid = 0;
    Instant began{};
    int cancels_lost = 0;
  };
  /// What a reading of the lag found, and what was true at that moment.
  struct LagSnapshot {
    std::vector<ReplicationReading> readings;
    WalPosition primary;
    struct Truth {
      std::size_t member = 0;
      Duration lag{};
      Duration level_for{};  ///< it has been level at each look, and has answered
    };
    std::vector<Truth> truths;
    Duration old{};  ///< since the reading was asked for
  };

  // The run of the job: pace_world.cpp.
  void draw_settings();
  void begin_life();
  void finished(const Finish& finish);
  void deliver(const Event& event);
  void carry_out(const std::vector<Action>& actions);
  void perform(const Action& action);
  void start_batch(const StartBatch& start);
  void batch_answered(SlotId slot, const Server::Outcome& outcome);
  void committed(const StartBatch& start, Duration statement_time);
  void answer(const Action& action);
  void cancel(SlotId slot);
  void schedule_wake();
  [[nodiscard]] ProbeResult probe(const Probe& probe) const;
  [[nodiscard]] Lane& lane(SlotId slot) { return lanes_[static_cast<std::size_t>(slot.value)]; }
  [[nodiscard]] int busy() const;

  // Its eyes: pace_world_watch.cpp.
  void read_lag();
  [[nodiscard]] LagSnapshot look_at_standbys(Instant asked_at);
  void lag_known(const LagSnapshot& snapshot, Instant asked_at);
  void lag_failed();
  void membership(const LagSnapshot& snapshot, Instant asked_at);
  void publish(const Signal& signal);
  void look_for_waiters();
  void waiters_known(const std::vector<LockWait>& waits, LookTimes look);
  void read_query();
  void read_company();
  void beat();
  void decide();
  [[nodiscard]] Duration trip();
  [[nodiscard]] Instant clock() const;  ///< as the runner reads it
  [[nodiscard]] Duration blind() const;
  void release_waiters(SlotId slot);

  // What befalls it: pace_world_chaos.cpp.
  void draw_neighbours();
  void chaos();
  void disturb_standbys();
  void disturb_signals();
  void disturb_locks();
  void disturb_operator();
  void burst();
  void change_settings();
  void lock_row(SlotId slot);
  void add_waiter(SlotId slot);
  void calm_down();

  template <class Work>
  void later(Duration wait, Work work) {
    timeline_.after(wait, [this, life = life_, work] {
      if (life == life_ && engine_) work();
    });
  }

  Dice dice_;
  History& history_;
  Coverage coverage_;
  Planted planted_;
  Timeline timeline_;
  Faults faults_;
  Server server_;
  std::vector<Member> members_;

  SweepSettings settings_;
  ThrottleSettings throttle_settings_;
  SilenceLimits silence_;
  Duration absence_max_ = std::chrono::minutes{5};
  bool with_query_ = false;

  // The table and what a key costs.
  std::int64_t keys_ = 0;
  std::int64_t keys_done_ = 0;
  std::map<RangeId, KnownRange> ranges_;
  double seconds_per_key_ = 0;
  double seconds_per_batch_ = 0;
  double bytes_per_key_ = 0;
  double noise_ = 0.2;
  Duration trip_{};

  // One life of the runner.
  std::uint64_t life_ = 0;
  std::unique_ptr<Engine> engine_;
  std::optional<Throttle> throttle_;
  std::optional<StandbyRoster> roster_;
  std::optional<LockWaitRule> lock_waits_;
  std::optional<Oracle> oracle_;
  std::vector<Lane> lanes_;
  std::set<std::size_t> joined_;
  std::vector<Signal> last_lag_signals_;
  std::optional<Instant> first_read_at_;  ///< of the lag
  bool end_asked_ = false;
  std::uint64_t wake_ = 0;

  std::vector<Waiter> waiters_;
  int last_pid_ = 0;
  std::optional<LookTimes> last_look_;
  Duration blind_{};  ///< for so long in all did looks come later than they were expected
  Duration look_longest_{};

  // Trouble under way.
  Instant lag_silent_until_{};
  Instant watch_silent_until_{};
  Instant query_silent_until_{};
  double query_value_ = 0;
  bool paused_ = false;
  bool cancelling_all_ = false;  ///< a second interrupt is being told
  Duration wall_offset_{};
  double others_wal_rate_ = 0;
  int others_usually_ = 0;
  bool calm_ = false;
  bool done_ = false;
  Instant calm_at_{};
};

struct Verdict {
  std::uint64_t seed = 0;
  std::string violation;
  std::string history;
  Coverage coverage;
};

[[nodiscard]] Verdict run_seed(std::uint64_t seed, Planted planted = Planted::none,
                               History::Kind kind = History::Kind::off);

}  // namespace backfill::sim::pace
