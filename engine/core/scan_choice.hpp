#pragma once

#include <optional>
#include <string>

#include "backfill/units.hpp"

/// In which order the rows of a table are visited. Along the key in any case; striped, each range
/// of the key is visited several times, each time for another part of its rows, so that PostgreSQL
/// can prune what the last visit replaced and put new versions on the page of the old ones (HOT: no
/// index entry, less WAL, less growth).
namespace backfill {

struct ScanFacts {
  std::optional<int> asked;      ///< `pace.stripes` of the job
  int connections = 1;           ///< `pace.connections`
  bool key_hashable = false;     ///< every column of the key has a hash function
  std::optional<RowCount> rows;  ///< absent when the table was never analysed
  std::int64_t pages = 0;
  int indexes = 1;                          ///< on the table, the key's included
  std::optional<std::string> index_of_set;  ///< an index that a set column is part of
};

struct ScanChoice {
  int stripes = 1;     ///< 1: plain; else a power of two up to `stripes_max`
  std::string reason;  ///< for `plan`
};

[[nodiscard]] ScanChoice choose_scan(const ScanFacts& facts);

}  // namespace backfill
