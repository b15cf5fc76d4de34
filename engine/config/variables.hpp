#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_document.hpp"

namespace backfill {

/// The value of an environment variable, absent when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

}  // namespace backfill

/// `${VAR}` and `${VAR:-default}` (the default also when VAR is set but empty, as in a shell) in
/// the values of a job file; `$${` stands for `${` itself. Replaced after YAML was parsed, so that
/// a variable is never more than text inside the value that names it.
namespace backfill::config {

/// Replaces the variables in every scalar value under `node`; keys stay as they are.
void replace_variables(Node& node, const SourceText& source, const Environment& environment,
                       std::vector<PlacedProblem>& problems);

/// Where byte `offset` of a scalar's `value` comes from.
[[nodiscard]] Position position_in(const Node& scalar, std::size_t offset,
                                   const SourceText& source);

}  // namespace backfill::config
