#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/work.hpp"
#include "sim/pace_wal.hpp"
#include "sim/timeline.hpp"

namespace backfill::sim::pace {

/// The primary, as arithmetic: batches share the CPUs that others leave them, and write WAL while
/// they run.
class Server {
 public:
  /// What a batch asks of the server.
  struct Load {
    double cpu_seconds = 0;
    double wal_bytes = 0;
  };
  struct Outcome {
    std::string sqlstate;  ///< empty: committed
    Duration statement_time{};
  };
  using Answer = std::function<void(const Outcome&)>;

  Server(Timeline& timeline, int cpus) : timeline_(timeline), cpus_(cpus) {}

  void start(SlotId slot, Load load, Answer answer);
  [[nodiscard]] bool runs(SlotId slot) const { return batches_.contains(slot.value); }
  /// Of the batch on that slot; 0: none.
  [[nodiscard]] std::uint64_t serial(SlotId slot) const;
  /// It waits for another session's lock and does nothing.
  void block(SlotId slot, bool blocked);
  /// Ends that batch, if it still runs.
  void fail(SlotId slot, std::uint64_t serial, std::string sqlstate);

  /// What other sessions do.
  void set_others(int active, double wal_rate);
  [[nodiscard]] int others_active() const { return others_active_; }
  [[nodiscard]] int cpus() const { return cpus_; }
  [[nodiscard]] double spare_cpus() const;

  [[nodiscard]] const WalLine& wal() const { return wal_; }
  [[nodiscard]] std::vector<SlotId> running() const;

 private:
  struct Running {
    std::uint64_t serial = 0;
    double left = 0;       ///< seconds of a CPU
    double wal_share = 0;  ///< bytes for each of them
    bool blocked = false;
    Instant began{};
    Answer answer;
  };

  void account();
  void plan();
  [[nodiscard]] double speed() const;
  void end(int slot, std::string sqlstate);

  Timeline& timeline_;
  int cpus_;
  int others_active_ = 0;
  double others_wal_rate_ = 0;
  WalLine wal_;
  std::map<int, Running> batches_;
  std::uint64_t serial_ = 0;
  std::uint64_t plan_ = 0;  ///< serial number of the timer that counts
  Instant accounted_at_{};
};

}  // namespace backfill::sim::pace
