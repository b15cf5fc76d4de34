#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/glyphs.hpp"
#include "cli/log.hpp"
#include "cli/terminal.hpp"
#include "run/run.hpp"

namespace backfill::cli {

/// Where commands write: results to standard output, everything else to standard error.
class Console {
 public:
  Console(Terminal terminal, GlobalArguments global);

  /// From here on JSON logs name this job.
  void name_job(const std::string& job);

  /// Writes a result. False when nobody reads any more: what is left to print is then moot.
  bool print(std::string_view text);

  /// A log record; with an empty message nothing is written.
  void log(run::Level level, std::string_view event, std::string_view message);

  /// Says on standard error why a command ended before it was done: as `outcome_text` does, or
  /// with JSON logs as records (the summary's event is `event`; then detail, next).
  void report(std::string_view event, const run::Outcome& outcome);

  /// The same for an error of the server or network. Always ExitCode::failed.
  ExitCode report(const Error& error, std::string next);

  /// Whether all results could be written; a reader that left early does not count as a failure.
  [[nodiscard]] bool results_written() const { return results_written_; }

  [[nodiscard]] const Terminal& terminal() const { return terminal_; }
  [[nodiscard]] const GlobalArguments& global() const { return global_; }
  /// For text on standard output: its width when it is a terminal, unlimited when not.
  [[nodiscard]] DisplayStyle result_style() const;
  [[nodiscard]] Log::Options log_options(std::string job) const;

 private:
  Terminal terminal_;
  GlobalArguments global_;
  std::optional<Log> log_;  ///< never absent; made anew when the job is known
  bool results_written_ = true;
};

}  // namespace backfill::cli
