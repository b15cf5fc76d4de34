#pragma once

#include <cstdint>
#include <optional>

#include "config/yaml_document.hpp"

/// Numbers by YAML 1.2's core schema (10.3.2): only plain scalars are numbers, `010` is ten, `0o10`
/// is eight, and `1_000`, `0b1` and `1:30` are text.
namespace backfill::config {

/// A number too large for 64 bits reads as the largest, so that ranges refuse it.
[[nodiscard]] std::optional<std::int64_t> whole_number(const Node& node);

/// Finite numbers alone: no limit can be compared with `.nan`, and `.inf` is none.
[[nodiscard]] std::optional<double> decimal_number(const Node& node);

}  // namespace backfill::config
