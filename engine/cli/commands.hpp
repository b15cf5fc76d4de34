#pragma once

#include "backfill/exit_code.hpp"
#include "cli/arguments.hpp"
#include "cli/console.hpp"

/// One function a command. Each prints its result, or says why there is none, and returns the exit
/// code; none throws for what a server or user can do.
namespace backfill::cli {

ExitCode run_command(const RunArguments& arguments, Console& console);  ///< run and verify
ExitCode plan_command(const PlanArguments& arguments, Console& console);
ExitCode rehearse_command(const RehearseArguments& arguments, Console& console);
ExitCode status_command(const StatusArguments& arguments, Console& console);
ExitCode control_command(const ControlArguments& arguments, Console& console);
ExitCode gate_command(const GateArguments& arguments, Console& console);
ExitCode history_command(const HistoryArguments& arguments, Console& console);
ExitCode report_command(const ReportArguments& arguments, Console& console);
ExitCode new_command(const NewArguments& arguments, Console& console);
ExitCode lint_command(const LintArguments& arguments, Console& console);

}  // namespace backfill::cli
