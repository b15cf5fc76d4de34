#include "cli/console.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "cli/glyphs.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

namespace {

void write_to_stderr(std::string_view text) {
  // Nobody could be told that standard error cannot be written.
  static_cast<void>(write_all(STDERR_FILENO, text));
}

}  // namespace

Console::Console(Terminal terminal, GlobalArguments global)
    : terminal_(terminal), global_(std::move(global)) {
  name_job({});
}

void Console::name_job(const std::string& job) {
  log_.emplace(log_options(job), write_to_stderr);
}

Log::Options Console::log_options(std::string job) const {
  Log::Options options;
  options.format = global_.log_format;
  options.level = global_.log_level;
  options.job = std::move(job);
  options.colour = terminal_.stderr_colour;
  // A file or pipe takes UTF-8 whatever the locale: only a terminal shows what it cannot read.
  options.utf8 = terminal_.utf8 || !terminal_.stderr_is_terminal;
  return options;
}

DisplayStyle Console::result_style() const {
  DisplayStyle style;
  style.utf8 = terminal_.utf8 || !terminal_.stdout_is_terminal;
  style.colour = terminal_.stdout_colour;
  style.width = terminal_.stdout_is_terminal ? screen_size(STDOUT_FILENO).columns
                                             : std::numeric_limits<std::size_t>::max();
  return style;
}

bool Console::print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return true;
  const int reason = errno;
  if (reason == EPIPE) return false;
  if (results_written_) {
    report("output_failed",
           {ExitCode::failed,
            fmt::format("standard output cannot be written: {}", std::strerror(reason)),
            {},
            {}});
  }
  results_written_ = false;
  return false;
}

void Console::log(run::Level level, std::string_view event, std::string_view message) {
  if (!message.empty()) log_->write({level, event, message, nullptr});
}

void Console::report(std::string_view event, const run::Outcome& outcome) {
  if (global_.log_format == LogFormat::text) {
    const std::string text = outcome_text(outcome);
    write_to_stderr(log_options({}).utf8 ? text : plain_typography(text));
    return;
  }
  // Level error, or --log-level could hide the reason for an exit.
  log(run::Level::error, event, outcome.summary);
  for (const std::string& detail : outcome.details) log(run::Level::error, "detail", detail);
  log(run::Level::error, "next", outcome.next);
}

ExitCode Console::report(const Error& error, std::string next) {
  report("failed", {ExitCode::failed, describe(error), {}, std::move(next)});
  return ExitCode::failed;
}

}  // namespace backfill::cli
