#pragma once

#include <string>
#include <string_view>

/// The names of what keeps the two columns of a type-copy in step. Like the names of its columns
/// (type_copy_carry.hpp) they follow from the job alone, so that a later run finds in the catalog
/// what an earlier one has done. Unquoted, and at most 63 bytes.
namespace backfill {

/// The trigger's function, in schema backfill: `sync_signals_confidence__backfill`. `table` tells
/// the tables of one job apart; empty for the job's own.
[[nodiscard]] std::string sync_function(std::string_view job, std::string_view table);

/// BEFORE triggers of a row fire in the order of their names' bytes, and `~` is the last ASCII
/// character: this one sees what all others have made of the row.
[[nodiscard]] std::string sync_trigger(std::string_view job, std::string_view table);

/// The setting by which the trigger knows the job's own batches: its value is the job's name.
inline constexpr std::string_view batch_setting = "backfill.job";

}  // namespace backfill
