#include "config/live_setting.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/field_reader.hpp"
#include "config/field_table.hpp"
#include "config/job_checks.hpp"
#include "config/source_text.hpp"
#include "core/nearest.hpp"

namespace backfill {
namespace config {
namespace {

constexpr std::array<std::string_view, 2> live_prefixes{"pace.", "throttle."};

bool is_live(std::string_view path) {
  return std::any_of(live_prefixes.begin(), live_prefixes.end(),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

Problem refusal(std::string message) {
  return {{}, 0, 0, std::move(message)};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Problem unknown_key(const FieldTable& table, std::string_view key) {
  if (table.find(key) != nullptr) {
    return refusal(
        fmt::format("{} cannot change while a job runs; only pace and throttle settings can", key));
  }
  std::vector<std::string_view> valid;
  for (const Field* field : table.fields()) {
    if (is_live(field->path)) valid.push_back(field->path);
  }
  // Whoever leaves the sections out means the one key of that name.
  const std::optional<std::string> path = table.path_ending_in(key);
  if (path && is_live(*path) && table.find(*path) != nullptr) {
    return refusal(fmt::format("unknown setting \"{}\"; did you mean {}?", key, *path));
  }
  if (const auto nearest = nearest_word(key, valid)) {
    return refusal(fmt::format("unknown setting \"{}\"; did you mean {}?", key, *nearest));
  }
  return refusal(
      fmt::format("unknown setting \"{}\"; the settings are: {}", key, fmt::join(valid, ", ")));
}

Node scalar(std::string_view text) {
  Node node;
  node.parsed = text;
  node.value = text;
  node.raw.end = text.size();
  return node;
}

Node list(std::string_view text) {
  Node node;
  node.shape = Node::Shape::sequence;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = text.find(',', begin);
    node.items.push_back(scalar(trimmed(text.substr(begin, comma - begin))));
    if (comma == std::string_view::npos) return node;
    begin = comma + 1;
  }
}

}  // namespace
}  // namespace config

std::optional<Problem> apply_setting(Job& job, std::string_view key, std::string_view value) {
  using namespace config;
  const FieldTable table(job.kind);
  const Field* field = table.find(key);
  if (field == nullptr || !is_live(key)) return unknown_key(table, key);
  value = trimmed(value);
  if (value.empty()) {
    return refusal(fmt::format("{} needs a value: {}", key, describe(field->type)));
  }
  if (const auto problem = problem_of_encoding(value)) {
    return refusal(fmt::format("{}: the value is not readable text", key));
  }
  if (key.starts_with("throttle.query.") && !job.throttle.query) {
    return refusal(fmt::format("{} cannot be set alone: this job has no throttle.query", key));
  }
  Job changed = job;
  const SourceText source(value);
  std::vector<PlacedProblem> problems;
  const bool takes_list = std::holds_alternative<TextList>(field->type);
  FieldReader(changed, source, problems).read(*field, takes_list ? list(value) : scalar(value));
  if (!problems.empty()) return refusal(problems.front().message);
  for (const Conflict& conflict : conflicts_of(changed)) return refusal(conflict.message);
  job = std::move(changed);
  return std::nullopt;
}

}  // namespace backfill
