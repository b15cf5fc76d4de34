#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace backfill {

/// What one range of a proof has seen. Checksums are decimal numbers wider than any integer type.
struct ProvenRange {
  int number = 0;
  bool complete = false;
  std::int64_t rows_compared = 0;
  std::int64_t rows_differing = 0;
  std::string checksum_held;      ///< of what the new columns hold; empty before the first batch
  std::string checksum_expected;  ///< of what `using` gives
};

/// The latest proof of one table of a type-copy: a sweep that compared each of its rows.
struct ProofReport {
  std::string phase;  ///< `verify`, or `verify shop.lines` of a table that follows
  int pass = 1;
  bool complete = false;
  std::int64_t rows_compared = 0;
  std::int64_t rows_differing = 0;
  std::string checksum_held;
  std::string checksum_expected;
  std::string proven_at;  ///< as the server prints it
  std::vector<ProvenRange> ranges;

  [[nodiscard]] bool checksums_agree() const { return checksum_held == checksum_expected; }
};

}  // namespace backfill
