#include "signals/job_signals.hpp"

#include "signals/archive_signal.hpp"
#include "signals/flag_file_signal.hpp"
#include "signals/wal_rate_signal.hpp"
#include "signals/window_signal.hpp"
#include "signals/xmin_signal.hpp"

namespace backfill {

std::vector<std::unique_ptr<SignalSource>> job_signals() {
  std::vector<std::unique_ptr<SignalSource>> sources;
  sources.push_back(std::make_unique<WindowSignal>());
  sources.push_back(std::make_unique<FlagFileSignal>());
  sources.push_back(std::make_unique<WalRateSignal>());
  sources.push_back(std::make_unique<ArchiveSignal>());
  sources.push_back(std::make_unique<XminSignal>());
  return sources;
}

}  // namespace backfill
