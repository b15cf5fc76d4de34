#pragma once

#include "backfill/job.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.archive_backlog`: how many segments of the log wait to be archived. The server keeps
/// them until they are, so an archive that cannot follow fills its disk. Needs pg_monitor.
class ArchiveSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "archive_backlog"; }
  /// It lists a directory, which may be a long one.
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{3}; }
  [[nodiscard]] bool on() const override { return limits_.has_value(); }
  void set(const ThrottleSettings& settings) override { limits_ = settings.archive_backlog; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::optional<CountThrottle> limits_;
};

}  // namespace backfill
