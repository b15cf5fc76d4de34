#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "core/throttle.hpp"
#include "core/time.hpp"

namespace backfill {

/// What one replication slot keeps of the primary's log.
struct SlotWalReading {
  std::string name;
  bool active = false;                ///< a process uses it
  std::string wal_status;             ///< reserved, extended, unreserved or lost
  std::optional<ByteCount> retained;  ///< absent: nothing, for it was never used or has lost it
  /// How much more may be written before the slot is in danger of losing it (safe_wal_size, below
  /// zero beyond that); absent: without limit.
  std::optional<ByteCount> safe;
};

/// How near the slots come to what their log may cost: either by `throttle.slot_wal`, the disk of
/// the primary, for every slot; or by the server's own limit (max_slot_wal_keep_size), beyond which
/// whoever uses the slot must be built anew. That limit was set so that an abandoned slot loses its
/// log, hence only a slot that is used, or was in this run, is held on to.
class SlotWal {
 public:
  struct Report {
    Signal signal;  ///< of the slot that is nearest; one at rest where there is none
    std::vector<std::string> notes;
  };

  void set(const ThrottleSettings& settings);

  [[nodiscard]] Report on_reading(const std::vector<SlotWalReading>& readings, Instant at);

 private:
  struct Known {
    std::string wal_status;
    bool used = false;  ///< in this run
  };

  [[nodiscard]] bool ignores(const std::string& name) const;
  void note_change(const SlotWalReading& reading, const Known& known, Report& report) const;

  std::optional<ByteThrottle> limits_;
  std::vector<std::string> ignored_;
  std::map<std::string, Known> known_;
};

}  // namespace backfill
