#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the fuzz targets share: the input in parts, and how a broken promise is told.
namespace backfill::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The text before the first `separator`, which `rest` then begins after; all of it when there is
/// none.
inline std::string take_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  std::string part(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

/// libFuzzer keeps the input of a process that aborts.
inline void promise(bool kept, const char* what, std::string_view shown = {}) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n%.*s\n", what, static_cast<int>(shown.size()),
               shown.data());
  std::abort();
}

}  // namespace backfill::fuzz
