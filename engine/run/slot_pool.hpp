#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/engine.hpp"
#include "pg/connection.hpp"
#include "pg/connection_life.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// The connections behind the engine's slots: one for each, made anew whenever it breaks, for as
/// long as the pool lives. Interprets `pg::ConnectionLife`. Whoever uses a slot's connection tells
/// when it broke.
///
/// A server that has no place for another connection is no outage while other seats have theirs:
/// the job works with those, and the seat asks again for as long as the pool lives.
class SlotPool {
 public:
  using OnEvent = std::function<void(const Event&)>;

  SlotPool(asio::any_io_executor executor, pg::ConnectOptions options, int slots,
           std::uint64_t seed, pg::LifeLimits limits = {});
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  /// Begins to connect.
  void start();

  /// As many slots as that, or more where there were more: new ones connect at once.
  void grow(int slots);

  /// Who hears of SlotUp and SlotDown: at once of every slot that is up already. Empty: nobody.
  void listen(OnEvent on_event);

  /// The slot's connection, to look at or to cancel; null while it is down.
  [[nodiscard]] pg::Connection* connection(SlotId slot);

  /// The same, to work with: every lease is followed by one `give_back`.
  [[nodiscard]] pg::Connection* lease(SlotId slot);

  /// The work is over. A connection that broke in it is made anew; the listener hears SlotDown
  /// before this returns, so that nothing more is started on it.
  void give_back(SlotId slot, const std::optional<Error>& error);

  [[nodiscard]] int size() const { return static_cast<int>(seats_.size()); }

  /// Ends the keeping and closes every connection.
  asio::awaitable<void> close();

 private:
  struct Seat;
  asio::awaitable<void> keep(Seat* seat);
  asio::awaitable<void> perform(Seat* seat, pg::LifeAction action);
  asio::awaitable<void> connect(Seat* seat);
  asio::awaitable<void> pause(Seat* seat, Duration wait);
  [[nodiscard]] bool is_crowded_out(const Seat& seat, const Error& error) const;
  void announce(const Event& event);

  void add_seat();

  asio::any_io_executor executor_;
  pg::ConnectOptions options_;
  std::uint64_t seed_;
  pg::LifeLimits limits_;
  std::vector<std::unique_ptr<Seat>> seats_;
  OnEvent on_event_;
  asio::steady_timer kept_;  ///< never expires: cancelled when a seat's keeping ends
  bool closing_ = false;
  int keeping_ = 0;
};

}  // namespace backfill::run
