#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backfill/units.hpp"
#include "core/replay_speed.hpp"
#include "core/time.hpp"
#include "core/wal_history.hpp"

namespace backfill {

/// One row of pg_stat_replication, with the primary's position read by the same statement.
struct StandbyReading {
  Instant at{};
  WalPosition primary;                  ///< pg_current_wal_lsn()
  std::optional<WalPosition> received;  ///< flush_lsn: what its receiver has answered for
  std::optional<WalPosition> replayed;  ///< replay_lsn
  std::optional<Duration> replay_lag;   ///< replay_lag
  std::optional<Duration> reply_age;    ///< now() - reply_time
};

/// What shows that the standby lags, where anything does.
enum class LagBasis {
  none,               ///< it does not lag
  position_age,       ///< the age of the position that it has replayed
  replay_lag,         ///< what the standby itself reports
  reply_age,          ///< it does not answer for what it was sent
  catch_up_time,      ///< what it has left will take it longer than anything has waited yet
  no_replay_position  ///< it does not say how far it is
};

[[nodiscard]] std::string_view to_string(LagBasis basis);

struct LagEstimate {
  Duration lag{};                  ///< the largest of what is and what is to come: it decides
  Duration seen{};                 ///< what is: without the time that it will take to catch up
  std::optional<ByteCount> bytes;  ///< not yet replayed
  LagBasis basis = LagBasis::none;
  bool at_least = false;  ///< it may be more: the history does not reach back so far
  bool unknown = false;   ///< much is left from before the first look, at a speed not yet seen
};

/// "lag of standby2 0.4 s, and 3.1 s to catch up, of 5.0 s"; the second only where it decides.
[[nodiscard]] std::string lag_text(const std::string& name, const LagEstimate& lag, Duration stop);

/// Takes in what is to come: for how long it will be catching up, absent where nobody knows.
/// `bytes` and `at_least` are those of what is.
void look_ahead(LagEstimate* lag, std::optional<Duration> catch_up);

/// Estimates how far one standby is behind, in time, from what its primary shows.
///
/// No column alone can be trusted: `replay_lag` comes with the standby's replies, is NULL when idle
/// and also when the standby is stuck, and stands still while it stalls; the byte distance is
/// always there but says nothing of time. So: the age of the replayed position decides; the
/// reported lag can only add to it, and only while something is left to replay.
///
/// A receiver answers as soon as it has written what was sent, however long its
/// wal_receiver_status_interval is. So one that has had something to answer for longer than
/// `answers_within`, and has said nothing for as long, is stuck, and as far behind as its last
/// answer is old. Beside an idle primary silence tells nothing: that interval is the standby's own,
/// and may be minutes.
class ReplicaLag {
 public:
  /// @param history  of the primary's WAL, this reading included.
  /// @param answers_within  how long an answer may take: the lag from which the pace falls.
  [[nodiscard]] LagEstimate on_reading(const StandbyReading& reading, const WalHistory& history,
                                       Duration answers_within);

 private:
  [[nodiscard]] static bool is_stuck(const StandbyReading& reading, const WalHistory& history,
                                     Duration answers_within);

  ReplaySpeed speed_;
  std::optional<Instant> looked_at_;
  std::optional<WalPosition> replayed_;   ///< the last known
  std::optional<Instant> unknown_since_;  ///< no replay position was ever shown
};

}  // namespace backfill
