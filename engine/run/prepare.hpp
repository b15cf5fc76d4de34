#pragma once

#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "run/session.hpp"

/// How a run ends before it has touched anything.
namespace backfill::run {

/// The lines of a text, as details of an outcome.
void add_lines(const std::string& text, std::vector<std::string>* lines);

[[nodiscard]] Outcome refused(const Session& session, std::string summary);
/// Of an error while nothing has been touched yet; one that a lock is behind is noted in the
/// session.
[[nodiscard]] Outcome not_prepared(Session* session, const Error& error);

/// All refusals together; the other findings go to the observer.
[[nodiscard]] Ending judge(const Session& session, const std::vector<Finding>& findings);

/// Checks a type-copy against the database, as `prepare` does a backfill.
asio::awaitable<Ending> prepare_type_copy(Session* session, pg::Connection* connection);

}  // namespace backfill::run
