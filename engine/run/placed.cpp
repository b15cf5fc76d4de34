#include "run/placed.hpp"

#include <string>

#include "config/job_places.hpp"

namespace backfill::run {

void place_findings(const Job& job, std::vector<Finding>* findings) {
  for (Finding& finding : *findings) {
    if (finding.path.empty()) continue;
    put_in_front(place_in_file(job.file, finding.path, finding.offset), &finding);
  }
}

Error placed_at_table(const Job& job, Error error) {
  // The server's own errors are about the connection or a lock, and not about the file.
  if (error.kind != ErrorClass::fatal || !error.sqlstate.empty()) return error;
  const bool key = error.context.starts_with("choosing the key") && !job.key.empty();
  const std::string place = place_in_file(job.file, key ? "key" : "table", 0);
  if (!place.empty()) error.message = place + ": " + error.message;
  return error;
}

}  // namespace backfill::run
