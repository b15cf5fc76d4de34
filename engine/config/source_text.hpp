#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/text_problem.hpp"

namespace backfill::config {

struct Position {
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1, in characters
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// How a scalar is written in the file.
enum class ScalarStyle { plain, single_quoted, double_quoted, block };

/// A scalar as it stands in the file: the bytes `[begin, end)` between the quotes, if any.
struct RawScalar {
  ScalarStyle style = ScalarStyle::plain;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The text of a file, and where things are in it. Keeps a view: the text must outlive it.
class SourceText {
 public:
  explicit SourceText(std::string_view text);

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] Position position_of(std::size_t byte) const;

  /// The byte that gave rise to byte `offset` of the scalar's value. Exact for all but blanks that
  /// folding or indentation took away: those lead to a neighbour.
  [[nodiscard]] std::size_t byte_of(const RawScalar& raw, std::string_view value,
                                    std::size_t offset) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
};

/// The first byte that is not UTF-8 (RFC 3629) or is a control character that YAML forbids.
[[nodiscard]] std::optional<TextProblem> problem_of_encoding(std::string_view text);

}  // namespace backfill::config
