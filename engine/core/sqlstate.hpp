#pragma once

#include <string_view>

#include "backfill/error.hpp"

namespace backfill {

/// SQLSTATEs that the control schema's functions raise.
inline constexpr std::string_view sqlstate_lease_lost = "BF001";
inline constexpr std::string_view sqlstate_checkpoint_moved = "BF002";

/// The class of a server error by its SQLSTATE: the one table, per code and then per class
/// (PostgreSQL manual, appendix A). An unknown code is `fatal`.
[[nodiscard]] ErrorClass classify_sqlstate(std::string_view sqlstate);

}  // namespace backfill
