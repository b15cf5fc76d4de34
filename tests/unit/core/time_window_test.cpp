#include "core/time_window.hpp"

#include <catch2/catch.hpp>

using namespace backfill;

namespace {

std::int64_t at(int hour, int minute, int second = 0) {
  return (hour * 60 + minute) * 60 + second;
}

TimeWindow window_of(std::string_view text) {
  const auto window = parse_time_window(text);
  if (!window) FAIL(window.problem().message);
  return *window;
}

}  // namespace

TEST_CASE("a_window_is_read_and_written_alike") {
  for (const char* text : {"22:00-06:00 Europe/London", "09:30-17:45 UTC", "00:00-24:00 UTC",
                           "23:59-00:00 America/Argentina/Buenos_Aires", "01:00-02:00 Etc/GMT+3"}) {
    CHECK(time_window_text(window_of(text)) == text);
  }
  CHECK(window_of("22:00-06:00   UTC").zone == "UTC");
}

TEST_CASE("what_is_no_window_is_refused_where_it_is_wrong") {
  for (const char* text :
       {"", "22:00", "22-06 UTC", "22:00-06:00", "22:00-06:00UTC", "24:00-06:00 UTC",
        "22:60-06:00 UTC", "25:00-06:00 UTC", "22:00-24:01 UTC", "2:00-06:00 UTC",
        "22:00-22:00 UTC", "22:00 - 06:00 UTC", "22:00-06:00 it's", "always!",
        "22:00-06:00 Europe/London; DROP TABLE t"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time_window(text));
  }
  CHECK(parse_time_window("22:00-06:00").problem().message.find("zone") != std::string::npos);
}

TEST_CASE("a_window_within_a_day_is_open_from_its_beginning_until_just_before_its_end") {
  const TimeWindow window = window_of("09:30-17:00 UTC");
  CHECK_FALSE(is_open(window, at(9, 29, 59)));
  CHECK(is_open(window, at(9, 30)));
  CHECK(is_open(window, at(16, 59, 59)));
  CHECK_FALSE(is_open(window, at(17, 0)));
  CHECK_FALSE(is_open(window, at(0, 0)));
}

TEST_CASE("a_window_across_midnight_is_open_on_both_sides_of_it") {
  const TimeWindow window = window_of("22:00-06:00 UTC");
  CHECK(is_open(window, at(22, 0)));
  CHECK(is_open(window, at(23, 59, 59)));
  CHECK(is_open(window, at(0, 0)));
  CHECK(is_open(window, at(5, 59, 59)));
  CHECK_FALSE(is_open(window, at(6, 0)));
  CHECK_FALSE(is_open(window, at(21, 59, 59)));
}

TEST_CASE("every_second_of_a_day_is_in_a_window_or_in_the_one_beside_it") {
  const TimeWindow night = window_of("22:15-06:45 UTC");
  const TimeWindow day = window_of("06:45-22:15 UTC");
  for (std::int64_t second = 0; second < at(24, 0); ++second) {
    if (is_open(night, second) == is_open(day, second)) FAIL("second " << second);
  }
  const TimeWindow always = window_of("00:00-24:00 UTC");
  CHECK(is_open(always, 0));
  CHECK(is_open(always, at(23, 59, 59)));
}
