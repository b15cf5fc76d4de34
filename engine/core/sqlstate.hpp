#pragma once

#include <span>
#include <string_view>

#include "backfill/error.hpp"

namespace backfill {

/// SQLSTATEs that the control schema's functions raise.
inline constexpr std::string_view sqlstate_lease_lost = "BF001";
inline constexpr std::string_view sqlstate_checkpoint_moved = "BF002";

/// lock_not_available: lock_timeout ran out, or NOWAIT found the lock taken.
inline constexpr std::string_view sqlstate_lock_timeout = "55P03";

/// The class of a server error by its SQLSTATE: the one table, per code and then per class
/// (PostgreSQL manual, appendix A). An unknown code is `fatal`.
[[nodiscard]] ErrorClass classify_sqlstate(std::string_view sqlstate);

/// One row of the table: a code of five characters, or a class of two.
struct SqlstateRow {
  std::string_view code;
  ErrorClass kind = ErrorClass::fatal;
  friend bool operator==(const SqlstateRow&, const SqlstateRow&) = default;
};

/// The whole table, sorted by code.
[[nodiscard]] std::span<const SqlstateRow> sqlstate_table();

}  // namespace backfill
