#pragma once

#include <string>
#include <string_view>

#include "core/dependants.hpp"

/// What can be told of a `using` expression, which a person wrote, without a server.
namespace backfill {

/// Whether it only casts the column: `c::t` or `CAST(c AS t)`.
[[nodiscard]] bool plain_cast(std::string_view expression, std::string_view column);

/// Whether it may read another column of the table.
[[nodiscard]] bool mentions_others(std::string_view expression, const ColumnFacts& facts);

/// The expression over another column: `name` (SQL) in the place of the column.
[[nodiscard]] std::string replace_column(std::string_view expression, std::string_view column,
                                         std::string_view name);

/// The expression with `value` (SQL) in the place of the column.
[[nodiscard]] std::string apply_using(std::string_view expression, std::string_view column,
                                      std::string_view value);

}  // namespace backfill
