#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/wishes.hpp"
#include "config/problem.hpp"
#include "run/run.hpp"

namespace backfill::run {

/// The changes that a `set` comes to, given what is in force: first those that go back to the
/// file's value. A problem when they do not fit together with the settings that stay; `changes` is
/// then of no use. Pure.
[[nodiscard]] std::optional<Problem> plan_changes(const ControlRequest& request,
                                                  const Wishes& wishes,
                                                  std::vector<Command::Change>* changes);

/// Null when nothing is known of the key.
[[nodiscard]] const StoredSetting* find_setting(const Wishes& wishes, const std::string& key);

}  // namespace backfill::run
