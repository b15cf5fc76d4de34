#include "cli/command_line.hpp"

int main(int argc, char** argv) {
  if (argc < 1) return backfill::cli::run_command_line({});
  return backfill::cli::run_command_line({argv + 1, argv + argc});
}
