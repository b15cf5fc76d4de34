#include "sim/pace_server.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/violation.hpp"

namespace backfill::sim::pace {

namespace {

/// A batch is done when less than that is left of it.
constexpr double nothing_seconds = 1e-6;
/// The scheduler of the operating system leaves us something on a busy machine too.
constexpr double spare_min = 0.25;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

double Server::spare_cpus() const {
  return std::max(spare_min, static_cast<double>(cpus_ - others_active_));
}

/// How fast each batch goes, of the speed that one alone would have.
double Server::speed() const {
  const auto running =
      std::ranges::count_if(batches_, [](const auto& entry) { return !entry.second.blocked; });
  return running == 0 ? 0 : std::min(1.0, spare_cpus() / static_cast<double>(running));
}

void Server::account() {
  const double worked = seconds(timeline_.now() - accounted_at_) * speed();
  accounted_at_ = timeline_.now();
  for (auto& [slot, batch] : batches_) {
    if (!batch.blocked) batch.left -= worked;
  }
}

void Server::plan() {
  const double each = speed();
  double wal_rate = others_wal_rate_;
  double least = -1;
  int next = -1;
  for (const auto& [slot, batch] : batches_) {
    if (batch.blocked) continue;
    wal_rate += batch.wal_share * each;
    if (next >= 0 && batch.left >= least) continue;
    least = batch.left;
    next = slot;
  }
  wal_.set_rate(wal_rate, timeline_.now());
  const std::uint64_t plan = ++plan_;
  if (next < 0) return;
  const auto wait = static_cast<Duration::rep>(std::ceil(std::max(least, 0.0) / each * 1e6));
  timeline_.after(Duration(wait), [this, plan, next] {
    if (plan != plan_) return;
    account();
    require(batches_.at(next).left <= nothing_seconds, "the model of the server is wrong");
    end(next, {});
  });
}

void Server::end(int slot, std::string sqlstate) {
  const auto found = batches_.find(slot);
  const Answer answer = std::move(found->second.answer);
  Outcome outcome{std::move(sqlstate), timeline_.now() - found->second.began};
  batches_.erase(found);
  plan();
  answer(outcome);
}

void Server::start(SlotId slot, Load load, Answer answer) {
  account();
  Running batch;
  batch.serial = ++serial_;
  batch.left = load.cpu_seconds;
  batch.wal_share = load.wal_bytes / load.cpu_seconds;
  batch.began = timeline_.now();
  batch.answer = std::move(answer);
  require(batches_.emplace(slot.value, std::move(batch)).second, "a slot runs two batches");
  plan();
}

std::uint64_t Server::serial(SlotId slot) const {
  const auto found = batches_.find(slot.value);
  return found == batches_.end() ? 0 : found->second.serial;
}

void Server::block(SlotId slot, bool blocked) {
  account();
  batches_.at(slot.value).blocked = blocked;
  plan();
}

void Server::fail(SlotId slot, std::uint64_t serial, std::string sqlstate) {
  if (serial == 0 || this->serial(slot) != serial) return;
  account();
  end(slot.value, std::move(sqlstate));
}

void Server::set_others(int active, double wal_rate) {
  account();
  others_active_ = active;
  others_wal_rate_ = wal_rate;
  plan();
}

std::vector<SlotId> Server::running() const {
  std::vector<SlotId> slots;
  for (const auto& [slot, batch] : batches_) slots.push_back(SlotId{slot});
  return slots;
}

}  // namespace backfill::sim::pace
