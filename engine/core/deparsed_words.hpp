#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql_scan.hpp"

namespace backfill {

/// The words of SQL that the server has printed, and where brackets and types end among them. All
/// positions are indexes of words; one past the end is a word that is nothing.
class DeparsedWords {
 public:
  explicit DeparsedWords(std::string_view sql);

  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] const SqlToken& operator[](std::size_t at) const { return tokens_[at]; }
  [[nodiscard]] std::string_view text(std::size_t at) const;
  [[nodiscard]] bool is(std::size_t at, std::string_view word) const { return text(at) == word; }
  /// What a quoted or unquoted identifier names.
  [[nodiscard]] std::optional<std::string> name(std::size_t at) const;
  /// An unquoted word in capitals.
  [[nodiscard]] bool is_keyword(std::size_t at) const;

  /// From the `::` of a cast to behind its type, `public.mood[]` or `timestamp(3) with time zone`;
  /// `at` itself where no cast begins.
  [[nodiscard]] std::size_t skip_type(std::size_t at) const;
  /// Behind `a.b.c`.
  [[nodiscard]] std::size_t skip_name(std::size_t at) const;
  /// From a `(` to behind its `)`.
  [[nodiscard]] std::size_t skip_bracket(std::size_t at) const;
  /// The parts between the commas of the bracket that opens at `at`.
  [[nodiscard]] std::vector<std::string> split_bracket(std::size_t at) const;

 private:
  [[nodiscard]] std::size_t skip_type_words(std::size_t at) const;

  std::string_view sql_;
  std::vector<SqlToken> tokens_;
};

}  // namespace backfill
