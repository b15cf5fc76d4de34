#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The text form of one-dimensional arrays (PostgreSQL manual, 8.15.6): `{"a","b\"c"}`.
namespace backfill::pg {

/// Every element quoted, so that no element can be taken for NULL or for syntax.
[[nodiscard]] std::string text_array(const std::vector<std::string>& elements);

[[nodiscard]] std::string integer_array(const std::vector<std::int64_t>& elements);

/// The elements of an array that the server printed; a NULL element reads as the empty string. A
/// text that is no one-dimensional array gives what could be read before the fault.
[[nodiscard]] std::vector<std::string> parse_text_array(std::string_view text);

}  // namespace backfill::pg
