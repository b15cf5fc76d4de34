#pragma once

#include <cstdint>
#include <string>

#include "backfill/progress.hpp"
#include "backfill/units.hpp"

/// Numbers as people read them. Pure; the texts are UTF-8.
namespace backfill::cli {

/// 1234567 -> "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
[[nodiscard]] std::string grouped(RowCount rows);

/// Three significant digits with an SI prefix: 118300 -> "118k", 12340 -> "12.3k", 7.25 -> "7.3".
[[nodiscard]] std::string short_number(double number);

/// 0..1 as "42.1 %". Cut, not rounded, so that "100.0 %" means all; never below 0 or over 100.
[[nodiscard]] std::string percent(double fraction);

/// "40–70 s", "3–5 min", "1.5–2.1 h": both ends in the unit of the upper one.
[[nodiscard]] std::string eta_for_people(const EtaRange& eta);

/// "412 MiB".
[[nodiscard]] std::string bytes_for_people(std::int64_t bytes);

}  // namespace backfill::cli
