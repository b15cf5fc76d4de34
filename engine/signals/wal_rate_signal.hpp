#pragma once

#include "backfill/job.hpp"
#include "core/wal_rate.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.wal_rate`: how fast the server as a whole writes its log; what replicas, archives and
/// backups must carry. Our own part is in it, so the pace settles where the sum fits.
class WalRateSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "wal_rate"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{500}; }
  [[nodiscard]] bool on() const override { return limits_.has_value(); }
  void set(const ThrottleSettings& settings) override { limits_ = settings.wal_rate; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<ByteRateThrottle> limits_;
  WalRate rate_;
};

}  // namespace backfill
