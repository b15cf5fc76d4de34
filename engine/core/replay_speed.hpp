#pragma once

#include <deque>
#include <optional>

#include "core/time.hpp"
#include "core/wal_history.hpp"

namespace backfill {

/// How fast a standby replays while it has something to replay, and so how long what is left will
/// take it.
///
/// The age of a standby's position tells what has already gone wrong. Beside a standby that replays
/// ten times more slowly than we write, a second of our log is ten seconds of its work: by the time
/// its position is `slow` old, a lag of ten times that is on its way, and nothing that we do can
/// prevent it. What it has left, divided by the speed that it has shown, says so at once.
class ReplaySpeed {
 public:
  /// The standby had replayed up to `replayed` at `at`, when the primary had written at least up to
  /// `written`. A position that goes back begins anew; the same one again adds nothing, for it may
  /// be the same answer.
  void on_position(WalPosition replayed, WalPosition written, Instant at);

  /// For how long it will replay what it has not replayed yet. Absent while it is level, while too
  /// little has been seen, and while it stands still: how long that lasts nobody can tell, and the
  /// age of its position shows it.
  [[nodiscard]] std::optional<Duration> catch_up(WalPosition primary, Instant now) const;

 private:
  struct Sample {
    WalPosition replayed;
    Instant at{};
  };

  std::deque<Sample> samples_;  ///< all of one stretch in which it had something to replay
};

}  // namespace backfill
