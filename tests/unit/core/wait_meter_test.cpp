#include "core/wait_meter.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

TEST_CASE("waits_are_added_up_by_their_reason_and_by_the_share_of_workers_that_waits") {
  const Instant start{Duration(1h)};
  WaitMeter meter;
  meter.wait("", 0, start);
  meter.wait("locked_rows", 0.5, start + 1s);
  meter.wait("locked_rows", 1, start + 3s);
  meter.wait("no_connection", 1, start + 4s);
  meter.wait("", 0, start + 10s);
  meter.wait("", 0, start + 20s);
  CHECK(meter.lost().size() == 2);
  CHECK(meter.lost().at("locked_rows") == Duration(2s));
  CHECK(meter.lost().at("no_connection") == Duration(6s));
}

TEST_CASE("a_clock_that_goes_back_costs_nothing") {
  const Instant start{Duration(1h)};
  WaitMeter meter;
  meter.wait("retries", 1, start);
  meter.wait("", 0, start - 1s);
  CHECK(meter.lost().empty());
}
