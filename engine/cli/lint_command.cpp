#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/git_history.hpp"
#include "cli/lint_output.hpp"
#include "cli/run_to_end.hpp"
#include "config/job_reader.hpp"
#include "config/lint/lint.hpp"
#include "config/lint/rule_checks.hpp"
#include "config/meaning.hpp"
#include "run/recorded_job.hpp"

namespace backfill::cli {

namespace {

using lint::LintProblem;
using lint::Subject;

/// A database that nobody asks: a job may well take its address from a variable that only the
/// machine has which runs it.
Environment lint_environment() {
  return [real = process_environment()](std::string_view name) -> std::optional<std::string> {
    std::optional<std::string> value = real(name);
    if (!value && name == "DATABASE_URL") return "postgresql://";
    return value;
  };
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

/// A folder stands for the job files in it and in its folders; what is hidden belongs to other
/// tools.
std::vector<std::string> files_of(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  for (const std::string& word : words) {
    std::error_code trouble;
    if (!std::filesystem::is_directory(word, trouble)) {
      files.push_back(word);
      continue;
    }
    std::vector<std::string> found;
    const auto skip = std::filesystem::directory_options::skip_permission_denied;
    for (std::filesystem::recursive_directory_iterator entry(word, skip, trouble), end;
         !trouble && entry != end; entry.increment(trouble)) {
      const bool hidden = entry->path().filename().string().starts_with('.');
      if (hidden && entry->is_directory(trouble)) entry.disable_recursion_pending();
      if (!hidden && entry->is_regular_file(trouble) && is_yaml(entry->path())) {
        found.push_back(entry->path().lexically_normal().string());
      }
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  std::set<std::string> seen;
  std::erase_if(files, [&seen](const std::string& file) { return !seen.insert(file).second; });
  return files;
}

class Lint {
 public:
  Lint(const LintArguments& arguments, Console& console)
      : arguments_(arguments), console_(console), environment_(lint_environment()) {}

  /// False when something that was asked for could not be looked at.
  bool look(LintReport* report) {
    for (const std::string& file : report->files) read(file, report);
    lint::check_together(subjects_);
    look_at_history();
    if (!look_at_database()) return false;
    for (const auto& subject : subjects_) {
      lint::Settled settled = lint::settle(*subject, looked_);
      report->allowed += settled.allowed;
      for (LintProblem& problem : settled.problems) report->problems.push_back(std::move(problem));
    }
    std::ranges::sort(report->problems, {}, [&](const LintProblem& problem) {
      const auto file = std::ranges::find(report->files, problem.file);
      return std::tuple(file - report->files.begin(), problem.line, problem.column,
                        problem.rule->name, std::string_view(problem.message));
    });
    return true;
  }

  [[nodiscard]] ExitCode failure() const { return failure_; }

 private:
  void read(const std::string& file, LintReport* report) {
    const std::optional<std::string> text = job_file_text(file);
    if (!text) {
      const std::string why = std::generic_category().message(errno);
      report->problems.push_back({file, 0, 0, lint::find_rule("schema"),
                                  fmt::format("the job file cannot be read: {}", why), 0});
      return;
    }
    lint::LintedFile linted = lint::lint_text(file, *text, environment_);
    for (LintProblem& problem : linted.unreadable) report->problems.push_back(std::move(problem));
    if (linted.subject) subjects_.push_back(std::move(linted.subject));
  }

  void look_at_history() {
    Git git(run_child, arguments_.since.value_or("HEAD"));
    std::set<std::string> told;
    bool all = true;
    for (const auto& subject : subjects_) {
      std::string trouble;
      const auto history = git.history(subject->job().file, &trouble);
      all = all && history;
      if (!trouble.empty() && told.insert(trouble).second) {
        console_.log(run::Level::warning, "git",
                     "the history of job files was not looked at: " + trouble);
      }
      if (history) compare(&git, *history, subject.get());
    }
    if (all) looked_.insert(lint::Scope::history);
  }

  /// Against the oldest version that could run at all: one that was committed broken and then
  /// mended has changed nothing anywhere.
  void compare(Git* git, const FileHistory& history, Subject* subject) const {
    const std::string& file = subject->job().file;
    if (history.cut_off) {
      subject->report("shallow-history",
                      "the clone is shallow and does not reach back to the first commit of this "
                      "file: fetch the whole history (actions/checkout: fetch-depth: 0)");
      return;
    }
    for (const FileCommit& commit : history.commits) {
      const std::optional<std::string> text = git->text(file, commit);
      if (!text) continue;
      const ReadJob then = read_job(commit.path, *text, environment_);
      if (!then.job) continue;
      const std::string known =
          fmt::format("when it was first committed, {} of {}", commit.id.substr(0, 7), commit.date);
      lint::check_meaning(*subject, "changed-after-commit",
                          {meaning_of(*then.job), known,
                           "A job that may have run is not edited: restore it, and put the change "
                           "into a new file"});
      if (then.job->name != subject->job().name) {
        subject->report("renamed-after-commit", {"name"}, 0,
                        fmt::format("job {} was named {} {}: where that has run, this one would "
                                    "begin anew. Restore the name, with a `name:` where the file "
                                    "has been renamed",
                                    subject->job().name, then.job->name, known));
      }
      return;
    }
  }

  bool look_at_database() {
    const std::optional<std::string>& conninfo = console_.global().database;
    if (!conninfo) return true;
    for (const auto& subject : subjects_) {
      const std::string name = subject->job().name;
      boost::asio::io_context context(1);
      const auto recorded =
          run_to_end(context, run::recorded_job(context.get_executor(), *conninfo, name));
      if (!recorded) {
        const ExitCode code = run::untouched_exit_code(*conninfo, recorded.error());
        if (code == ExitCode::usage) failure_ = code;
        console_.report("refused", {failure_,
                                    describe(recorded.error()),
                                    {},
                                    "backfill lint without --database looks at the files alone"});
        return false;
      }
      if (!*recorded) continue;
      lint::check_meaning(
          *subject, "changed-after-run",
          {(*recorded)->meaning,
           fmt::format("when it ran on this database ({})", (*recorded)->state),
           "`run` will refuse it: restore the file, or give the changed job a `name` of its own"});
    }
    looked_.insert(lint::Scope::database);
    return true;
  }

  const LintArguments& arguments_;
  Console& console_;
  Environment environment_;
  std::vector<std::unique_ptr<Subject>> subjects_;
  std::set<lint::Scope> looked_{lint::Scope::file, lint::Scope::files};
  ExitCode failure_ = ExitCode::failed;  ///< of a look that could not be taken
};

std::string printed(const LintReport& report, LintForm form) {
  switch (form) {
    case LintForm::text: return lint_text(report);
    case LintForm::json: return lint_json(report);
    case LintForm::github: return lint_github(report);
    case LintForm::sarif: break;
  }
  std::error_code ignored;
  return lint_sarif(report, std::filesystem::current_path(ignored).string());
}

}  // namespace

ExitCode lint_command(const LintArguments& arguments, Console& console) {
  if (arguments.rules) {
    console.print(lint_rules_text());
    return ExitCode::done;
  }
  LintReport report;
  report.files = files_of(arguments.files);
  if (report.files.empty()) {
    console.report("usage", {ExitCode::usage,
                             "there is no .yaml file in the folders named",
                             {},
                             "backfill lint --help"});
    return ExitCode::usage;
  }
  Lint lint(arguments, console);
  if (!lint.look(&report)) return lint.failure();
  console.print(printed(report, arguments.form));
  const bool fails =
      count(report, lint::Severity::error) > 0 || (arguments.strict && !report.problems.empty());
  return fails ? ExitCode::usage : ExitCode::done;
}

}  // namespace backfill::cli
