#include <algorithm>
#include <string>

#include "config/job_reader.hpp"
#include "config/live_setting.hpp"
#include "config/meaning.hpp"
#include "fuzz/fuzz.hpp"

// A job file and, behind a NUL byte, the value of every variable that it names. Whatever it holds,
// it is read or refused with places that exist; what is read can be shown and read again.

using namespace backfill;
using namespace backfill::fuzz;

namespace {

void check_problems(const ReadJob& read, std::string_view text, const std::string& variable) {
  const auto lines =
      1 + std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
  promise(read.job.has_value() == read.problems.empty(), "a job, or the problems of one");
  for (const Problem& problem : read.problems) {
    promise(!problem.message.empty(), "a problem says what it is");
    promise(problem.line >= 0 && problem.line <= lines, "a problem is in the file", text);
    promise(problem.column >= 0, "a problem is in its line");
    // Shorter ones are found in the wording of a message by chance.
    const bool shown = variable.size() >= 12 && text.find(variable) == std::string_view::npos &&
                       format(problem).find(variable) != std::string::npos;
    promise(!shown, "a problem never holds the value of a variable", format(problem));
  }
}

void check_settings(const Job& job) {
  for (const Setting& setting : live_settings(job)) {
    Job changed = job;
    const auto problem = apply_setting(changed, setting.key, setting.value);
    promise(!problem, "a setting that is shown can be set", setting.key + "=" + setting.value);
    promise(live_settings(changed) == live_settings(job), "setting what is there changes nothing",
            setting.key + "=" + setting.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text_of(data, size);
  const std::string text = take_part(rest, '\0');
  const std::string variable(rest);
  const ReadJob read = read_job("20260101_0900_job.yaml", text,
                                [&](std::string_view) { return std::optional(variable); });
  check_problems(read, text, variable);
  if (!read.job) return 0;
  promise(!meaning_of(*read.job).empty(), "a job means something");
  check_settings(*read.job);
  return 0;
}
