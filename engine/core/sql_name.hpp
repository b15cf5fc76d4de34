#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "backfill/job.hpp"
#include "core/text_problem.hpp"

/// Names as SQL reads them (PostgreSQL manual, 4.1.1): an unquoted name folds its ASCII letters to
/// lower case, a quoted one stands as it is with `""` for `"`, and letters outside ASCII are
/// letters. Keywords are not policed: every name is quoted again before the server sees it.
namespace backfill {

/// NAMEDATALEN - 1. The server cuts longer names and only warns; here they are a problem.
inline constexpr std::size_t identifier_bytes_max = 63;

/// `Email` -> `email`, `"Email"` -> `Email`. Blanks around the name are ignored.
[[nodiscard]] Parsed<std::string> parse_identifier(std::string_view text);

/// `public.users`, `users`, `"My Schema"."Users"`.
[[nodiscard]] Parsed<QualifiedName> parse_qualified_name(std::string_view text);

/// `email_normalized text` -> a name and a type. Constraints, defaults and collations are refused:
/// they are not part of the type, and each would lock or rewrite the table in its own way.
[[nodiscard]] Parsed<AddColumn> split_column_definition(std::string_view text);

/// The name as a person would write it: quoted only where SQL would otherwise read another name.
[[nodiscard]] std::string name_text(std::string_view name);
[[nodiscard]] std::string name_text(const QualifiedName& name);

}  // namespace backfill
