#include "config/live_setting.hpp"

#include <algorithm>
#include <array>
#include <set>
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
constexpr std::array<std::string_view, 3> live_safety{"safety.lock_timeout",
                                                      "safety.statement_timeout", "safety.retries"};
/// Whoever may write to the control schema must not thereby run statements as the runner's role,
/// look at its machine's files or have it connect elsewhere; and no password belongs in there.
constexpr std::array<std::string_view, 3> of_the_file_alone{
    "throttle.query.sql", "throttle.flag_file", "throttle.replica_lag.standbys"};
/// Chosen once, when a run cuts the key.
constexpr std::string_view of_a_run = "pace.stripes";

template <class Words>
bool holds(const Words& words, std::string_view path) {
  return std::find(words.begin(), words.end(), path) != words.end();
}

bool is_live(std::string_view path) {
  const bool in_section =
      std::any_of(live_prefixes.begin(), live_prefixes.end(),
                  [&](std::string_view prefix) { return path.starts_with(prefix); });
  if (path == of_a_run || holds(of_the_file_alone, path)) return false;
  return in_section || holds(live_safety, path);
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
  if (holds(of_the_file_alone, key)) {
    return refusal(fmt::format(
        "{} is read from the job file alone: change it there, and run the job again", key));
  }
  if (table.find(key) != nullptr) {
    return refusal(fmt::format(
        "{} cannot change while a job runs; settings of pace and throttle can, and the limits "
        "of safety",
        key));
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

/// Reads one value into the job; whether it fits with the others is not its business.
std::optional<Problem> read_setting(Job& job, std::string_view key, std::string_view value) {
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
  const SourceText source(value);
  std::vector<PlacedProblem> problems;
  const bool takes_list = std::holds_alternative<TextList>(field->type);
  FieldReader(job, source, problems).read(*field, takes_list ? list(value) : scalar(value));
  if (!problems.empty()) return refusal(problems.front().message);
  return std::nullopt;
}

/// A section that the job does not have can be given to it, but only whole.
std::optional<Problem> missing_with(const Job& before, const std::vector<Setting>& settings) {
  const FieldTable table(before.kind);
  std::set<std::string> known;
  for (const Setting& setting : live_settings(before)) known.insert(setting.key);
  for (const Setting& setting : settings) known.insert(setting.key);
  for (const Setting& setting : settings) {
    const Field* given = table.find(setting.key);
    if (given == nullptr || !given->required) continue;
    const std::string_view section = given->path.substr(0, given->path.rfind('.') + 1);
    for (const Field* field : table.fields()) {
      if (!field->required || !field->path.starts_with(section) || !is_live(field->path)) continue;
      if (known.contains(std::string(field->path))) continue;
      return refusal(fmt::format("{} is wanted beside {}", field->path, given->path));
    }
  }
  return std::nullopt;
}

std::string_view section_of(const Setting& setting) {
  return std::string_view(setting.key).substr(0, setting.key.rfind('.') + 1);
}

/// Those of the settings that are of one section.
std::vector<Setting> of_section(const std::vector<Setting>& settings, std::string_view section) {
  std::vector<Setting> found;
  for (const Setting& setting : settings) {
    if (section_of(setting) == section) found.push_back(setting);
  }
  return found;
}

/// Each alone, in turns until none fits any more; takes those that do out of the settings.
std::vector<Problem> apply_one_by_one(Job& job, std::vector<Setting>& settings) {
  std::vector<Problem> problems;
  for (std::size_t before = settings.size() + 1; settings.size() < before;) {
    before = settings.size();
    problems.clear();
    std::erase_if(settings, [&](const Setting& setting) {
      auto problem = apply_settings(job, {setting});
      if (problem) problems.push_back(std::move(*problem));
      return !problem;
    });
  }
  return problems;
}

/// Those of one section together; takes them out of the settings when they fit.
bool apply_a_section(Job& job, std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    const std::string section(section_of(setting));
    if (apply_settings(job, of_section(settings, section))) continue;
    std::erase_if(settings, [&](const Setting& done) { return section_of(done) == section; });
    return true;
  }
  return false;
}

}  // namespace
}  // namespace config

std::vector<Problem> apply_settings_that_fit(Job& job, std::vector<Setting> settings) {
  if (!apply_settings(job, settings)) return {};
  std::vector<Problem> problems = config::apply_one_by_one(job, settings);
  while (config::apply_a_section(job, settings)) problems = config::apply_one_by_one(job, settings);
  return problems;
}

std::optional<Problem> apply_settings(Job& job, const std::vector<Setting>& settings) {
  Job changed = job;
  std::set<std::string_view> seen;
  for (const Setting& setting : settings) {
    if (!seen.insert(setting.key).second) {
      return config::refusal(fmt::format("{} is given twice", setting.key));
    }
    if (auto problem = config::read_setting(changed, setting.key, setting.value)) return problem;
  }
  if (auto problem = config::missing_with(job, settings)) return problem;
  for (const config::Conflict& conflict : config::conflicts_of(changed)) {
    return config::refusal(conflict.message);
  }
  job = std::move(changed);
  return std::nullopt;
}

std::optional<Problem> apply_setting(Job& job, std::string_view key, std::string_view value) {
  return apply_settings(job, {{std::string(key), std::string(value)}});
}

std::optional<Problem> problem_of_key(std::string_view key) {
  const config::FieldTable table(Job{}.kind);
  if (table.find(key) != nullptr && config::is_live(key)) return std::nullopt;
  return config::unknown_key(table, key);
}

Job job_with_settings(const std::vector<Setting>& settings) {
  Job job;
  const bool has_query = std::any_of(settings.begin(), settings.end(), [](const Setting& setting) {
    return setting.key.starts_with("throttle.query.");
  });
  if (has_query) job.throttle.query.emplace().sql = "SELECT 0";  // stands for the job's own
  for (const Setting& setting : settings) {
    static_cast<void>(config::read_setting(job, setting.key, setting.value));
  }
  return job;
}

}  // namespace backfill
