#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "cli/ask_status.hpp"
#include "cli/commands.hpp"
#include "cli/gate.hpp"
#include "cli/job_source.hpp"

namespace backfill::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds ask_every{1};

Result<std::vector<GateAnswer>> ask(const std::vector<NamedJob>& jobs) {
  std::vector<GateAnswer> answers;
  for (const NamedJob& job : jobs) {
    const auto status = ask_status(job.conninfo, job.name);
    if (!status) return status.error();
    answers.push_back(
        gate_answer(job.name, status->empty() ? std::nullopt : std::optional(status->front())));
  }
  return answers;
}

ExitCode closed(Console& console, const std::vector<GateAnswer>& answers) {
  run::Outcome outcome;
  outcome.code = ExitCode::not_done;
  for (const GateAnswer& answer : answers) outcome.details.push_back(answer.line);
  const auto open = std::count_if(answers.begin(), answers.end(),
                                  [](const GateAnswer& answer) { return answer.open; });
  outcome.summary = fmt::format("gate closed: {} of {} job{} done", open, answers.size(),
                                answers.size() == 1 ? "" : "s");
  outcome.next = "backfill status";
  console.report("not_done", outcome);
  return outcome.code;
}

}  // namespace

ExitCode gate_command(const GateArguments& arguments, Console& console) {
  std::vector<NamedJob> jobs;
  for (const std::string& word : arguments.jobs) {
    auto job = resolve_job(console, word);
    if (!job) return ExitCode::usage;
    jobs.push_back(*std::move(job));
  }
  const auto give_up = SteadyClock::now() + arguments.wait.value_or(std::chrono::milliseconds{0});
  bool asked = false;
  while (true) {
    const auto answers = ask(jobs);
    const auto left = give_up - SteadyClock::now();
    const bool last = left <= SteadyClock::duration::zero();
    // A server that answered once may restart while we wait; one never reached is a wrong address.
    const bool worth_waiting = answers || (asked && answers.error().kind == ErrorClass::reconnect);
    if (!answers && (last || !worth_waiting)) {
      return console.report(answers.error(),
                            fmt::format("backfill gate {}", fmt::join(arguments.jobs, " ")));
    }
    if (answers) {
      asked = true;
      const bool open = std::all_of(answers->begin(), answers->end(),
                                    [](const GateAnswer& answer) { return answer.open; });
      if (open) {
        for (const GateAnswer& answer : *answers) console.print(answer.line + "\n");
        return ExitCode::done;
      }
      if (last) return closed(console, *answers);
    }
    std::this_thread::sleep_for(std::min<SteadyClock::duration>(left, ask_every));
  }
}

}  // namespace backfill::cli
