#pragma once

#include <vector>

#include "catalog/read_only.hpp"
#include "core/dependants.hpp"

namespace backfill {

/// Everything that hangs on the columns. What our own engine has made for them is left out: such
/// objects have `__backfill` in their names. Reads in one READ ONLY transaction and takes ACCESS
/// SHARE locks only. Errors: a column that is not there, and the server's own.
[[nodiscard]] asio::awaitable<Result<Dependants>> read_dependants(
    pg::Connection* connection, std::vector<CarriedColumn> columns, InspectionSettings settings);

/// Whether each trial of a plan passes: the server parses it, and returns no row.
/// One Error per trial that it refuses, in their order; absent for one that passes.
[[nodiscard]] asio::awaitable<Result<std::vector<std::optional<Error>>>> try_statements(
    pg::Connection* connection, std::vector<std::string> statements, InspectionSettings settings);

}  // namespace backfill
