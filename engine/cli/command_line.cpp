#include "cli/command_line.hpp"

#include <csignal>
#include <exception>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "cli/commands.hpp"

namespace backfill::cli {

namespace {

ExitCode execute(const Command& command, Console& console) {
  struct Dispatch {
    Console& console;
    ExitCode operator()(const RunArguments& arguments) { return run_command(arguments, console); }
    ExitCode operator()(const PlanArguments& arguments) { return plan_command(arguments, console); }
    ExitCode operator()(const RehearseArguments& arguments) {
      return rehearse_command(arguments, console);
    }
    ExitCode operator()(const StatusArguments& arguments) {
      return status_command(arguments, console);
    }
    ExitCode operator()(const ControlArguments& arguments) {
      return control_command(arguments, console);
    }
    ExitCode operator()(const GateArguments& arguments) { return gate_command(arguments, console); }
    ExitCode operator()(const HistoryArguments& arguments) {
      return history_command(arguments, console);
    }
    ExitCode operator()(const ReportArguments& arguments) {
      return report_command(arguments, console);
    }
    ExitCode operator()(const NewArguments& arguments) { return new_command(arguments, console); }
    ExitCode operator()(const LintArguments& arguments) { return lint_command(arguments, console); }
    ExitCode operator()(const ShowText& shown) {
      console.print(shown.text);
      return ExitCode::done;
    }
  };
  const ExitCode code = std::visit(Dispatch{console}, command);
  // A script that reads our output must not take a part of it for the whole.
  return code == ExitCode::done && !console.results_written() ? ExitCode::failed : code;
}

}  // namespace

int run_command_line(std::vector<std::string> words) {
  // A reader that leaves early (`| head`) shows as an error of write, not as our death.
  std::signal(SIGPIPE, SIG_IGN);
  auto parsed = parse_arguments(std::move(words));
  if (const auto* wrong = std::get_if<UsageError>(&parsed)) {
    Console console(this_terminal(), {});
    console.report("usage", {ExitCode::usage, wrong->message, {}, wrong->next});
    return static_cast<int>(ExitCode::usage);
  }
  auto& invocation = std::get<Invocation>(parsed);
  Console console(this_terminal(), std::move(invocation.global));
  try {
    return static_cast<int>(execute(invocation.command, console));
  } catch (const std::exception& error) {
    // Expected failures are values: what gets here is a bug or memory at its end.
    console.report("internal_error", {ExitCode::failed,
                                      fmt::format("internal error: {}", error.what()),
                                      {"committed batches are kept"},
                                      "the same command again"});
    return static_cast<int>(ExitCode::failed);
  }
}

}  // namespace backfill::cli
