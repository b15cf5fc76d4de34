#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/live_setting.hpp"
#include "fuzz/fuzz.hpp"
#include "run/enforce_record.hpp"

// What stands in the control tables, whoever wrote it there: settings, line by line as KEY=VALUE,
// and the JSON of a phase. A value counts whole or not at all.

using namespace backfill;
using namespace backfill::fuzz;

namespace {

std::vector<Setting> settings_in(std::string_view text) {
  std::vector<Setting> settings;
  for (std::string_view rest = text; !rest.empty() && settings.size() < 8;) {
    const std::string line = take_part(rest, '\n');
    std::string_view pair = line;
    std::string key = take_part(pair, '=');
    settings.push_back({std::move(key), std::string(pair)});
  }
  return settings;
}

void check_settings(const std::vector<Setting>& settings) {
  Job job;
  const std::vector<Setting> before = live_settings(job);
  if (apply_settings(job, settings)) {
    promise(live_settings(job) == before, "settings that are refused change nothing");
    static_cast<void>(apply_settings_that_fit(job, settings));
  }
  const std::vector<Setting> shown = live_settings(job);
  Job again;
  const auto problem = apply_settings(again, shown);
  // A section that only the file can give (its query, its signals) is not made by its limits.
  if (!problem) promise(live_settings(again) == shown, "settings that are shown are read back");
}

void check_record(std::string_view json) {
  const run::EnforceRecord record = run::EnforceRecord::parse(json);
  promise(run::EnforceRecord::parse(record.json()).begun == record.begun,
          "what a phase remembers is read back", json);
  const std::vector<std::string> columns = run::parse_added_columns(json);
  promise(run::parse_added_columns(run::added_columns_json(columns)) == columns,
          "the columns that a phase added are read back", json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check_settings(settings_in(text));
  check_record(text);
  return 0;
}
