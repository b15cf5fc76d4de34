#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "backfill/units.hpp"

namespace backfill {

/// A span of time that an estimate lies in.
struct EtaRange {
  std::chrono::seconds low{};
  std::chrono::seconds high{};
};

/// What a running job can say of itself at one moment. An absent figure is still being measured.
struct Progress {
  std::string phase;                      ///< add, copy, verify, enforce, done
  RowCount keys_done;                     ///< keys of this phase whose checkpoint has committed
  std::optional<RowCount> keys_total;     ///< estimated; never below keys_done
  std::optional<double> fraction_rows;    ///< 0..1, by rows; never falls within a phase
  std::optional<double> fraction_key;     ///< 0..1, by position in the key
  RowCount rows_changed;                  ///< by the whole job
  std::optional<double> rows_per_second;  ///< keys passed per second, smoothed
  std::optional<EtaRange> eta;
  std::optional<std::int64_t> batch_rows;
  std::optional<double> batch_ms;
  int workers_busy = 0;
  int workers_limit = 0;
  std::string doing;       ///< the statement that runs while no rows are swept, and its stage
  std::string limited_by;  ///< "nothing: at full speed", "lag of standby2 3.1 s of 5 s"…
  std::string lag;         ///< \"standby1 0.1 s\", of each standby; empty without standbys
  std::int64_t batches = 0;
  std::int64_t retries = 0;
};

}  // namespace backfill
