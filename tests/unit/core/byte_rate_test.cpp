#include "core/byte_rate.hpp"

#include <catch2/catch.hpp>

using namespace backfill;

TEST_CASE("a_rate_is_read_and_written_alike") {
  for (const char* text : {"1kB/s", "50MB/s", "1GB/s", "1024GB/s", "1500kB/s"}) {
    const auto rate = parse_byte_rate(text);
    REQUIRE(rate);
    CHECK(byte_rate_text(*rate) == text);
  }
  CHECK(*parse_byte_rate("50MB/s") == ByteCount{50 * 1024 * 1024});
  CHECK(byte_rate_text(ByteCount{2048 * 1024}) == "2MB/s");
}

TEST_CASE("what_is_no_rate_is_refused") {
  for (const char* text :
       {"", "50", "50MB", "50 MB/s", "MB/s", "-1MB/s", "0MB/s", "1.5MB/s", "50mb/s", "50B/s",
        "50TB/s", "50MB/min", "2000GB/s", "99999999999999999999MB/s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_byte_rate(text));
  }
}
