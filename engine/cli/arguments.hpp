#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/log.hpp"
#include "cli/starter_file.hpp"
#include "run/run.hpp"

/// The command line as values. Pure: no file is opened and no variable is read.
namespace backfill::cli {

/// Valid anywhere on the line.
struct GlobalArguments {
  std::optional<std::string> database;
  LogFormat log_format = LogFormat::text;
  run::Level log_level = run::Level::info;
  bool no_progress = false;
};

/// `run`, `verify`, `retry`, `switch`, `drop` and `rollback`.
struct RunArguments {
  std::string job_file;
  run::JobRun::Mode mode = run::JobRun::Mode::run;
  bool wait = true;           ///< false: a pause or a closed window ends the run
  bool yes = false;           ///< of `rollback`: do not ask
  bool force = false;         ///< terminate the sessions that keep a switch from its locks
  bool drop_columns = false;  ///< of `rollback`: the columns that the job has added, too
};

enum class PlanForm { text, sql, json };

struct PlanArguments {
  std::string job_file;
  PlanForm form = PlanForm::text;
};

struct RehearseArguments {
  std::string job_file;
  std::chrono::milliseconds budget{10'000};
  bool mask = false;
  bool add_columns = false;
  bool json = false;
};

struct StatusArguments {
  std::optional<std::string> job;  ///< a name or a file; absent: all jobs
  bool json = false;
  bool watch = false;
};

struct HistoryArguments {
  std::optional<std::string> job;  ///< a name or a file; absent: all jobs
  std::int64_t limit = 20;
  bool json = false;
};

struct ReportArguments {
  std::string job;                    ///< a name or a file
  std::optional<std::string> output;  ///< absent: standard output
};

struct GateArguments {
  std::vector<std::string> jobs;  ///< names or files, at least one
  std::optional<std::chrono::milliseconds> wait;
};

/// `pause`, `resume`, `stop` and `set`.
struct ControlArguments {
  run::ControlRequest::Kind kind = run::ControlRequest::Kind::pause;
  std::string job;  ///< a name or a file
  bool cancel = false;
  std::vector<std::pair<std::string, std::string>> settings;  ///< of set: key and value
  std::vector<std::string> reset;                             ///< of set: keys
  bool reset_all = false;
};

struct NewArguments {
  JobKind kind = JobKind::backfill;
  std::string name;
  std::optional<QualifiedName> table;
  std::vector<StarterColumn> columns;
  std::string folder = ".";
};

enum class LintForm { text, json, github, sarif };

struct LintArguments {
  std::vector<std::string> files;  ///< or folders; at least one, unless `rules`
  LintForm form = LintForm::text;
  bool strict = false;               ///< warnings fail, too
  bool rules = false;                ///< list the rules, and nothing else
  std::optional<std::string> since;  ///< a git revision: what it does not hold is not committed
};

/// --help and --version: a text for standard output, and nothing else to do.
struct ShowText {
  std::string text;
};

/// The line makes no sense; nothing has been touched.
struct UsageError {
  std::string message;  ///< one sentence, with the nearest valid word
  std::string next;     ///< the command that helps
};

using Command = std::variant<RunArguments, PlanArguments, RehearseArguments, StatusArguments,
                             ControlArguments, GateArguments, HistoryArguments, ReportArguments,
                             NewArguments, LintArguments, ShowText>;

struct Invocation {
  GlobalArguments global;
  Command command;
};

/// `words` without the program's name.
[[nodiscard]] std::variant<Invocation, UsageError> parse_arguments(std::vector<std::string> words);

}  // namespace backfill::cli
