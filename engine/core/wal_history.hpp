#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// A position in the WAL (pg_lsn), in bytes from its beginning.
using WalPosition = Quantity<struct WalPositionTag>;

/// Where the primary's WAL ended at which moment: turns a position into its age.
class WalHistory {
 public:
  /// Positions only grow; one that is lower than the last belongs to another timeline or server,
  /// and begins the history anew.
  void add(WalPosition position, Instant at);

  struct Age {
    Duration age{};
    bool at_least = false;  ///< the position is older than the history
  };

  /// For how long WAL beyond `position` has existed at `now`: 0 when there is none. Absent without
  /// any sample.
  [[nodiscard]] std::optional<Age> age_of(WalPosition position, Instant now) const;

  /// What had been written by then, as far as it was looked at: never more. Absent before the first
  /// sample.
  [[nodiscard]] std::optional<WalPosition> written_by(Instant at) const;

  [[nodiscard]] std::size_t size() const { return samples_.size(); }

 private:
  struct Sample {
    WalPosition position;
    Instant at{};
  };
  void thin_out();

  std::deque<Sample> samples_;
};

}  // namespace backfill
