#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/job.hpp"
#include "core/throttle.hpp"
#include "run/control_link.hpp"
#include "signals/source.hpp"

namespace backfill::run {

/// How long the source may be silent: one reading that fails is no silence yet, however seldom it
/// is read.
[[nodiscard]] SilenceLimits silence_of(const SignalSource& source);

/// One reading of the source on the link; an error says why there was none.
asio::awaitable<Result<Reading>> read_signal(ControlLink* link, SignalSource* source);

/// Reads signals that a job file may ask for, one after another, on one connection of their own;
/// none where the job asks for none.
class SignalReaders {
 public:
  SignalReaders(asio::any_io_executor executor, pg::ConnectOptions options,
                std::vector<std::unique_ptr<SignalSource>> sources, std::uint64_t seed);

  /// Told of each reading, also of one that failed.
  std::function<void(const std::string& name, Result<Reading>)> on_reading;

  /// Which are on, and their limits: at the beginning, and whenever they change. `throttle` is told
  /// which must be heard.
  void set(const ThrottleSettings& settings, Throttle& throttle);

  /// Until `stop`.
  asio::awaitable<void> watch();
  void stop();

 private:
  struct Scheduled {
    std::unique_ptr<SignalSource> source;
    Instant due{};
  };

  asio::awaitable<void> read_one(Scheduled* scheduled);

  ControlLink link_;
  asio::steady_timer timer_;
  std::vector<Scheduled> sources_;
  bool stopping_ = false;
};

}  // namespace backfill::run
