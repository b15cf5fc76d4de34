#include "cli/console_observer.hpp"

#include <utility>

namespace backfill::cli {

namespace {

/// Four drawings a second are as many as a person can read; a burst of events draws no more.
constexpr Duration redraw_every = std::chrono::milliseconds{200};
constexpr Duration status_every = std::chrono::seconds{30};

}  // namespace

bool StatusCadence::due(std::string_view phase, Duration elapsed) {
  const bool changed = phase_.has_value() && *phase_ != phase;
  phase_ = std::string(phase);
  if (!changed && elapsed < next_) return false;
  next_ = elapsed + status_every;
  return true;
}

ConsoleObserver::ConsoleObserver(Options options, Surroundings surroundings)
    : options_(std::move(options)),
      surroundings_(std::move(surroundings)),
      log_(options_.log, [this](std::string_view line) { write(line); }, surroundings_.clock) {
  if (options_.progress && options_.live && options_.log.format == LogFormat::text) {
    display_.emplace(surroundings_.write, surroundings_.size);
  }
}

ConsoleObserver::~ConsoleObserver() = default;

void ConsoleObserver::write(std::string_view text) {
  if (display_ && !finished_) {
    display_->print_above(text);
  } else {
    surroundings_.write(text);
  }
}

ProgressView ConsoleObserver::view() const {
  return {options_.job, last_.value_or(Progress{}), surroundings_.elapsed()};
}

void ConsoleObserver::progress(const Progress& progress) {
  if (finished_) return;
  const bool new_phase = !last_ || last_->phase != progress.phase;
  last_ = progress;
  if (!options_.progress) return;
  const Duration elapsed = surroundings_.elapsed();
  if (!display_) {
    if (!cadence_.due(progress.phase, elapsed)) return;
    const std::string line = progress_line(progress);
    const bool json = log_.format() == LogFormat::json;
    std::string_view event = "progress";
    if (!json && !progress.phase.empty()) event = progress.phase;
    log_.write({run::Level::info, event, line, &progress});
    return;
  }
  if (!new_phase && drawn_at_ && elapsed - *drawn_at_ < redraw_every) return;
  drawn_at_ = elapsed;
  DisplayStyle style;
  // The last column stays free: some terminals wrap as soon as it is written.
  style.width = surroundings_.size().columns;
  if (style.width > 1) --style.width;
  style.utf8 = options_.log.utf8;
  style.colour = options_.log.colour;
  display_->show(progress_block(view(), style));
}

void ConsoleObserver::message(run::Level level, std::string_view event, std::string_view text) {
  log_.write({level, event, text, nullptr});
}

void ConsoleObserver::finish() {
  if (finished_) return;
  if (display_) display_->clear();
  finished_ = true;
  if (!options_.progress || !last_) return;
  const std::string summary = progress_summary(view());
  log_.write({run::Level::info, "summary", summary, &*last_});
}

}  // namespace backfill::cli
