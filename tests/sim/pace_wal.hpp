#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/time.hpp"

namespace backfill::sim::pace {

/// Where the primary's WAL ended at each moment: a line of straight pieces, in bytes.
class WalLine {
 public:
  struct Piece {
    Instant from;
    double position;
    double rate;  ///< bytes a second
  };

  WalLine() { pieces_.push_back({Instant{}, 1e9, 0}); }

  void set_rate(double bytes_per_second, Instant now);
  [[nodiscard]] double at(Instant when) const;
  /// The last moment, up to `now`, at which it had reached no further than `position`.
  [[nodiscard]] Instant passed(double position, Instant now) const;
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::vector<Piece> pieces_;
};

/// A standby that applies the WAL no faster than it can, and what its replies tell the primary.
class Standby {
 public:
  Standby(const WalLine& wal, double apply_rate, Duration delay)
      : wal_(&wal), applied_(wal.at(Instant{})), rate_(apply_rate), delay_(delay) {}

  void set_apply_rate(double bytes_per_second, Instant now);
  /// Its WAL receiver stands still, connected as before: nothing comes in and no reply goes out.
  void freeze(Instant now);
  void thaw(Instant now);
  void disconnect(Instant now);
  void connect(Instant now);

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool receives() const { return connected_ && !frozen_; }
  [[nodiscard]] double rate() const { return rate_; }

  /// As pg_stat_replication shows it.
  struct Shown {
    double received = 0;
    double replayed = 0;
    std::optional<Duration> replay_lag;
    Duration reply_age{};
  };
  [[nodiscard]] Shown shown(Instant now);
  [[nodiscard]] double applied(Instant now);

 private:
  void advance(Instant to);

  const WalLine* wal_;
  double applied_;
  Instant at_{};
  std::size_t piece_ = 0;  ///< of the WAL that is being applied at `at_`
  double rate_;
  Duration delay_;
  bool connected_ = true;
  bool frozen_ = false;
  double received_ = 0;  ///< when nothing comes in, all that has
  Shown told_;           ///< with its last reply
  Instant told_at_{};
};

}  // namespace backfill::sim::pace
