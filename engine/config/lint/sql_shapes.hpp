#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What can be seen in the text of an expression without a server. Names of functions decide, so a
/// function of one's own that is named like one of the server's is taken for that.
namespace backfill::lint {

/// A place in an expression, and what stands there.
struct Sight {
  std::string what;  ///< the function's name, or the comparison
  std::size_t offset = 0;
  friend bool operator==(const Sight&, const Sight&) = default;
};

/// random(), gen_random_uuid(), nextval(): another value each time.
[[nodiscard]] std::vector<Sight> volatile_calls(std::string_view expression);

/// now(), current_date and their kin: one value in a transaction, another in the next.
[[nodiscard]] std::vector<Sight> clock_calls(std::string_view expression);

/// pg_notify(), setval(), dblink_exec(): they do something besides giving a value.
[[nodiscard]] std::vector<Sight> side_effects(std::string_view expression);

/// `replace_me`, which `backfill new` writes where only the author knows what belongs.
[[nodiscard]] std::optional<Sight> placeholder(std::string_view expression);

/// `= NULL`, `<> NULL`, `NULL = x`, `NOT IN (1, NULL)`: never true.
[[nodiscard]] std::optional<Sight> comparison_with_null(std::string_view expression);

/// A column whose new value is computed from what the job writes, so that doing it twice gives
/// another result than doing it once: `n + 1` for `n`, `reverse(t)` for `t`, `b` for `a` where the
/// job sets `b`, too. `lower(email)` for `email` is none. Errs on the side of yes.
struct Reader {
  std::string_view table;             ///< unquoted, without its schema
  std::string_view column;            ///< whose value the expression is
  std::span<const std::string> sets;  ///< all that the job sets
};
[[nodiscard]] std::optional<Sight> changes_when_repeated(std::string_view expression,
                                                         const Reader& reader);

/// Whether the expression is the column alone, in parentheses or not.
[[nodiscard]] bool is_column_alone(std::string_view expression, std::string_view column);

/// Whether it is the column, or a cast of it, and nothing more.
[[nodiscard]] bool is_cast_of(std::string_view expression, std::string_view column);

/// Whether it is NULL, cast or not.
[[nodiscard]] bool is_null_literal(std::string_view expression);

}  // namespace backfill::lint
