#include "core/object_name.hpp"

#include <fmt/format.h>

#include "core/sql_name.hpp"

namespace backfill {

namespace {

/// The longest beginning of at most `bytes` bytes that cuts no character of UTF-8 in two.
std::string_view cut_to(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

std::string object_name(std::string_view table, const std::vector<std::string>& parts,
                        std::string_view suffix) {
  std::string middle = fmt::format("{}", fmt::join(parts, "_"));
  const std::size_t overhead = suffix.size() + 1 + (middle.empty() ? 0 : 1);
  std::size_t table_bytes = table.size();
  std::size_t middle_bytes = middle.size();
  while (table_bytes + middle_bytes + overhead > identifier_bytes_max) {
    if (table_bytes > middle_bytes) {
      --table_bytes;
    } else {
      --middle_bytes;
    }
  }
  std::string name{cut_to(table, table_bytes)};
  if (!middle.empty()) name.append("_").append(cut_to(middle, middle_bytes));
  return name.append("_").append(suffix);
}

std::string keep_trigger(std::string_view job) {
  return "|" + std::string{job} + "_backfill_keep";
}

}  // namespace backfill
