#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "pg/statement.hpp"

/// Reads fields of a result by position. A field that is not what its statement promises is a bug
/// of ours, never a failure at run time: it ends the process.
namespace backfill::pg {

using Row = std::vector<Param>;

[[nodiscard]] inline const Param& field(const Row& row, std::size_t column) {
  if (column >= row.size()) std::abort();
  return row[column];
}

[[nodiscard]] inline bool is_null(const Row& row, std::size_t column) {
  return !field(row, column).has_value();
}

/// The text of a field; NULL reads as the empty string.
[[nodiscard]] inline std::string text_field(const Row& row, std::size_t column) {
  return field(row, column).value_or(std::string{});
}

[[nodiscard]] inline bool bool_field(const Row& row, std::size_t column) {
  return field(row, column) == "t";
}

[[nodiscard]] inline std::optional<std::int64_t> optional_integer_field(const Row& row,
                                                                        std::size_t column) {
  const Param& text = field(row, column);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (code != std::errc{} || end != text->data() + text->size()) std::abort();
  return number;
}

[[nodiscard]] inline std::int64_t integer_field(const Row& row, std::size_t column) {
  return optional_integer_field(row, column).value_or(0);
}

/// The server's shortest exact decimal form; NULL is absent.
[[nodiscard]] inline std::optional<double> optional_number_field(const Row& row,
                                                                 std::size_t column) {
  const Param& text = field(row, column);
  if (!text) return std::nullopt;
  return std::strtod(text->c_str(), nullptr);
}

}  // namespace backfill::pg
