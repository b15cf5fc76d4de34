#pragma once

#include <map>
#include <string>

#include "backfill/job.hpp"
#include "core/replica_lag.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.replica_lag`: how far each standby (and logical subscriber) is behind, as the primary
/// sees it. A standby that was there and has gone stays as a signal that stops the work: it may be
/// catching up from far behind when it comes back. Whoever took it away on purpose names it in
/// `ignore`.
class ReplicaLagSignal final : public SignalSource {
 public:
  explicit ReplicaLagSignal(ReplicaLagSettings settings) : settings_(std::move(settings)) {}

  void set(ReplicaLagSettings settings) { settings_ = std::move(settings); }

  [[nodiscard]] std::string name() const override { return "replica_lag"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  [[nodiscard]] bool ignored(const std::string& standby) const;
  [[nodiscard]] Signal signal_of(const std::string& standby, const LagEstimate& lag,
                                 Instant at) const;
  [[nodiscard]] Signal gone(const std::string& standby, Instant at) const;

  ReplicaLagSettings settings_;
  std::map<std::string, ReplicaLag> standbys_;  ///< seen in this run, by name
};

}  // namespace backfill
