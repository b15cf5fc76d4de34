#include "cli/figures.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace backfill;
using namespace backfill::cli;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("digits_are_grouped_by_thousands") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(grouped(-1234) == "-1,234");
  CHECK(grouped(-123) == "-123");
  CHECK(grouped(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
  CHECK(grouped(RowCount{2000}) == "2,000");
}

TEST_CASE("rates_have_three_digits_and_an_si_prefix") {
  CHECK(short_number(0) == "0");
  CHECK(short_number(7.25) == "7.2");
  CHECK(short_number(950) == "950");
  CHECK(short_number(999.6) == "1.00k");
  CHECK(short_number(1234) == "1.23k");
  CHECK(short_number(12'340) == "12.3k");
  CHECK(short_number(118'300) == "118k");
  CHECK(short_number(999'600) == "1.00M");
  CHECK(short_number(1.5e6) == "1.50M");
  CHECK(short_number(std::numeric_limits<double>::quiet_NaN()) == "0");
}

TEST_CASE("a_percentage_is_cut_and_stays_between_0_and_100") {
  CHECK(percent(0) == "0.0 %");
  CHECK(percent(0.421) == "42.1 %");
  CHECK(percent(0.99999) == "99.9 %");
  CHECK(percent(1) == "100.0 %");
  CHECK(percent(1.7) == "100.0 %");
  CHECK(percent(-0.2) == "0.0 %");
  CHECK(percent(std::numeric_limits<double>::quiet_NaN()) == "0.0 %");
}

TEST_CASE("an_eta_names_both_ends_in_the_unit_of_the_upper_one") {
  CHECK(eta_for_people({seconds{40}, seconds{70}}) == "40–70 s");
  CHECK(eta_for_people({seconds{5}, seconds{5}}) == "5 s");
  CHECK(eta_for_people({seconds{200}, seconds{290}}) == "3–5 min");
  CHECK(eta_for_people({minutes{95}, minutes{125}}) == "1.5–2.1 h");
  CHECK(eta_for_people({hours{50}, hours{72}}) == "2–3 d");
}

TEST_CASE("an_eta_whose_ends_are_swapped_or_negative_is_still_a_range") {
  CHECK(eta_for_people({seconds{30}, seconds{10}}) == "30 s");
  CHECK(eta_for_people({seconds{-5}, seconds{10}}) == "0–10 s");
}

TEST_CASE("sizes_are_in_binary_units") {
  CHECK(bytes_for_people(0) == "0 B");
  CHECK(bytes_for_people(1023) == "1023 B");
  CHECK(bytes_for_people(1536) == "1.5 KiB");
  CHECK(bytes_for_people(432'013'312) == "412 MiB");
}
