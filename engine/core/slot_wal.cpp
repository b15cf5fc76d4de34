#include "core/slot_wal.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace backfill {

namespace {

constexpr const char* signal_name = "slot_wal";

/// Shares of what the server lets a slot keep. Half is left for the time that it takes to slow
/// down, and a tenth for what others write while nothing of ours does.
constexpr double share_slow = 0.5;
constexpr double share_stop = 0.9;

constexpr double megabyte = 1024.0 * 1024.0;

double megabytes(ByteCount bytes) {
  return static_cast<double>(bytes.value) / megabyte;
}

/// "3.70 GB", or below one of them "512 MB".
std::string shown(double in_megabytes) {
  return in_megabytes < 1024.0 ? fmt::format("{:.0f} MB", in_megabytes)
                               : fmt::format("{:.2f} GB", in_megabytes / 1024.0);
}

Signal resting(Instant at) {
  Signal signal;
  signal.name = signal_name;
  signal.slow = share_slow;
  signal.stop = share_stop;
  signal.taken_at = at;
  return signal;
}

/// By the limits of the job file.
Signal against_limits(const SlotWalReading& reading, const ByteThrottle& limits, Instant at) {
  Signal signal = resting(at);
  signal.value = megabytes(*reading.retained);
  signal.slow = megabytes(limits.slow);
  signal.stop = megabytes(limits.stop);
  signal.text = fmt::format("replication slot {} keeps {} of the log, of {}", reading.name,
                            shown(signal.value), shown(signal.stop));
  return signal;
}

/// By what the server lets it keep.
Signal against_server(const SlotWalReading& reading, Instant at) {
  const ByteCount allowed = *reading.retained + *reading.safe;
  Signal signal = resting(at);
  signal.value = allowed.value > 0 ? megabytes(*reading.retained) / megabytes(allowed) : 1.0;
  if (reading.wal_status == "unreserved") signal.value = std::max(signal.value, 1.0);
  signal.text = fmt::format(
      "replication slot {} keeps {} of the log, and loses it from {} on (max_slot_wal_keep_size)",
      reading.name, shown(megabytes(*reading.retained)), shown(std::max(0.0, megabytes(allowed))));
  return signal;
}

double depth(const Signal& signal) {
  return (signal.value - signal.slow) / (signal.stop - signal.slow);
}

}  // namespace

void SlotWal::set(const ThrottleSettings& settings) {
  limits_ = settings.slot_wal;
  ignored_ = settings.replica_lag.ignore;
}

bool SlotWal::ignores(const std::string& name) const {
  return std::ranges::find(ignored_, name) != ignored_.end();
}

SlotWal::Report SlotWal::on_reading(const std::vector<SlotWalReading>& readings, Instant at) {
  Report report{resting(at), {}};
  const auto weigh = [&report](Signal signal) {
    if (depth(signal) > depth(report.signal)) report.signal = std::move(signal);
  };
  std::map<std::string, Known> known;
  for (const SlotWalReading& reading : readings) {
    if (ignores(reading.name)) continue;
    Known now{reading.wal_status, reading.active};
    if (const auto before = known_.find(reading.name); before != known_.end()) {
      now.used = now.used || before->second.used;
      note_change(reading, before->second, report);
    }
    if (reading.retained && limits_) weigh(against_limits(reading, *limits_, at));
    if (reading.retained && reading.safe && now.used) weigh(against_server(reading, at));
    known.emplace(reading.name, std::move(now));
  }
  known_ = std::move(known);
  return report;
}

/// What was so when the job began is not its news.
void SlotWal::note_change(const SlotWalReading& reading, const Known& known, Report& report) const {
  if (reading.wal_status == known.wal_status) return;
  if (reading.wal_status == "lost") {
    report.notes.push_back(fmt::format(
        "replication slot {} has lost its log (wal_status lost): whoever uses it must be built "
        "anew",
        reading.name));
  } else if (reading.wal_status == "unreserved") {
    report.notes.push_back(fmt::format(
        "replication slot {} loses its log at one of the next checkpoints (wal_status unreserved)"
        "{}",
        reading.name, known.used ? "" : "; nobody uses it, so nothing waits for it"));
  }
}

}  // namespace backfill
