#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backfill/progress.hpp"
#include "run/run.hpp"

namespace backfill::cli {

enum class LogFormat { text, json };

/// One thing that happened. `event` is short and stable: operators match it.
struct LogRecord {
  run::Level level = run::Level::info;
  std::string_view event;
  std::string_view message;
  const Progress* progress = nullptr;  ///< JSON alone prints its figures
};

/// Writes records one a line: `12:03:04 INFO copy: …` (local time), or JSON objects with the keys
/// ts (ISO 8601, UTC, milliseconds), level, event, message, job and, when given, progress.
/// Used by one thread.
class Log {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;
  /// Takes one line with its newline.
  using Writer = std::function<void(std::string_view)>;

  struct Options {
    LogFormat format = LogFormat::text;
    run::Level level = run::Level::info;  ///< the least that is written
    std::string job;                      ///< JSON: null when empty
    bool colour = false;
    bool utf8 = true;
    bool utc = false;  ///< text times in UTC rather than local
  };

  Log(Options options, Writer writer, Clock clock = std::chrono::system_clock::now);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(const LogRecord& record);
  [[nodiscard]] LogFormat format() const { return options_.format; }

 private:
  class Sink;
  Options options_;
  Clock clock_;
  std::unique_ptr<Sink> sink_;
};

[[nodiscard]] std::string_view to_string(run::Level level);

}  // namespace backfill::cli
