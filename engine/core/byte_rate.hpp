#pragma once

#include <string>
#include <string_view>

#include "backfill/units.hpp"
#include "core/text_problem.hpp"

namespace backfill {

/// Reads "50MB/s": a whole number, a unit (kB, MB or GB, each 1024 times the one before, as in the
/// server's settings) and "/s". From 1kB/s to 1024GB/s.
[[nodiscard]] Parsed<ByteCount> parse_byte_rate(std::string_view text);

/// What `parse_byte_rate` reads back; whole kilobytes.
[[nodiscard]] std::string byte_rate_text(ByteCount per_second);

/// Reads "20GB": a whole number and a unit as above. From 1kB to 1048576GB.
[[nodiscard]] Parsed<ByteCount> parse_byte_size(std::string_view text);

/// What `parse_byte_size` reads back; whole kilobytes.
[[nodiscard]] std::string byte_size_text(ByteCount bytes);

}  // namespace backfill
