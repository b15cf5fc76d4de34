#pragma once

#include <optional>

#include "backfill/job.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.query`: a number that a SELECT of the operator's gives, first column of its one row.
/// NULL, no row or no number is a reading that failed. Runs in a READ ONLY transaction under a
/// short timeout.
class QuerySignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "query"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{1}; }
  [[nodiscard]] bool on() const override { return settings_.has_value(); }
  void set(const ThrottleSettings& settings) override { settings_ = settings.query; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<QueryThrottle> settings_;
};

}  // namespace backfill
