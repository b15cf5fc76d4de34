#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/throttle.hpp"
#include "pg/connection.hpp"

/// Signals read the server and decide nothing: they publish figures, `core/throttle.hpp` weighs
/// them. A new signal is a new file with one of these, and a line where the sources are listed.
namespace backfill {

struct Reading {
  std::vector<Signal> signals;
  /// Names that were heard before and are no more, and that nobody need wait for.
  std::vector<std::string> ended;
  /// What an operator should read once.
  std::vector<std::string> notes;
};

class SignalSource {
 public:
  virtual ~SignalSource() = default;

  /// Stable; its silence stops the work under this name.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Duration interval() const = 0;

  /// Whether the settings ask for it; one that is off is not read.
  [[nodiscard]] virtual bool on() const { return true; }

  /// Whether it says when the job may work at all, rather than how hard.
  [[nodiscard]] virtual bool holds() const { return false; }

  /// Its limits have changed; a reading that is under way may still use the old ones.
  virtual void set(const ThrottleSettings& settings) = 0;

  /// One reading; `connection` does nothing else meanwhile. An Error is a reading that failed: it
  /// says why the signal is silent.
  virtual pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) = 0;
};

}  // namespace backfill
