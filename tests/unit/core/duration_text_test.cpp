#include "core/duration_text.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using std::chrono::milliseconds;

namespace {

struct Refusal {
  std::string text;
  std::size_t offset;
  std::string part_of_message;
};

}  // namespace

TEST_CASE("durations_are_read") {
  CHECK(*parse_duration("250ms") == milliseconds(250));
  CHECK(*parse_duration("1s") == milliseconds(1'000));
  CHECK(*parse_duration("5m") == milliseconds(300'000));
  CHECK(*parse_duration("24h") == milliseconds(86'400'000));
  CHECK(*parse_duration("1h30m") == milliseconds(5'400'000));
  CHECK(*parse_duration("1h2m3s4ms") == milliseconds(3'723'004));
  CHECK(*parse_duration("0s") == milliseconds(0));
  CHECK(*parse_duration("090s") == milliseconds(90'000));
  CHECK(*parse_duration("9999h") == milliseconds(9'999LL * 3'600'000));
}

TEST_CASE("text_that_is_no_duration_is_refused_at_its_place") {
  const std::vector<Refusal> refusals{
      {"", 0, "a duration is wanted"},
      {"1", 0, "needs a unit"},
      {"1h30", 2, "needs a unit"},
      {"ms", 0, "whole numbers with units"},
      {"1.5s", 0, "whole numbers with units"},
      {"-1s", 0, "whole numbers with units"},
      {"1 s", 0, "needs a unit"},
      {"1s 5ms", 2, "whole numbers with units"},
      {"5min", 1, "not known"},
      {"5S", 1, "not known"},
      {"1d", 1, "not known"},
      {"1m1h", 2, "larger unit comes first"},
      {"1s1s", 2, "each only once"},
      {"10000h", 0, "at most 9999h"},
      {"9999h1ms", 5, "at most 9999h"},
      {"99999999999999999999999s", 0, "at most 9999h"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.text);
    const auto read = parse_duration(refusal.text);
    REQUIRE_FALSE(read);
    CHECK(read.problem().offset == refusal.offset);
    CHECK_THAT(read.problem().message, Catch::Contains(refusal.part_of_message));
  }
}

TEST_CASE("duration_text_is_read_back_as_the_same_duration") {
  Random random(7);
  for (std::int64_t ms = 0; ms <= 5'000; ++ms) {
    REQUIRE(*parse_duration(duration_text(milliseconds(ms))) == milliseconds(ms));
  }
  for (int i = 0; i < 5'000; ++i) {
    const milliseconds duration(static_cast<std::int64_t>(random.below(9'999ULL * 3'600'000)));
    REQUIRE(*parse_duration(duration_text(duration)) == duration);
  }
  CHECK(duration_text(milliseconds(5'400'000)) == "1h30m");
  CHECK(duration_text(milliseconds(1'250)) == "1s250ms");
  CHECK(duration_text(milliseconds(-250)) == "-250ms");
}

TEST_CASE("durations_are_described_for_people") {
  const std::vector<std::pair<std::int64_t, std::string>> samples{
      {-5, "0 s"},
      {0, "0 s"},
      {1, "0.1 ms"},
      {400, "0.4 ms"},
      {9'949, "9.9 ms"},
      {9'950, "10 ms"},
      {250'000, "250 ms"},
      {999'499, "999 ms"},
      {999'500, "1.0 s"},
      {3'140'000, "3.1 s"},
      {9'949'999, "9.9 s"},
      {9'950'000, "10 s"},
      {42'000'000, "42 s"},
      {59'499'999, "59 s"},
      {59'500'000, "1 min 0 s"},
      {312'000'000, "5 min 12 s"},
      {3'599'600'000, "1 h 00 min"},
      {3'600'000'000LL * 3 + 300'000'000, "3 h 05 min"},
      {3'600'000'000LL * 24 - 1'000'000, "1 d 0 h"},
      {3'600'000'000LL * 51, "2 d 3 h"},
  };
  for (const auto& [microseconds, text] : samples) {
    CHECK(describe_duration(Duration(microseconds)) == text);
  }
}
