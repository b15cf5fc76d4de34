#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "backfill/job.hpp"
#include "core/replica_lag.hpp"
#include "signals/primary_wal.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.replica_lag.standbys`: one standby, asked itself how far it has replayed. So it is
/// also watched where the primary does not feed it, shows its position to no role of ours, or hears
/// nothing of it (wal_receiver_status_interval = 0). Needs no privilege on either server.
///
/// Its lag is the age of its position in the primary's log as we have seen that grow: no clock of
/// the standby is in it. Only where the position is older than what we have seen, the time of the
/// last transaction that it has replayed tells more.
class StandbySignal final : public SignalSource {
 public:
  /// @param label  what it is called; holds no password.
  StandbySignal(std::string label, std::shared_ptr<const PrimaryWal> primary)
      : label_(std::move(label)), primary_(std::move(primary)) {}

  [[nodiscard]] std::string name() const override { return "replica_lag:" + label_; }
  [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }
  void set(const ThrottleSettings& settings) override { settings_ = settings.replica_lag; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  [[nodiscard]] LagEstimate estimate(WalPosition replayed, std::optional<Duration> last_commit,
                                     Instant asked_at);

  std::string label_;
  std::shared_ptr<const PrimaryWal> primary_;
  ReplaySpeed speed_;
  ReplicaLagSettings settings_;
};

}  // namespace backfill
