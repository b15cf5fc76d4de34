#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace backfill::pg {

/// Which statements one session holds in prepared form, as far as the server has confirmed it. A
/// name is derived from the statement's text, so that the same text finds it again. Pure.
class PreparedStatements {
 public:
  /// More are sent unnamed: each costs the server memory for as long as the session lives.
  static constexpr std::size_t count_max = 256;

  struct Use {
    std::string name;
    bool prepare = false;  ///< the flight must prepare it before its first use
  };

  /// How the flight that is being put together refers to this statement; absent: unnamed.
  [[nodiscard]] std::optional<Use> use(std::string_view sql);

  /// The server has prepared it.
  void confirm(std::string_view sql);
  /// Whether the server had confirmed it before this flight.
  [[nodiscard]] bool is_ready(std::string_view sql) const;
  /// The flight is over: what it was to prepare and the server has not confirmed is forgotten.
  void end_flight();

  /// The server holds something else than we need under this name: the next flight drops it first.
  void replace(std::string_view sql);
  /// The names for the next flight to DEALLOCATE before all else.
  [[nodiscard]] std::vector<std::string> take_deallocations();

  /// The session does not keep what is prepared (a pooler in between): unnamed from here on.
  void distrust();

  /// "backfill_" and the FNV-1a hash of the text (Fowler, Noll, Vo; 64 bits) in hex.
  [[nodiscard]] static std::string name_of(std::string_view sql);

 private:
  struct Entry {
    std::string name;
    bool confirmed = false;
    bool of_this_flight = false;
  };

  bool trusted_ = true;
  std::map<std::string, Entry, std::less<>> entries_;
  std::set<std::string> names_;
  std::vector<std::string> deallocations_;
};

}  // namespace backfill::pg
