#include "run/earlier_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/control_schema.hpp"
#include "config/meaning.hpp"

namespace backfill::run {

namespace {

std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

bool lacks_privilege(const Error& error) {
  return error.sqlstate == "42501";
}

asio::awaitable<Result<std::optional<JobRecord>>> find_earlier_run(pg::Connection* connection,
                                                                   std::string name) {
  const Result<std::optional<int>> version = co_await read_control_schema_version(connection);
  if (!version && !lacks_privilege(version.error())) co_return version.error();
  if (!version || !*version) co_return std::optional<JobRecord>{};
  Result<std::optional<JobRecord>> found = co_await find_job(connection, std::move(name));
  if (!found && lacks_privilege(found.error())) co_return std::optional<JobRecord>{};
  co_return found;
}

std::vector<std::string> objections_to_going_on(const JobRecord& record, const std::string& meaning,
                                                const std::string& ground) {
  std::vector<std::string> objections;
  if (record.meaning != meaning) {
    objections.push_back(
        fmt::format("refused: job {} has been started with another meaning: {}Restore the file, or "
                    "give the changed job a `name` of its own.",
                    record.name, on_one_line(meaning_diff(record.meaning, meaning))));
  }
  if (record.ground && *record.ground != ground) {
    objections.push_back(
        fmt::format("refused: job {} was started on another table or key: {}Bring them back, or "
                    "give the job a `name` of its own.",
                    record.name, on_one_line(meaning_diff(*record.ground, ground))));
  }
  return objections;
}

}  // namespace backfill::run
