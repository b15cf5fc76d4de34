#include "pg/scrub.hpp"

#include <algorithm>

namespace backfill::pg {

namespace {

constexpr std::string_view mask = "***";

/// A shorter secret stands in half of all words by chance: replacing it everywhere would garble
/// every message, and show the secret by what is missing.
constexpr std::size_t length_anywhere = 6;

bool ends_with_keyword(std::string_view before) {
  if (before.ends_with('\'')) before.remove_suffix(1);
  return before.ends_with("password=") || before.ends_with("password = ");
}

bool ends_value(std::string_view after) {
  return after.empty() || after.front() == '\'' || after.front() == '&' || after.front() == ' ' ||
         after.front() == '\n';
}

/// Whether the text between the two is a whole value where a connection string has its password:
/// `password=x`, `password='x'`, `…?password=x&…` or `user:x@host`.
bool is_password_place(std::string_view before, std::string_view after) {
  if (ends_with_keyword(before) && ends_value(after)) return true;
  const std::size_t scheme = before.rfind("://");
  return before.ends_with(':') && after.starts_with('@') && scheme != std::string_view::npos &&
         before.find_first_of("/ ", scheme + 3) == std::string_view::npos;
}

}  // namespace

Scrubber::Scrubber(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_, [](const std::string& secret) { return secret.empty(); });
  std::sort(secrets_.begin(), secrets_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Scrubber::operator()(std::string_view text) const {
  std::string scrubbed{text};
  for (const std::string& secret : secrets_) {
    std::size_t at = 0;
    while ((at = scrubbed.find(secret, at)) != std::string::npos) {
      const std::string_view whole = scrubbed;
      const bool hide = secret.size() >= length_anywhere ||
                        is_password_place(whole.substr(0, at), whole.substr(at + secret.size()));
      if (hide) scrubbed.replace(at, secret.size(), mask);
      at += hide ? mask.size() : 1;
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
