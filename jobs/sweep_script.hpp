#pragma once

#include <cstdint>
#include <string>

#include "core/target.hpp"

namespace backfill {

/// The statement of a batch, for a range that begins with the table and for one that begins behind
/// a key: parameters as of `key_predicate`.
struct SweepStatements {
  std::string first;  ///< with the bound `through`
  std::string rest;   ///< with both
};

/// A sweep that psql can run by itself, outside of a transaction: a DO block which walks along the
/// key in batches of `rows` keys and commits each. It has no checkpoints: begun again, it begins
/// with the first row.
[[nodiscard]] std::string sweep_script(const Target& target, const SweepStatements& statements,
                                       std::int64_t rows);

/// The same for waiting until every transaction that is running now has ended.
[[nodiscard]] std::string wait_script();

}  // namespace backfill
