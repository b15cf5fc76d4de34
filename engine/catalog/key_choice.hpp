#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backfill/key.hpp"
#include "backfill/result.hpp"

namespace backfill {

/// A unique index as the catalog describes it.
struct IndexCandidate {
  std::string name;  ///< schema-qualified and quoted
  bool primary = false;
  bool btree = false;
  bool valid = false;
  bool immediate = false;    ///< not a deferrable constraint's
  bool partial = false;      ///< has a WHERE
  bool expressions = false;  ///< not over plain columns only
  bool all_not_null = false;
  bool own_order = false;            ///< another operator class or collation than the columns' own
  std::vector<std::string> columns;  ///< key columns, without INCLUDE
  std::vector<std::string> types;    ///< of those, as `format_type` prints them
  std::vector<bool> descending;      ///< of those
  std::vector<std::int64_t> widths;  ///< of those, bytes; -1: variable
};

/// Why an index cannot carry a job; empty when it can.
[[nodiscard]] std::string unusable_because(const IndexCandidate& index);

/// The key that a job walks along: the index over exactly the columns of `wanted`, in any order of
/// theirs; with none wanted the primary key, else the best unique one (fewest columns, then fixed
/// and narrow types, then by name). Errors: `fatal`, with what is there and what would do.
[[nodiscard]] Result<Key> choose_key(const std::vector<IndexCandidate>& indexes,
                                     const std::vector<std::string>& wanted);

}  // namespace backfill
