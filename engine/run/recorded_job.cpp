#include "run/recorded_job.hpp"

#include <memory>
#include <utility>

#include "pg/connection.hpp"
#include "run/earlier_run.hpp"

namespace backfill::run {

asio::awaitable<Result<std::optional<RecordedJob>>> recorded_job(asio::any_io_executor executor,
                                                                 std::string conninfo,
                                                                 std::string name) {
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  options.application_name = "backfill: lint";
  options.read_write = false;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  const Result<std::optional<JobRecord>> found =
      co_await find_earlier_run(connection.get(), std::move(name));
  if (!found) co_return found.error();
  if (!*found) co_return std::optional<RecordedJob>{};
  const JobRecord& record = **found;
  // Entered and refused before its first row: `run` takes the mended file (`may_be_edited`).
  const bool nothing_done =
      record.kind == "backfill" && !record.begun && record.state != JobState::done;
  if (nothing_done) co_return std::optional<RecordedJob>{};
  RecordedJob job;
  job.meaning = record.meaning;
  job.state = to_string(record.state);
  co_return std::optional<RecordedJob>{std::move(job)};
}

}  // namespace backfill::run
