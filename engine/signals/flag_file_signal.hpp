#pragma once

#include <string>

#include "signals/source.hpp"

namespace backfill {

/// `throttle.flag_file`: while the file is there, on the runner's machine, nothing starts.
class FlagFileSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "flag_file"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{500}; }
  [[nodiscard]] bool on() const override { return path_.has_value(); }
  [[nodiscard]] bool holds() const override { return true; }
  void set(const ThrottleSettings& settings) override { path_ = settings.flag_file; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<std::string> path_;
};

}  // namespace backfill
