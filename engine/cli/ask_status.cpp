#include "cli/ask_status.hpp"

#include <boost/asio/io_context.hpp>

#include "cli/run_to_end.hpp"

namespace backfill::cli {

Result<std::vector<run::JobStatus>> ask_status(const std::string& conninfo,
                                               const std::optional<std::string>& name) {
  boost::asio::io_context context(1);
  return run_to_end(context, run::read_status(context.get_executor(), conninfo, name));
}

}  // namespace backfill::cli
