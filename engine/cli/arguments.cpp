#include "cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/help.hpp"
#include "config/job_name.hpp"
#include "core/duration_text.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"

namespace backfill::cli {

namespace {

constexpr std::array<std::string_view, 18> commands{
    "run",    "plan", "rehearse", "status", "pause", "resume", "new",  "stop",     "set",
    "verify", "gate", "history",  "report", "lint",  "switch", "drop", "rollback", "retry"};
constexpr std::array<std::string_view, 4> control_commands{"pause", "resume", "stop", "set"};
constexpr std::array<std::string_view, 2> log_formats{"text", "json"};
constexpr std::array<std::string_view, 4> lint_forms{"text", "json", "github", "sarif"};
constexpr std::chrono::milliseconds budget_least{1'000};
constexpr std::chrono::milliseconds budget_most{3'600'000};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warning", "error"};

using Line = std::variant<Invocation, UsageError>;

/// What CLI11 fills in. It only takes the line apart: which words are missing or wrong is judged
/// here, so that each message can name the nearest valid word.
struct Words {
  std::string database;
  std::string log_format = "text";
  std::string log_level = "info";
  bool no_progress = false;
  bool sql = false;
  bool json = false;
  bool watch = false;
  bool no_wait = false;
  bool cancel = false;
  bool reset = false;
  bool yes = false;
  bool drop_columns = false;
  bool force = false;
  bool strict = false;
  bool rules = false;
  std::string format = "text";
  std::optional<std::string> since;
  bool mask = false;
  bool add_columns = false;
  std::string wait;
  std::string limit;
  std::optional<std::string> output;
  std::optional<std::string> budget;
  std::optional<std::string> table;
  std::vector<std::string> columns;
  std::string folder = ".";
  std::vector<std::string> jobs;
};

UsageError usage(std::string_view command, std::string message) {
  return {std::move(message), command.empty() ? std::string("backfill --help")
                                              : fmt::format("backfill {} --help", command)};
}

std::string suggestion(std::string_view word, std::span<const std::string_view> valid) {
  const auto nearest = nearest_word(word, valid);
  return nearest ? fmt::format(": did you mean {}?", *nearest) : std::string();
}

std::string listed(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// Whether a type-copy may come to its switch.
bool may_switch(std::string_view command) {
  return command == "run" || command == "switch";
}

/// The long options that a command takes, the global ones among them.
std::vector<std::string_view> options_of(std::string_view command) {
  std::vector<std::string_view> options{"--database",    "--log-format", "--log-level",
                                        "--no-progress", "--help",       "--version"};
  if (command == "plan") options.insert(options.end(), {"--sql", "--json"});
  if (command == "rehearse")
    options.insert(options.end(), {"--for", "--mask", "--add-columns", "--json"});
  if (command == "status") options.insert(options.end(), {"--json", "--watch"});
  if (command == "gate") options.emplace_back("--wait");
  if (command == "history") options.insert(options.end(), {"--json", "--limit"});
  if (command == "report") options.emplace_back("--output");
  if (command == "run") options.emplace_back("--no-wait");
  if (may_switch(command)) options.emplace_back("--force");
  if (command == "stop") options.emplace_back("--cancel");
  if (command == "set") options.emplace_back("--reset");
  if (command == "new") options.insert(options.end(), {"--table", "--column", "--dir"});
  if (command == "rollback") options.insert(options.end(), {"--yes", "--drop-columns"});
  if (command == "lint") {
    options.insert(options.end(), {"--format", "--strict", "--since", "--rules"});
  }
  return options;
}

void add_command(CLI::App& app, std::string_view name, Words& words) {
  CLI::App* command = app.add_subcommand(std::string(name));
  command->set_help_flag("-h,--help");
  command->add_option("job", words.jobs)
      ->expected(0, -1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (name == "plan") command->add_flag("--sql", words.sql);
  if (name == "plan" || name == "status" || name == "rehearse" || name == "history") {
    command->add_flag("--json", words.json);
  }
  if (name == "rehearse") {
    command->add_option("--for", words.budget);
    command->add_flag("--mask", words.mask);
    command->add_flag("--add-columns", words.add_columns);
  }
  if (name == "status") command->add_flag("--watch", words.watch);
  if (name == "gate") command->add_option("--wait", words.wait);
  if (name == "history") command->add_option("--limit", words.limit);
  if (name == "report") command->add_option("--output,-o", words.output);
  if (name == "run") command->add_flag("--no-wait", words.no_wait);
  if (name == "stop") command->add_flag("--cancel", words.cancel);
  if (name == "set") command->add_flag("--reset", words.reset);
  if (name == "new") {
    command->add_option("--table", words.table);
    command->add_option("--column", words.columns)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--dir", words.folder);
  }
  if (name == "lint") {
    command->add_option("--format", words.format);
    command->add_flag("--strict", words.strict);
    command->add_flag("--rules", words.rules);
    command->add_option("--since", words.since);
  }
  if (name == "rollback") command->add_flag("--yes", words.yes);
  if (may_switch(name)) command->add_flag("--force", words.force);
  if (name == "rollback") command->add_flag("--drop-columns", words.drop_columns);
}

UsageError unknown_word(std::string_view command, const std::vector<std::string>& extras) {
  const auto option = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& word) { return word.starts_with('-'); });
  if (option != extras.end()) {
    const std::string name = option->substr(0, option->find('='));
    return usage(command,
                 fmt::format("unknown option {}{}", name, suggestion(name, options_of(command))));
  }
  if (command.empty()) {
    return usage({}, fmt::format("unknown command {}{}", extras.front(),
                                 suggestion(extras.front(), commands)));
  }
  return usage(command, fmt::format("unexpected argument {}", extras.front()));
}

std::optional<UsageError> read_global(std::string_view command, const Words& words, bool given,
                                      GlobalArguments& global) {
  if (given && words.database.empty()) return usage(command, "--database is empty");
  if (given) global.database = words.database;
  global.no_progress = words.no_progress;
  const auto format = std::find(log_formats.begin(), log_formats.end(), words.log_format);
  if (format == log_formats.end()) {
    return usage(command, fmt::format("--log-format is {}{}", listed(log_formats),
                                      suggestion(words.log_format, log_formats)));
  }
  global.log_format = *format == "json" ? LogFormat::json : LogFormat::text;
  const auto level = std::find(log_levels.begin(), log_levels.end(), words.log_level);
  if (level == log_levels.end()) {
    return usage(command, fmt::format("--log-level is {}{}", listed(log_levels),
                                      suggestion(words.log_level, log_levels)));
  }
  global.log_level = static_cast<run::Level>(level - log_levels.begin());
  return std::nullopt;
}

/// "key=value", or with --reset a key alone.
std::optional<UsageError> read_settings(const Words& words, ControlArguments& control) {
  for (std::size_t i = 1; i < words.jobs.size(); ++i) {
    const std::string& word = words.jobs[i];
    const std::size_t equals = word.find('=');
    if (equals == 0) return usage("set", fmt::format("{} has no key: key=value is wanted", word));
    if (equals != std::string::npos) {
      control.settings.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else if (words.reset) {
      control.reset.push_back(word);
    } else {
      return usage("set", fmt::format("{} has no value: {}=VALUE is wanted", word, word));
    }
  }
  control.reset_all = words.reset && control.reset.empty();
  if (control.settings.empty() && !words.reset) {
    return usage("set", "set needs key=value, such as pace.connections=2, or --reset");
  }
  return std::nullopt;
}

std::variant<Command, UsageError> read_control(std::string_view name, const Words& words) {
  if (words.jobs.empty()) return usage(name, fmt::format("{} needs a job's name or file", name));
  ControlArguments control;
  control.job = words.jobs.front();
  control.cancel = words.cancel;
  using Kind = run::ControlRequest::Kind;
  control.kind = name == "pause"    ? Kind::pause
                 : name == "resume" ? Kind::resume
                 : name == "stop"   ? Kind::stop
                                    : Kind::set;
  if (control.kind == Kind::set) {
    if (auto wrong = read_settings(words, control)) return *std::move(wrong);
  } else if (words.jobs.size() > 1) {
    return usage(name, fmt::format("unexpected argument {}", words.jobs[1]));
  }
  return Command(std::move(control));
}

/// KIND NAME, and what the options say of the table.
std::variant<Command, UsageError> read_new(const Words& words) {
  constexpr std::array<std::string_view, 2> kinds{"backfill", "type-copy"};
  if (words.jobs.size() < 2) {
    return usage("new", "new needs a kind and a name: backfill new backfill normalize_emails");
  }
  if (words.jobs.size() > 2) return usage("new", "unexpected argument " + words.jobs[2]);
  NewArguments fresh;
  const auto kind = std::ranges::find(kinds, words.jobs[0]);
  if (kind == kinds.end()) {
    return usage("new",
                 fmt::format("the kind is {}{}", listed(kinds), suggestion(words.jobs[0], kinds)));
  }
  fresh.kind = kind == kinds.begin() ? JobKind::backfill : JobKind::type_copy;
  fresh.name = words.jobs[1];
  if (const auto problem = config::problem_of_job_name(fresh.name)) {
    return usage("new", problem->message);
  }
  if (words.folder.empty()) return usage("new", "--dir is empty");
  fresh.folder = words.folder;
  if (words.table) {
    const Parsed<QualifiedName> table = parse_qualified_name(*words.table);
    if (!table) return usage("new", "--table: " + table.problem().message);
    fresh.table = *table;
  }
  for (const std::string& text : words.columns) {
    const Parsed<StarterColumn> column = parse_starter_column(text);
    if (!column) return usage("new", "--column: " + column.problem().message);
    fresh.columns.push_back(*column);
  }
  return Command(std::move(fresh));
}

std::variant<Command, UsageError> read_history(const Words& words, bool limit_given) {
  constexpr std::int64_t limit_max = 10'000;
  if (words.jobs.size() > 1) return usage("history", "unexpected argument " + words.jobs[1]);
  HistoryArguments history;
  history.json = words.json;
  if (!words.jobs.empty()) history.job = words.jobs.front();
  if (!limit_given) return Command(std::move(history));
  const char* end = words.limit.data() + words.limit.size();
  const auto [read, code] = std::from_chars(words.limit.data(), end, history.limit);
  if (code != std::errc{} || read != end || history.limit < 1 || history.limit > limit_max) {
    return usage("history", fmt::format("--limit is a number from 1 to {}", limit_max));
  }
  return Command(std::move(history));
}

std::variant<Command, UsageError> read_report(const Words& words) {
  if (words.jobs.empty()) return usage("report", "report needs a job's name or file");
  if (words.jobs.size() > 1) return usage("report", "unexpected argument " + words.jobs[1]);
  if (words.output && words.output->empty()) return usage("report", "--output is empty");
  return Command(ReportArguments{words.jobs.front(), words.output});
}

std::variant<Command, UsageError> read_lint(const Words& words) {
  const auto form = std::ranges::find(lint_forms, words.format);
  if (form == lint_forms.end()) {
    return usage("lint", fmt::format("--format is {}{}", listed(lint_forms),
                                     suggestion(words.format, lint_forms)));
  }
  if (words.jobs.empty() && !words.rules) return usage("lint", "lint needs a job file");
  if (words.since && words.since->empty()) return usage("lint", "--since is empty");
  LintArguments lint;
  lint.files = words.jobs;
  lint.form = static_cast<LintForm>(form - lint_forms.begin());
  lint.strict = words.strict;
  lint.rules = words.rules;
  lint.since = words.since;
  return Command(std::move(lint));
}

std::variant<Command, UsageError> read_rehearse(const Words& words) {
  RehearseArguments rehearse;
  rehearse.job_file = words.jobs.front();
  rehearse.mask = words.mask;
  rehearse.add_columns = words.add_columns;
  rehearse.json = words.json;
  if (!words.budget) return Command(std::move(rehearse));
  const auto budget = parse_duration(*words.budget);
  if (!budget) return usage("rehearse", fmt::format("--for: {}", budget.problem().message));
  if (*budget < budget_least || *budget > budget_most) {
    return usage("rehearse", fmt::format("--for is from {} to {}", duration_text(budget_least),
                                         duration_text(budget_most)));
  }
  rehearse.budget = *budget;
  return Command(std::move(rehearse));
}

run::JobRun::Mode mode_of(std::string_view command) {
  using Mode = run::JobRun::Mode;
  if (command == "verify") return Mode::verify_only;
  if (command == "switch") return Mode::switch_names;
  if (command == "drop") return Mode::drop;
  if (command == "retry") return Mode::retry;
  return command == "rollback" ? Mode::rollback : Mode::run;
}

/// Options that were given, empty or not.
struct Given {
  bool wait = false;
  bool limit = false;
};

std::variant<Command, UsageError> read_command(std::string_view name, Words& words, Given given) {
  const std::vector<std::string>& jobs = words.jobs;
  if (std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.empty(); })) {
    return usage(name, "a job's name or file is empty");
  }
  if (name == "status") {
    if (jobs.size() > 1) return usage(name, fmt::format("unexpected argument {}", jobs[1]));
    StatusArguments status{std::nullopt, words.json, words.watch};
    if (!jobs.empty()) status.job = jobs.front();
    return Command(std::move(status));
  }
  if (std::ranges::find(control_commands, name) != control_commands.end()) {
    return read_control(name, words);
  }
  if (name == "new") return read_new(words);
  if (name == "history") return read_history(words, given.limit);
  if (name == "report") return read_report(words);
  if (name == "lint") return read_lint(words);
  if (name == "gate") {
    if (jobs.empty()) return usage(name, "gate needs a job's name or file");
    GateArguments gate{jobs, std::nullopt};
    if (!given.wait) return Command(std::move(gate));
    const auto wait = parse_duration(words.wait);
    if (!wait) return usage(name, fmt::format("--wait: {}", wait.problem().message));
    gate.wait = *wait;
    return Command(std::move(gate));
  }
  if (jobs.empty()) return usage(name, fmt::format("{} needs a job file", name));
  if (jobs.size() > 1) return usage(name, fmt::format("unexpected argument {}", jobs[1]));
  if (name == "rehearse") return read_rehearse(words);
  if (name == "plan") {
    if (words.sql && words.json) return usage(name, "--sql and --json exclude each other");
    const PlanForm form = words.sql ? PlanForm::sql : words.json ? PlanForm::json : PlanForm::text;
    return Command(PlanArguments{jobs.front(), form});
  }
  return Command(RunArguments{jobs.front(), mode_of(name), !words.no_wait, words.yes, words.force,
                              words.drop_columns});
}

std::string command_of(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? std::string() : parsed.front()->get_name();
}

Line show(std::string text) {
  return Invocation{{}, ShowText{std::move(text)}};
}

}  // namespace

Line parse_arguments(std::vector<std::string> words) {
  Words read;
  CLI::App app;
  // Of an option given twice the last counts; subcommands inherit this.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_help_flag("-h,--help");
  app.set_version_flag("-V,--version", "");
  app.fallthrough();
  app.allow_extras();
  app.require_subcommand(0, 1);
  CLI::Option* database = app.add_option("--database", read.database);
  app.add_option("--log-format", read.log_format);
  app.add_option("--log-level", read.log_level);
  app.add_flag("--no-progress", read.no_progress);
  for (const std::string_view name : commands) add_command(app, name, read);
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return show(std::string(help_of(command_of(app))));
  } catch (const CLI::CallForVersion&) {
    return show(version_text());
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view text = error.what();  // "--database: 1 required TEXT missing"
    return usage(command_of(app), fmt::format("{} needs a value", text.substr(0, text.find(':'))));
  } catch (const CLI::ParseError& error) {
    return usage(command_of(app), error.what());
  }
  const std::string command = command_of(app);
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) return unknown_word(command, extras);
  if (command.empty()) return usage({}, "a command is missing");

  Invocation invocation;
  if (auto wrong = read_global(command, read, database->count() > 0, invocation.global)) {
    return *std::move(wrong);
  }
  const CLI::Option* wait = app.get_subcommand("gate")->get_option("--wait");
  const CLI::Option* limit = app.get_subcommand("history")->get_option("--limit");
  auto parsed = read_command(command, read, {wait->count() > 0, limit->count() > 0});
  if (auto* wrong = std::get_if<UsageError>(&parsed)) return std::move(*wrong);
  invocation.command = std::get<Command>(std::move(parsed));
  return invocation;
}

}  // namespace backfill::cli
