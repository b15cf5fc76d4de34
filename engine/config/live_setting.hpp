#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "config/problem.hpp"

/// The settings that may change while a job runs: all of `pace` and `throttle`, and what `safety`
/// bounds. Not those that would make the runner do something new on somebody else's word: run a
/// query, read a file, connect somewhere. These come from the job file alone.
namespace backfill {

/// "pace.connections" and "2": a job file's key, and its value as the file would have it. Lists are
/// written with commas.
struct Setting {
  std::string key;
  std::string value;
  friend bool operator==(const Setting&, const Setting&) = default;
};

/// Changes settings of a running job, all of them or none: together they must fit, in any order. An
/// unknown key, one given twice, an empty value or one that does not fit is refused, with a problem
/// that has no file.
[[nodiscard]] std::optional<Problem> apply_settings(Job& job, const std::vector<Setting>& settings);

/// The same for one.
[[nodiscard]] std::optional<Problem> apply_setting(Job& job, std::string_view key,
                                                   std::string_view value);

/// Changes as many of the settings as fit, and says why each of the others does not: beside one
/// that is refused the rest still counts. A setting may have to wait for another (a new `slow` for
/// the new `stop`), or for all of its section that are given (one that the job does not have yet).
[[nodiscard]] std::vector<Problem> apply_settings_that_fit(Job& job, std::vector<Setting> settings);

/// Every live setting that the job has, as `apply_setting` reads it back. Sections that it does not
/// have are left out.
[[nodiscard]] std::vector<Setting> live_settings(const Job& job);

/// A job of which only this is known: for checking changes where its file is not at hand. Settings
/// that this version does not know are passed over.
[[nodiscard]] Job job_with_settings(const std::vector<Setting>& settings);

/// Why the key cannot be set on a running job; nothing when it can.
[[nodiscard]] std::optional<Problem> problem_of_key(std::string_view key);

}  // namespace backfill
