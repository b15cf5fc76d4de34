#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backfill::pg {

/// Takes secrets out of text that libpq or a server wrote.
class Scrubber {
 public:
  Scrubber() = default;
  explicit Scrubber(std::vector<std::string> secrets);

  /// The text with every secret in it replaced by "***". One of less than six characters is
  /// replaced only as a whole value where a connection string has its password.
  [[nodiscard]] std::string operator()(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  ///< longest first, so that no part of a longer one is left
};

/// The text with all that it quotes replaced by "…": for complaints about a connection string which
/// nobody could parse, so that nobody knows either which part of it is the password.
[[nodiscard]] std::string without_quotations(std::string_view text);

}  // namespace backfill::pg
