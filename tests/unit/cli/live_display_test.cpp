#include "cli/live_display.hpp"

#include <catch2/catch.hpp>

#include "unit/cli/screen_model.hpp"

using namespace backfill::cli;
using Lines = std::vector<std::string>;

namespace {

struct Fixture {
  ScreenModel screen;
  ScreenSize size{80, 24};
  std::string last;
  LiveDisplay display{[this](std::string_view text) {
                        last = std::string(text);
                        screen.write(text);
                      },
                      [this] { return size; }};
};

}  // namespace

TEST_CASE("the_block_is_drawn_over_itself") {
  Fixture f;
  f.display.show({"one", "two"});
  CHECK(f.screen.lines() == Lines{"one", "two"});
  f.display.show({"three"});
  CHECK(f.screen.lines() == Lines{"three"});
  f.display.show({"four", "five", "six"});
  CHECK(f.screen.lines() == Lines{"four", "five", "six"});
}

TEST_CASE("a_log_line_stays_above_the_block") {
  Fixture f;
  f.display.print_above("first\n");
  f.display.show({"block", "foot"});
  f.display.print_above("second\n");
  CHECK(f.screen.lines() == Lines{"first", "second", "block", "foot"});
  f.display.show({"block 2", "foot 2"});
  CHECK(f.screen.lines() == Lines{"first", "second", "block 2", "foot 2"});
}

TEST_CASE("clearing_leaves_only_what_was_printed") {
  Fixture f;
  f.display.print_above("log\n");
  f.display.show({"block"});
  f.display.clear();
  CHECK(f.screen.lines() == Lines{"log"});
  f.last.clear();
  f.display.clear();
  CHECK(f.last.empty());
}

TEST_CASE("a_block_that_a_narrower_window_wrapped_is_wiped_whole") {
  Fixture f;
  f.display.show({std::string(60, 'x'), "\x1b[32mgreen\x1b[0m"});
  f.size.columns = 20;
  f.display.show({"y"});
  CHECK(f.last == "\r\x1b[4A\x1b[Jy\n");
}

TEST_CASE("a_window_of_few_rows_gets_fewer_lines") {
  Fixture f;
  f.size.rows = 3;
  f.display.show({"1", "2", "3", "4"});
  CHECK(f.screen.lines() == Lines{"1", "2"});
}
