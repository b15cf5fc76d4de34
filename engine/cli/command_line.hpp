#pragma once

#include <string>
#include <vector>

namespace backfill::cli {

/// The whole program: `words` is the command line without the program's name. Returns the exit
/// code.
int run_command_line(std::vector<std::string> words);

}  // namespace backfill::cli
