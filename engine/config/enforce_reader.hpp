#pragma once

#include "config/field_reader.hpp"
#include "config/yaml_document.hpp"

namespace backfill::config {

/// Reads the list behind `enforce:` into the job, a step an item; whatever does not fit is reported
/// at its place.
void read_enforce(FieldReader& reader, const Node& list);

}  // namespace backfill::config
