#pragma once

#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"

namespace backfill::run {

/// What the control schema knows of a job that has begun to change rows or tables there.
struct RecordedJob {
  std::string meaning;  ///< as `meaning_of` gave it then
  std::string state;    ///< done, running, …
};

/// Absent when no such job has begun. Writes nothing.
[[nodiscard]] boost::asio::awaitable<Result<std::optional<RecordedJob>>> recorded_job(
    boost::asio::any_io_executor executor, std::string conninfo, std::string name);

}  // namespace backfill::run
