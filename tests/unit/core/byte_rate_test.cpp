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

TEST_CASE("a_size_is_read_and_written_alike") {
  for (const char* text : {"1kB", "50MB", "20GB", "1048576GB", "1500kB"}) {
    const auto size = parse_byte_size(text);
    REQUIRE(size);
    CHECK(byte_size_text(*size) == text);
  }
  CHECK(*parse_byte_size("20GB") == ByteCount{20LL * 1024 * 1024 * 1024});
}

TEST_CASE("what_is_no_size_is_refused") {
  for (const char* text : {"", "50", "50MB/s", "50 MB", "MB", "-1MB", "0GB", "1.5GB", "20gb",
                           "20TB", "1048577GB", "99999999999999999999MB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_byte_size(text));
  }
}
