#include "cli/terminal.hpp"

#include <map>

#include <catch2/catch.hpp>

using namespace backfill::cli;

namespace {

Variables variables(std::map<std::string, std::string, std::less<>> set) {
  return [set = std::move(set)](std::string_view name) -> std::optional<std::string> {
    const auto found = set.find(name);
    if (found == set.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace

TEST_CASE("the_first_locale_variable_that_is_set_decides_on_utf8") {
  CHECK(wants_utf8(variables({{"LANG", "en_US.UTF-8"}})));
  CHECK(wants_utf8(variables({{"LC_ALL", ""}, {"LANG", "C.utf8"}})));
  CHECK_FALSE(wants_utf8(variables({{"LC_ALL", "C"}, {"LANG", "en_US.UTF-8"}})));
  CHECK_FALSE(wants_utf8(variables({{"LC_CTYPE", "de_DE"}, {"LANG", "en_US.UTF-8"}})));
  CHECK_FALSE(wants_utf8(variables({})));
}

TEST_CASE("only_a_capable_terminal_on_stderr_is_live") {
  const Variables xterm = variables({{"TERM", "xterm"}});
  CHECK(terminal_of(false, true, xterm).live);
  CHECK_FALSE(terminal_of(true, false, xterm).live);
  CHECK_FALSE(terminal_of(true, true, variables({{"TERM", "dumb"}})).live);
  CHECK_FALSE(terminal_of(true, true, variables({})).live);
}

TEST_CASE("colour_needs_a_terminal_and_no_NO_COLOR") {
  CHECK(terminal_of(true, false, variables({{"TERM", "xterm"}})).stdout_colour);
  CHECK_FALSE(terminal_of(true, false, variables({{"TERM", "xterm"}})).stderr_colour);
  CHECK_FALSE(
      terminal_of(true, true, variables({{"TERM", "xterm"}, {"NO_COLOR", "1"}})).stdout_colour);
  CHECK(terminal_of(true, true, variables({{"TERM", "xterm"}, {"NO_COLOR", ""}})).stderr_colour);
}
