#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/scan_choice.hpp"
#include "run/rehearse.hpp"
#include "run/rehearse_trial.hpp"

namespace backfill::run {

/// One table as it is rehearsed.
struct ExaminedTable {
  RehearsedJob job;
  Target as_it_is;  ///< without the columns that a batch would add for itself
  ScanChoice scan;
  std::optional<int> new_indexes;  ///< of a type-copy; else as `estimate_facts` counts them
  std::string unwritten;           ///< why its batches are not written; empty when they are
};

/// What there is to rehearse: the job's own table first, then those that follow. None when the job
/// is refused, which `rehearsal` then says. Writes nothing.
asio::awaitable<Result<std::vector<ExaminedTable>>> examine(pg::Connection* connection,
                                                            RehearseRequest request,
                                                            Rehearsal* rehearsal);

}  // namespace backfill::run
