#pragma once

#include "backfill/job.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.window`: outside of it nothing starts. The server tells the time of the zone, and so
/// knows its rules.
class WindowSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "window"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{1}; }
  [[nodiscard]] bool on() const override { return window_.has_value(); }
  [[nodiscard]] bool holds() const override { return true; }
  void set(const ThrottleSettings& settings) override { window_ = settings.window; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<TimeWindow> window_;
};

}  // namespace backfill
