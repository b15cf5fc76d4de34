#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/live_display.hpp"
#include "cli/log.hpp"
#include "cli/progress_view.hpp"
#include "core/time.hpp"
#include "run/run.hpp"

namespace backfill::cli {

/// When a status line is due where nothing can be drawn over: first after five seconds, then every
/// thirty, and at each change of phase.
class StatusCadence {
 public:
  [[nodiscard]] bool due(std::string_view phase, Duration elapsed);

 private:
  std::optional<std::string> phase_;
  Duration next_ = std::chrono::seconds{5};
};

/// What a running job says of itself, on standard error: log lines, and under them a live block, or
/// status lines at a gentle cadence where there is no terminal. On the I/O thread alone.
class ConsoleObserver final : public run::Observer {
 public:
  struct Options {
    std::string job;
    Log::Options log;
    bool progress = true;  ///< --no-progress: neither block nor status lines
    bool live = false;     ///< the stream can draw over itself; never with JSON logs
  };
  struct Surroundings {
    std::function<void(std::string_view)> write;  ///< to standard error
    std::function<ScreenSize()> size;
    std::function<Duration()> elapsed;  ///< since the command began
    Log::Clock clock;
  };

  ConsoleObserver(Options options, Surroundings surroundings);
  ~ConsoleObserver() override;

  void progress(const Progress& progress) override;
  void message(run::Level level, std::string_view event, std::string_view text) override;

  /// Takes the live block away and leaves one line of figures in its place. Later calls do nothing.
  void finish();

 private:
  void write(std::string_view text);
  [[nodiscard]] ProgressView view() const;

  Options options_;
  Surroundings surroundings_;
  Log log_;
  std::optional<LiveDisplay> display_;
  StatusCadence cadence_;
  std::optional<Progress> last_;
  std::optional<Duration> drawn_at_;
  bool finished_ = false;
};

}  // namespace backfill::cli
