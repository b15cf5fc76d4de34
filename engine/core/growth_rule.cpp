#include "core/growth_rule.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace backfill {
namespace {

/// New versions are wider than old ones where a column comes to them, and index pages split.
constexpr double price_margin = 1.5;
constexpr double measured_margin = 1.25;
/// Of a table whose rows nobody has counted.
constexpr double bytes_per_row_unknown = 500;
/// The table grows when rows cost at least this part of what they might.
constexpr double growing = 0.25;
/// Files grow by pages, and several at once: so many bytes tell something.
constexpr double growing_bytes_min = 16 * 1024;
constexpr double growing_bytes_enough = 64 * 1024;
/// Of the allowed growth, kept for whoever finds out whether a VACUUM has helped.
constexpr double reserve = 0.05;
/// Until the next reading at most this part of what is left is given away: an index whose pages are
/// full grows all at once when entries come everywhere, and ten rows may cost what a hundred did.
constexpr double read_after = 0.5;
constexpr double read_after_unmeasured = 0.1;
/// A reading is wanted when so much of what was given away may have been used since the last one.
constexpr double stale_share = 0.5;
/// Of what a step has cost, to the next one.
constexpr double step_memory = 0.7;
/// When fewer than this part of the rows still fit, the limit counts as reached.
constexpr double round_min = 0.001;
/// A VACUUM must have this part of the rows to look for, or it finds nothing.
constexpr double worth = 0.01;
constexpr std::int64_t worth_rows_min = 1'000;
/// Of the rows, between two VACUUMs: it took the heap of a full backfill from 2.27 times its size
/// to 1.37, for a sixth of the time; every 5 % to 1.32.
constexpr int automatic_percent = 10;
/// … and at least so many within the allowed growth.
constexpr int vacuums_within_limit = 3;
constexpr int failures_max = 5;
constexpr Duration after_failure = std::chrono::seconds{2};
constexpr Duration after_failure_max = std::chrono::minutes{2};
/// As of other signals.
constexpr Duration silence_stop = std::chrono::seconds{5};
constexpr Duration silence_end = std::chrono::minutes{5};

double in_bytes(RowCount rows, double price) {
  return static_cast<double>(rows.value) * price;
}

}  // namespace

std::string size_text(ByteCount bytes) {
  constexpr std::array<const char*, 5> units{"bytes", "kB", "MB", "GB", "TB"};
  auto size = static_cast<double>(bytes.value);
  std::size_t unit = 0;
  while (size >= 1'024 && unit + 1 < units.size()) {
    size /= 1'024;
    ++unit;
  }
  return unit == 0 || size >= 100 ? fmt::format("{:.0f} {}", size, units[unit])
                                  : fmt::format("{:.1f} {}", size, units[unit]);
}

GrowthRule::GrowthRule(TableStart start, const SafetySettings& settings) : start_(start) {
  set(settings);
}

void GrowthRule::set(const SafetySettings& settings) {
  max_growth_ = settings.max_growth;
  vacuum_ = settings.vacuum;
}

bool GrowthRule::wants_readings() const {
  return max_growth_ || vacuum_.when != VacuumSettings::When::never;
}

std::int64_t GrowthRule::rows_known() const {
  if (start_.rows) return std::max<std::int64_t>(start_.rows->value, 1);
  const double guessed = static_cast<double>(start_.bytes.value) / bytes_per_row_unknown;
  return std::max<std::int64_t>(static_cast<std::int64_t>(guessed), 1);
}

double GrowthRule::bytes_per_row() const {
  const double before =
      price_margin * static_cast<double>(start_.bytes.value) / static_cast<double>(rows_known());
  if (!measured_rows()) return std::max(before, 1.0);
  const auto grown = static_cast<double>((last_->bytes - first_->bytes).value);
  const double measured = grown / static_cast<double>(work_at_last_.changed.value);
  return std::max({before, measured_margin * measured, measured_margin * step_price_, 1.0});
}

/// Whether so many rows have been changed that what they have cost tells something.
bool GrowthRule::measured_rows() const {
  return last_ && work_at_last_.changed.value >= std::max(worth_rows_min, rows_known() / 100);
}

void GrowthRule::on_reading(const TableReading& reading, const SweepWork& work) {
  if (last_) {
    const auto grown = static_cast<double>((reading.bytes - last_->bytes).value);
    look_for_growth(reading, work);
    const std::int64_t step = (work.changed - work_at_last_.changed).value;
    if (step >= std::max(worth_rows_min, rows_known() / 1'000)) {
      step_price_ = std::max(grown / static_cast<double>(step), step_price_ * step_memory);
    }
    std::int64_t ended = reading.vacuums - last_->vacuums;
    const auto known = static_cast<int>(std::clamp<std::int64_t>(ended, 0, counted_ours_));
    counted_ours_ -= known;
    ended -= known;
    if (ended > 0 && !ours_) {
      hopeful_ = true;
      changed_at_vacuum_ = began_at_.value_or(work_at_last_.changed);
      began_at_.reset();
    }
  } else {
    first_ = reading;
    anchor_bytes_ = reading.bytes;
    anchor_changed_ = work.changed;
  }
  if (reading.being_vacuumed && !began_at_) began_at_ = work.changed;
  if (!reading.being_vacuumed && !ours_) began_at_.reset();
  last_ = reading;
  work_at_last_ = work;
}

/// Over as many readings as it takes to tell: near the limit only few rows come between two.
void GrowthRule::look_for_growth(const TableReading& reading, const SweepWork& work) {
  const auto grown = static_cast<double>((reading.bytes - anchor_bytes_).value);
  const double most = in_bytes(work.changed - anchor_changed_, bytes_per_row());
  const double telling =
      std::clamp(allowance() * reserve / 8, growing_bytes_min, growing_bytes_enough);
  if (grown < telling && most < telling / growing) return;
  if (grown >= telling && grown > growing * most) hopeful_ = false;
  anchor_bytes_ = reading.bytes;
  anchor_changed_ = work.changed;
}

double GrowthRule::allowance() const {
  return static_cast<double>(start_.bytes.value) * max_growth_.value_or(0) / 100;
}

void GrowthRule::on_vacuum_begun(const SweepWork& work) {
  began_at_ = work.changed;
  ours_ = true;
}

void GrowthRule::on_vacuum_done() {
  hopeful_ = true;
  failures_ = 0;
  ++counted_ours_;
  changed_at_vacuum_ = began_at_.value_or(changed_at_vacuum_);
  began_at_.reset();
  ours_ = false;
}

void GrowthRule::on_vacuum_failed(Instant now) {
  const int doublings = std::min(failures_, 10);
  not_before_ = now + std::min(after_failure * (1 << doublings), after_failure_max);
  ++failures_;
  began_at_.reset();
  ours_ = false;
}

bool GrowthRule::worth_a_vacuum(const SweepWork& work) const {
  const RowCount changed = work.changed - changed_at_vacuum_;
  const auto share = static_cast<std::int64_t>(worth * static_cast<double>(rows_known()));
  const std::int64_t least = std::max(worth_rows_min, share);
  return vacuum_.when != VacuumSettings::When::never && !began_at_ && changed.value >= least;
}

/// Stripes have not kept the table as small as they should have.
bool GrowthRule::half_way() const {
  if (!max_growth_ || !last_) return false;
  const auto grown = static_cast<double>((last_->bytes - start_.bytes).value);
  return grown >= allowance() / 2;
}

bool GrowthRule::due_by_rows(const SweepWork& work) const {
  if (!worth_a_vacuum(work)) return false;
  int percent = vacuum_.percent;
  if (vacuum_.when == VacuumSettings::When::automatic) {
    if (work.keeps_small && !half_way()) return false;
    percent = automatic_percent;
    if (max_growth_) percent = std::clamp(*max_growth_ / vacuums_within_limit, 1, percent);
  }
  const RowCount changed = work.changed - changed_at_vacuum_;
  return in_bytes(changed, 100) >= static_cast<double>(rows_known()) * percent;
}

GrowthVerdict GrowthRule::decide(const SweepWork& work, Instant now) {
  if (!asked_at_) asked_at_ = now;
  GrowthVerdict verdict;
  verdict.vacuum = due_by_rows(work) && not_before_ <= now;
  if (max_growth_) judge_limit(work, now, &verdict);
  return verdict;
}

void GrowthRule::judge_limit(const SweepWork& work, Instant now, GrowthVerdict* verdict) const {
  if (!last_) {
    verdict->allowed = RowCount{0};
    verdict->look = true;
    verdict->text = "waiting for the size of the table";
    verdict->end = now - *asked_at_ > silence_end;
    return;
  }
  const Duration silence = now - last_->taken_at;
  if (silence > silence_stop) {
    verdict->allowed = RowCount{0};
    verdict->text = fmt::format("the size of the table could not be read for {} s",
                                std::chrono::duration_cast<std::chrono::seconds>(silence).count());
    verdict->end = silence > silence_end;
    return;
  }
  const auto before = static_cast<double>(start_.bytes.value);
  const double price = bytes_per_row();
  const double kept = allowance() * reserve;
  const double room =
      before + allowance() - static_cast<double>(last_->bytes.value) - (hopeful_ ? 0.0 : kept);
  const double round =
      std::max(1.0, std::min(round_min * static_cast<double>(rows_known()), kept / price / 8));
  const double fitting = room / price;
  const double share = measured_rows() ? read_after : read_after_unmeasured;
  const double given = std::min(std::max(fitting * share, round), fitting);
  const RowCount since = work.changed - work_at_last_.changed + work.in_flight;
  const auto unread = static_cast<double>(since.value);
  verdict->text = figures();
  verdict->look = unread > given * stale_share;
  verdict->allowed = RowCount{static_cast<std::int64_t>(std::max(given - unread, 0.0))};
  if (fitting >= round) return;
  verdict->allowed = RowCount{0};
  verdict->look = since > RowCount{0} || work_at_last_.in_flight > RowCount{0};
  if (verdict->look) return;
  judge_end(work, now, verdict);
}

/// Nothing is in flight, the reading is fresh, and not one more round fits.
void GrowthRule::judge_end(const SweepWork& work, Instant now, GrowthVerdict* verdict) const {
  if (began_at_) {
    verdict->text += "; waiting for the VACUUM that is at work on it";
    return;
  }
  if (worth_a_vacuum(work) && failures_ < failures_max) {
    verdict->vacuum = not_before_ <= now;
    verdict->text += failures_ > 0 ? "; VACUUM could not do its work, and is tried again"
                                   : "; waiting for VACUUM";
    return;
  }
  verdict->text +=
      fmt::format("; what comes next would take it beyond the {} % that safety.max_growth allows",
                  *max_growth_);
  verdict->end = true;
}

std::string GrowthRule::figures() const {
  if (!last_) return {};
  const double before = std::max(1.0, static_cast<double>(start_.bytes.value));
  const double grown =
      std::max(0.0, 100.0 * (static_cast<double>(last_->bytes.value) / before - 1.0));
  return fmt::format("the table is {:.1f} % larger than when the job began with it ({}, from {})",
                     grown, size_text(last_->bytes), size_text(start_.bytes));
}

}  // namespace backfill
