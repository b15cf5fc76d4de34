#include "signals/xmin_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "signals/horizon_holder.hpp"

namespace backfill {

pg::asio::awaitable<Result<Reading>> XminSignal::read(pg::Connection* connection) {
  const Result<std::optional<HorizonHolder>> oldest = co_await read_horizon_holder(connection);
  if (!oldest) co_return oldest.error();
  Reading reading;
  if (!limits_) co_return reading;
  Signal signal;
  signal.name = name();
  signal.slow = static_cast<double>(limits_->slow);
  signal.stop = static_cast<double>(limits_->stop);
  signal.taken_at = pg::now();
  if (*oldest) {
    signal.value = static_cast<double>((*oldest)->transactions);
    signal.text = fmt::format("{} holds VACUUM back by {:.0f} transactions, of {:.0f}",
                              (*oldest)->name, signal.value, signal.stop);
  }
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
