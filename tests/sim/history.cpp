#include "sim/history.hpp"

#include <cstdio>

namespace backfill::sim {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string show(const std::optional<KeyValue>& key) {
  return key ? to_string(*key) : "none";
}

std::string show(const std::vector<RowsToRecord>& record) {
  std::string text;
  for (const RowsToRecord& rows : record) {
    text += fmt::format(" +{}@range {}", rows.rows.value, rows.range.value);
  }
  return text;
}

std::string show(const Probe& probe) {
  return fmt::format("{} every {} of {}", to_string(probe.within), probe.every.value,
                     probe.limit.value);
}

std::string show(const Error& error) {
  return fmt::format("{} {} {}", to_string(error.kind), error.sqlstate, error.message);
}

}  // namespace

std::string History::text() const {
  std::string all;
  for (const std::string& line : lines_) all += line + '\n';
  return all;
}

void History::keep(Instant now, std::string line) {
  const double ms = static_cast<double>(now.time_since_epoch().count()) / 1000.0;
  std::string stamped = fmt::format("{:>12.3f} ms  {}", ms, line);
  if (kind_ == Kind::live) {
    std::fputs((stamped + '\n').c_str(), stderr);
    return;
  }
  lines_.push_back(std::move(stamped));
  if (lines_.size() > most_lines) lines_.pop_front();
}

std::string show(const Action& action) {
  return std::visit(
      Overloaded{
          [](const StartBatch& a) {
            return fmt::format("-> slot {}: batch of range {} stripe {}/{} {} {} keys{}{}{}",
                               a.slot.value, a.batch.range.value, a.batch.stripe.no,
                               a.batch.stripe.of, to_string(a.batch.bounds), a.batch.keys.value,
                               a.batch.closes_range  ? ", closes it"
                               : a.batch.ends_stripe ? ", ends the stripe"
                                                     : "",
                               show(a.batch.record), a.ahead ? "; probe " + show(*a.ahead) : "");
          },
          [](const StartProbe& a) {
            return fmt::format("-> slot {}: probe {}", a.slot.value, show(a.probe));
          },
          [](const OpenRange& a) {
            return fmt::format("-> slot {}: open range {} {} {} keys", a.slot.value, a.range.value,
                               to_string(a.bounds), a.keys.value);
          },
          [](const CloseRange& a) {
            return fmt::format("-> slot {}: close range {} at {}{}", a.slot.value, a.range.value,
                               show(a.cursor), show(a.record));
          },
          [](const SettleRange& a) {
            return fmt::format("-> slot {}: settle range {}", a.slot.value, a.range.value);
          },
          [](const CancelSlot& a) { return fmt::format("-> slot {}: cancel", a.slot.value); },
          [](const Note& a) { return fmt::format("-> note {}: {}", a.reason, a.text); },
          [](const Finish& a) {
            return fmt::format("-> finish {} {} {}{}", static_cast<int>(a.how), a.reason,
                               show(a.error), show(a.record));
          },
      },
      action);
}

std::string show(const Event& event) {
  return std::visit(
      Overloaded{
          [](const BatchDone& e) {
            return fmt::format("<- slot {}: batch done, {} rows in {} us", e.slot.value,
                               e.rows.value, e.statement_time.count());
          },
          [](const BatchFailed& e) {
            return fmt::format("<- slot {}: batch failed: {}", e.slot.value, show(e.error));
          },
          [](const ProbeDone& e) {
            return fmt::format(
                "<- slot {}: probe done, {} ticks{}{}", e.slot.value, e.result.ticks.size(),
                e.result.ticks.empty() ? std::string()
                                       : " to " + to_string(e.result.ticks.back().key),
                e.result.exhausted ? ", exhausted" : "");
          },
          [](const ProbeFailed& e) {
            return fmt::format("<- slot {}: probe failed: {}", e.slot.value, show(e.error));
          },
          [](const RangeOpened& e) { return fmt::format("<- slot {}: opened", e.slot.value); },
          [](const RangeClosed& e) { return fmt::format("<- slot {}: closed", e.slot.value); },
          [](const RangeFailed& e) {
            return fmt::format("<- slot {}: range failed: {}", e.slot.value, show(e.error));
          },
          [](const RangeSettled& e) {
            return fmt::format("<- slot {}: settled at {} stripe {}{}", e.slot.value,
                               show(e.cursor), e.stripe, e.closed ? ", closed" : "");
          },
          [](const SlotUp& e) { return fmt::format("<- slot {}: up", e.slot.value); },
          [](const SlotDown& e) {
            return fmt::format("<- slot {}: down: {}", e.slot.value, show(e.error));
          },
          [](const PaceChanged& e) {
            return fmt::format("<- pace {:.2f}{} {}", e.fraction, e.stopped ? " stopped" : "",
                               e.reason);
          },
          [](const WaiterSeen& e) {
            return fmt::format("<- slot {}: {} waits for it", e.slot.value, e.who);
          },
          [](const SettingsChanged& e) {
            return fmt::format("<- settings: {} connections, {}..{} rows, {} retries",
                               e.pace.connections, e.pace.batch.min_rows.value,
                               e.pace.batch.max_rows.value, e.safety.retries);
          },
          [](const StopRequested& e) {
            return fmt::format("<- stop requested{}: {}", e.cancel ? ", cancel" : "", e.reason);
          },
          [](const LeaseLost& e) { return fmt::format("<- lease lost: {}", show(e.error)); },
          [](const Woken&) { return std::string("<- woken"); },
          [](const auto&) { return std::string("<- news"); },
      },
      event);
}

}  // namespace backfill::sim
