#include "pg/scrub.hpp"

#include <algorithm>

namespace backfill::pg {

Scrubber::Scrubber(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_, [](const std::string& secret) { return secret.empty(); });
  std::sort(secrets_.begin(), secrets_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Scrubber::operator()(std::string_view text) const {
  constexpr std::string_view mask = "***";
  std::string scrubbed{text};
  for (const std::string& secret : secrets_) {
    std::size_t at = 0;
    while ((at = scrubbed.find(secret, at)) != std::string::npos) {
      scrubbed.replace(at, secret.size(), mask);
      at += mask.size();
    }
  }
  return scrubbed;
}

std::string without_quotations(std::string_view text) {
  const std::size_t first = text.find('"');
  if (first == std::string_view::npos) return std::string{text};
  // The quoted text may hold quotation marks itself: everything up to the last one goes.
  const std::size_t last = text.rfind('"');
  const std::string_view rest = last > first ? text.substr(last + 1) : std::string_view{};
  return std::string{text.substr(0, first)} + "\"…\"" + std::string{rest};
}

}  // namespace backfill::pg
