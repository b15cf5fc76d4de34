#pragma once

#include <memory>
#include <string>
#include <utility>

#include "backfill/job.hpp"
#include "core/standby_roster.hpp"
#include "signals/primary_wal.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.replica_lag`: how far each standby and each consumer of a logical slot is behind, as
/// the primary sees it. `StandbyRoster` says who counts, and for how long one that left is missed.
class ReplicaLagSignal final : public SignalSource {
 public:
  explicit ReplicaLagSignal(ReplicaLagSettings settings)
      : settings_(std::move(settings)), roster_(settings_) {}

  /// Kept up to date by each reading, for standbys that are asked themselves.
  [[nodiscard]] std::shared_ptr<const PrimaryWal> primary() const { return primary_; }

  void set(const ThrottleSettings& settings) override {
    settings_ = settings.replica_lag;
    roster_.set(settings_);
  }

  [[nodiscard]] std::string name() const override { return "replica_lag"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  ReplicaLagSettings settings_;
  StandbyRoster roster_;
  std::shared_ptr<PrimaryWal> primary_ = std::make_shared<PrimaryWal>();
};

}  // namespace backfill
