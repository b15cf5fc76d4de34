#pragma once

#include <cstdint>

#include "backfill/job.hpp"
#include "signals/source.hpp"

namespace backfill {

/// `throttle.wraparound_vacuum`: autovacuum works on the job's table, one of its partitions or
/// their TOAST tables to prevent wraparound, or waits to. Every role sees it.
///
/// Batches do not keep it from the table, but they make it work: they dirty the pages that it has
/// still to read, and take the disk that it needs. It is also the one vacuum that does not give way
/// to anybody. So the job leaves it most of the machine; and all of it once the table is so old
/// that the server itself drops all consideration (vacuum_failsafe_age), for what comes next is
/// that it takes no more writes.
class WraparoundSignal final : public SignalSource {
 public:
  explicit WraparoundSignal(std::uint32_t table) : table_(table) {}

  [[nodiscard]] std::string name() const override { return "wraparound_vacuum"; }
  /// It reads pg_locks, which takes all partitions of the server's lock table for a moment.
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{3}; }
  [[nodiscard]] bool on() const override { return wish_ != WraparoundVacuum::ignore; }
  void set(const ThrottleSettings& settings) override { wish_ = settings.wraparound_vacuum; }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  std::uint32_t table_;
  WraparoundVacuum wish_ = WraparoundVacuum::slow;
};

}  // namespace backfill
