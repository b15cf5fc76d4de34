#include "run/setting_changes.hpp"

#include <algorithm>

#include "config/live_setting.hpp"

namespace backfill::run {

namespace {

/// The settings as they are in force.
std::vector<Setting> in_force(const Wishes& wishes) {
  std::vector<Setting> settings;
  for (const StoredSetting& stored : wishes.settings) {
    const std::optional<std::string>& value = stored.value ? stored.value : stored.file_value;
    if (value) settings.push_back({stored.key, *value});
  }
  return settings;
}

std::optional<std::string> value_in_force(const Wishes& wishes, const std::string& key) {
  const StoredSetting* stored = find_setting(wishes, key);
  if (stored == nullptr) return std::nullopt;
  return stored->value ? stored->value : stored->file_value;
}

}  // namespace

const StoredSetting* find_setting(const Wishes& wishes, const std::string& key) {
  const auto found = std::ranges::find(wishes.settings, key, &StoredSetting::key);
  return found == wishes.settings.end() ? nullptr : &*found;
}

std::optional<Problem> plan_changes(const ControlRequest& request, const Wishes& wishes,
                                    std::vector<Command::Change>* changes) {
  std::vector<std::string> reset = request.reset;
  for (const std::string& key : reset) {
    if (auto problem = problem_of_key(key)) return problem;
  }
  for (const StoredSetting& stored : wishes.settings) {
    if (request.reset_all && stored.value) reset.push_back(stored.key);
  }
  Wishes left = wishes;
  for (const std::string& key : reset) {
    const StoredSetting* stored = find_setting(wishes, key);
    if (stored == nullptr) continue;
    auto& in_left = *std::ranges::find(left.settings, key, &StoredSetting::key);
    if (!in_left.value) continue;
    changes->push_back({key, stored->value, std::nullopt});
    in_left.value.reset();
  }
  Job job = job_with_settings(in_force(left));
  std::vector<Setting> settings;
  for (const auto& [key, value] : request.settings) settings.push_back({key, value});
  if (auto problem = apply_settings(job, settings)) return problem;
  const std::vector<Setting> after = live_settings(job);
  for (const Setting& wanted : settings) {
    // As the job file would have it: " 02 " is 2.
    const auto read = std::ranges::find(after, wanted.key, &Setting::key);
    std::erase_if(*changes, [&](const auto& change) { return change.key == wanted.key; });
    changes->push_back({wanted.key, value_in_force(wishes, wanted.key),
                        read == after.end() ? wanted.value : read->value});
  }
  return std::nullopt;
}

}  // namespace backfill::run
