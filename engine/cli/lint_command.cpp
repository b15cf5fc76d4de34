#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/glyphs.hpp"
#include "config/job_reader.hpp"

namespace backfill::cli {

ExitCode lint_command(const LintArguments& arguments, Console& console) {
  ExitCode code = ExitCode::done;
  for (const std::string& file : arguments.files) {
    const ReadJob read = read_job_file(file, process_environment());
    for (const Problem& problem : read.problems) {
      console.print(fmt::format("{}\n", without_controls(format(problem))));
    }
    if (read.problems.empty()) {
      console.print(fmt::format("{}: no problems\n", file));
    } else {
      code = ExitCode::usage;
    }
  }
  return code;
}

}  // namespace backfill::cli
