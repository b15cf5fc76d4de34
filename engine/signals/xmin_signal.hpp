#pragma once

#include "backfill/job.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.xmin_age`: by how many transactions the oldest snapshot of others holds VACUUM back.
/// While it does, every row that the job changes stays twice. Sessions, prepared transactions and
/// replication slots are seen by every role.
class XminSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "xmin_age"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{2}; }
  [[nodiscard]] bool on() const override { return limits_.has_value(); }
  void set(const ThrottleSettings& settings) override { limits_ = settings.xmin_age; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<CountThrottle> limits_;
};

}  // namespace backfill
