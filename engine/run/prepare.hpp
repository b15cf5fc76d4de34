#pragma once

#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "run/session.hpp"

/// How a run ends before it has touched anything.
namespace backfill::run {

[[nodiscard]] Outcome refused(const Session& session, std::string summary);
[[nodiscard]] Outcome not_prepared(const Session& session, const Error& error);

/// All refusals together; the other findings go to the observer.
[[nodiscard]] Ending judge(const Session& session, const std::vector<Finding>& findings);

/// Checks a type-copy against the database, as `prepare` does a backfill.
asio::awaitable<Ending> prepare_type_copy(Session* session, pg::Connection* connection);

}  // namespace backfill::run
