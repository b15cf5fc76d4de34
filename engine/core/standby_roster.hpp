#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/replica_lag.hpp"
#include "core/throttle.hpp"
#include "core/time.hpp"

namespace backfill {

/// One WAL sender, one replication slot, or a sender together with the slot that it uses.
struct ReplicationReading {
  std::string application_name;         ///< empty: no sender
  std::string address;                  ///< of the receiver; "local" over a socket
  std::string slot;                     ///< empty: none
  bool connected = false;               ///< a process sends, or uses the slot
  bool starting = false;                ///< its sender does not stream yet, or takes a base backup
  bool logical = false;                 ///< the slot is a logical one
  bool temporary = false;               ///< the slot goes with its session
  bool hidden = false;                  ///< this role may not see the sender's positions
  std::optional<WalPosition> received;  ///< flush_lsn; absent of a logical slot
  std::optional<WalPosition> replayed;  ///< replay_lsn; of a logical slot confirmed_flush_lsn
  std::optional<Duration> replay_lag;
  std::optional<Duration> reply_age;
  std::optional<ByteCount> retained;  ///< WAL that the slot keeps on the primary
  std::string wal_status;             ///< of the slot
};

/// Who must not fall behind: the standbys, and the consumers of this database's logical slots.
///
/// A sender counts from the moment at which its receiver has reported a replayed position. One that
/// never does (pg_receivewal, pg_basebackup) replays nothing, and nobody reads from it.
///
/// The name of a member is that of its slot, for a slot is what a standby comes back to; without
/// one it is application_name@address, numbered when there are several. A server process would be a
/// new name after each reconnection, and the old one would be missed for ever.
///
/// A member that was there and is gone holds the work: it may be far behind when it comes back. But
/// only for `absence_max`: long enough for a standby to be restarted or its machine booted, and not
/// so long that a job waits overnight for one that was taken away. Then the job is to end, and says
/// how to let go of it. One whose slot was dropped is not waited for.
class StandbyRoster {
 public:
  struct Report {
    std::vector<Signal> signals;
    std::vector<std::string> ended;  ///< names of signals that are no more
    std::vector<std::string> notes;  ///< what an operator should know, each told once
  };

  explicit StandbyRoster(ReplicaLagSettings settings,
                         Duration absence_max = std::chrono::minutes{5});

  void set(ReplicaLagSettings settings) { settings_ = std::move(settings); }

  /// @param primary  where the primary's WAL ended when the readings were taken.
  /// An error when a standby's position is hidden from the role.
  [[nodiscard]] Result<Report> on_reading(const std::vector<ReplicationReading>& readings,
                                          WalPosition primary, Instant at);

 private:
  struct Member {
    ReplicaLag lag;
    std::string application_name;
    std::string slot;  ///< empty: it would come back without one
    std::optional<Instant> stopped_since;
    std::optional<Instant> absent_since;
  };

  [[nodiscard]] bool ignores(const std::string& name, const std::string& application_name,
                             const std::string& slot) const;
  void on_present(const std::string& name, const ReplicationReading& reading, WalPosition primary,
                  Instant at, Report& report);
  void on_unused_slot(const ReplicationReading& reading, Report& report);
  void look_for_absent(const std::set<std::string>& present, const std::set<std::string>& slots,
                       Instant at, Report& report);
  void introduce(Report& report);
  [[nodiscard]] Signal lag_of(const std::string& name, Member& member, const LagEstimate& lag,
                              Instant at) const;
  [[nodiscard]] Signal absence_of(const std::string& name, const Member& member, Instant at) const;

  ReplicaLagSettings settings_;
  Duration absence_max_;
  /// One for all: a standby that has only just come (back) is as far behind as its position is old.
  WalHistory history_;
  std::map<std::string, Member> members_;
  std::set<std::string> slots_noted_;
  bool introduced_ = false;
};

}  // namespace backfill
