#include "core/time_window.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace backfill {
namespace {

constexpr int minutes_of_day = 24 * 60;
constexpr std::string_view wanted = "a window is wanted, such as 22:00-06:00 Europe/London";
constexpr std::size_t zone_length_max = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "HH:MM" at the beginning of the text.
std::optional<int> minute_of(std::string_view text) {
  if (text.size() < 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0U, 1U, 3U, 4U}) {
    if (!is_digit(text[at])) return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  const int all = hours * 60 + minutes;
  if (minutes > 59 || all > minutes_of_day) return std::nullopt;
  return all;
}

/// Which zones there are, only the server knows; that it is a name at all is seen here.
bool may_be_a_zone(std::string_view zone) {
  return !zone.empty() && zone.size() <= zone_length_max &&
         std::all_of(zone.begin(), zone.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' ||
                  c == '_' || c == '-' || c == '+' || c == ':';
         });
}

}  // namespace

Parsed<TimeWindow> parse_time_window(std::string_view text) {
  constexpr std::size_t span = 11;  // "22:00-06:00"
  const std::optional<int> from = minute_of(text);
  if (!from || *from == minutes_of_day) return TextProblem{0, std::string(wanted)};
  const std::optional<int> until =
      text.size() < span || text[5] != '-' ? std::nullopt : minute_of(text.substr(6));
  if (!until) return TextProblem{5, std::string(wanted)};
  if (*from == *until) return TextProblem{6, "a window needs an end that is not its beginning"};
  const std::size_t zone_at = std::min(text.find_first_not_of(' ', span), text.size());
  const std::string_view zone = text.substr(zone_at);
  if (zone_at == span || !may_be_a_zone(zone)) {
    return TextProblem{zone_at, "the window's time zone is wanted, such as Europe/London or UTC"};
  }
  return TimeWindow{*from, *until, std::string(zone)};
}

std::string time_window_text(const TimeWindow& window) {
  return fmt::format("{:02}:{:02}-{:02}:{:02} {}", window.from_minute / 60, window.from_minute % 60,
                     window.until_minute / 60, window.until_minute % 60, window.zone);
}

bool is_open(const TimeWindow& window, std::int64_t second_of_day) {
  const std::int64_t from = std::int64_t{window.from_minute} * 60;
  const std::int64_t until = std::int64_t{window.until_minute} * 60;
  if (from < until) return second_of_day >= from && second_of_day < until;
  return second_of_day >= from || second_of_day < until;
}

}  // namespace backfill
