#include "core/standby_roster.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace backfill {

namespace {

constexpr std::string_view lag_prefix = "replica_lag:";
constexpr std::string_view absence_prefix = "replica_gone:";
/// A standby that is behind for that long is perhaps meant to be.
constexpr Duration delay_suspected = std::chrono::seconds{60};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string lag_name(const std::string& member) {
  return std::string{lag_prefix} + member;
}

std::string absence_name(const std::string& member) {
  return std::string{absence_prefix} + member;
}

/// As it is to be written in a job file; the quotation marks because of '@', '#' and ':'.
std::string ignore_line(const std::string& member) {
  return fmt::format("throttle.replica_lag.ignore: [\"{}\"]", member);
}

bool has_lasting_slot(const ReplicationReading& reading) {
  return !reading.slot.empty() && (reading.logical || !reading.temporary);
}

std::string name_of(const ReplicationReading& reading, std::map<std::string, int>& seen) {
  if (has_lasting_slot(reading)) return reading.slot;
  std::string name = reading.application_name + "@" + reading.address;
  const int number = ++seen[name];
  return number == 1 ? name : fmt::format("{}#{}", name, number);
}

Error not_shown(const std::string& application_name) {
  Error error = fatal_error(
      fmt::format("this role may not see the position of standby {}", application_name),
      "GRANT pg_monitor to the role that runs the job, or " + ignore_line(application_name));
  error.context = "reading pg_stat_replication";
  return error;
}

}  // namespace

StandbyRoster::StandbyRoster(ReplicaLagSettings settings, Duration absence_max)
    : settings_(std::move(settings)), absence_max_(absence_max) {}

Result<StandbyRoster::Report> StandbyRoster::on_reading(
    const std::vector<ReplicationReading>& readings, WalPosition primary, Instant at) {
  history_.add(primary, at);
  Report report;
  std::set<std::string> present;
  std::set<std::string> slots;
  std::map<std::string, int> seen;
  for (const ReplicationReading& reading : readings) {
    if (!reading.slot.empty()) slots.insert(reading.slot);
    if (reading.starting) continue;
    if (!reading.connected) {
      on_unused_slot(reading, report);
      continue;
    }
    const std::string name = name_of(reading, seen);
    if (ignores(name, reading.application_name, reading.slot)) continue;
    if (reading.hidden && !reading.logical) return not_shown(reading.application_name);
    if (!reading.replayed && !members_.contains(name)) continue;
    on_present(name, reading, primary, at, report);
    present.insert(name);
  }
  look_for_absent(present, slots, at, report);
  introduce(report);
  return report;
}

bool StandbyRoster::ignores(const std::string& name, const std::string& application_name,
                            const std::string& slot) const {
  return std::ranges::any_of(settings_.ignore, [&](const std::string& ignored) {
    return !ignored.empty() && (ignored == name || ignored == application_name || ignored == slot);
  });
}

void StandbyRoster::on_present(const std::string& name, const ReplicationReading& reading,
                               WalPosition primary, Instant at, Report& report) {
  Member& member = members_[name];
  member.application_name = reading.application_name;
  member.slot = has_lasting_slot(reading) ? reading.slot : std::string{};
  if (member.absent_since) report.ended.push_back(absence_name(name));
  member.absent_since.reset();
  StandbyReading seen;
  seen.at = at;
  seen.primary = primary;
  seen.received = reading.received;
  seen.replayed = reading.replayed;
  seen.replay_lag = reading.replay_lag;
  seen.reply_age = reading.reply_age;
  const LagEstimate lag = member.lag.on_reading(seen, history_, settings_.slow);
  report.signals.push_back(lag_of(name, member, lag, at));
}

void StandbyRoster::on_unused_slot(const ReplicationReading& reading, Report& report) {
  const bool keeps_wal = reading.retained && reading.wal_status != "lost";
  if (!keeps_wal || members_.contains(reading.slot) || ignores(reading.slot, {}, reading.slot) ||
      !slots_noted_.insert(reading.slot).second) {
    return;
  }
  report.notes.push_back(fmt::format(
      "nobody uses replication slot {}, which keeps {:.0f} MB of WAL on the primary (wal_status "
      "{}): what this job writes adds to it until the slot is used again or dropped",
      reading.slot, static_cast<double>(reading.retained->value) / 1e6, reading.wal_status));
}

void StandbyRoster::look_for_absent(const std::set<std::string>& present,
                                    const std::set<std::string>& slots, Instant at,
                                    Report& report) {
  for (auto entry = members_.begin(); entry != members_.end();) {
    auto& [name, member] = *entry;
    if (present.contains(name)) {
      ++entry;
      continue;
    }
    const bool dropped = !member.slot.empty() && !slots.contains(member.slot);
    if (dropped || ignores(name, member.application_name, member.slot)) {
      report.notes.push_back(fmt::format(
          "{} is no longer waited for: {}", name,
          dropped ? "its replication slot was dropped" : "throttle.replica_lag.ignore names it"));
      report.ended.push_back(lag_name(name));
      report.ended.push_back(absence_name(name));
      entry = members_.erase(entry);
      continue;
    }
    if (!member.absent_since) {
      member.absent_since = at;
      member.stopped_since.reset();
      report.ended.push_back(lag_name(name));
    }
    report.signals.push_back(absence_of(name, member, at));
    ++entry;
  }
}

/// Once, so that nobody takes silence for watchfulness.
void StandbyRoster::introduce(Report& report) {
  if (introduced_) return;
  introduced_ = true;
  std::string names;
  for (const auto& [name, member] : members_) names += (names.empty() ? "" : ", ") + name;
  const std::size_t asked = settings_.standbys.size();
  const std::string others =
      asked == 0 ? std::string{} : fmt::format("; standbys that are asked themselves: {}", asked);
  if (!names.empty()) {
    report.notes.push_back("watching the lag of " + names + others);
  } else if (asked > 0) {
    report.notes.push_back("the primary shows no standby (but for ignored ones)" + others);
  } else {
    report.notes.push_back(
        "no standby is connected (but for ignored ones): replica lag does not slow this job");
  }
}

Signal StandbyRoster::lag_of(const std::string& name, Member& member, const LagEstimate& lag,
                             Instant at) const {
  Signal signal;
  signal.name = lag_name(name);
  signal.value = seconds(lag.lag);
  signal.seen = seconds(lag.seen);
  // Hours behind, or stuck, or about to be level: until it moves nobody knows, and nothing starts.
  if (lag.unknown) signal.value = std::max(signal.value, seconds(settings_.stop));
  signal.slow = seconds(settings_.slow);
  signal.stop = seconds(settings_.stop);
  signal.taken_at = at;
  signal.text = lag_text(name, lag, settings_.stop);
  if (lag.lag < settings_.stop && !lag.unknown) {
    member.stopped_since.reset();
    return signal;
  }
  if (!member.stopped_since) member.stopped_since = at;
  if (lag.basis == LagBasis::reply_age) {
    signal.text += "; it has stopped answering: is its WAL receiver stuck?";
  } else if (lag.basis != LagBasis::catch_up_time &&
             at - *member.stopped_since >= delay_suspected) {
    signal.text += "; if it is delayed on purpose (recovery_min_apply_delay): " + ignore_line(name);
  }
  return signal;
}

Signal StandbyRoster::absence_of(const std::string& name, const Member& member, Instant at) const {
  const Duration gone = at - *member.absent_since;
  Signal signal;
  signal.name = absence_name(name);
  signal.value = 1;
  signal.slow = 1;
  signal.stop = 1;
  signal.taken_at = at;
  signal.text = fmt::format("standby {} has disconnected; waiting {:.0f} s for it", name,
                            seconds(absence_max_));
  if (gone >= absence_max_) {
    signal.end =
        fmt::format("standby {} has been gone for {:.0f} s; bring it back, or let it go with {}",
                    name, seconds(gone), ignore_line(name));
  }
  return signal;
}

}  // namespace backfill
