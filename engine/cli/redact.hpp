#pragma once

#include <string>
#include <string_view>

namespace backfill::cli {

/// A connection string fit to be shown: a URL or libpq's keyword=value form with every secret
/// (password, sslpassword and the user part's password) replaced by "***". A string that cannot be
/// told apart with certainty loses more than its password rather than less.
[[nodiscard]] std::string redact(std::string_view conninfo);

}  // namespace backfill::cli
