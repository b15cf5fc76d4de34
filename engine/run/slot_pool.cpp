#include "run/slot_pool.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"
#include "run/interruption.hpp"

namespace backfill::run {

namespace {

constexpr std::string_view too_many_connections = "53300";

}  // namespace

/// One slot's place in the pool.
struct SlotPool::Seat {
  Seat(asio::any_io_executor executor, SlotId id, pg::LifeLimits limits, std::uint64_t seed)
      : slot(id), connecting(executor), timer(executor), life(limits, seed) {}

  SlotId slot;
  std::unique_ptr<pg::Connection> connection;
  /// A broken connection is kept until whoever used it has returned from it.
  std::unique_ptr<pg::Connection> broken;
  Interruption connecting;   ///< a server that does not answer must not delay the end
  asio::steady_timer timer;  ///< the rest between attempts, or (never expiring) while all is well
  pg::ConnectionLife life;
  pg::LifeActions next;  ///< what the life asks for, in its order
};

SlotPool::SlotPool(asio::any_io_executor executor, pg::ConnectOptions options, int slots,
                   std::uint64_t seed, pg::LifeLimits limits)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      seed_(seed),
      limits_(limits),
      kept_(executor_, asio::steady_timer::time_point::max()) {
  for (int i = 0; i < slots; ++i) add_seat();
}

void SlotPool::add_seat() {
  const int number = size();
  seats_.push_back(std::make_unique<Seat>(executor_, SlotId{number}, limits_,
                                          seed_ + static_cast<std::uint64_t>(number)));
}

void SlotPool::grow(int slots) {
  if (closing_) return;
  while (size() < slots) {
    add_seat();
    ++keeping_;
    asio::co_spawn(executor_, keep(seats_.back().get()), asio::detached);
  }
}

SlotPool::~SlotPool() = default;

void SlotPool::start() {
  for (const auto& seat : seats_) {
    ++keeping_;
    asio::co_spawn(executor_, keep(seat.get()), asio::detached);
  }
}

void SlotPool::listen(OnEvent on_event) {
  on_event_ = std::move(on_event);
  for (const auto& seat : seats_) {
    if (seat->connection) announce(SlotUp{seat->slot});
  }
}

void SlotPool::announce(const Event& event) {
  if (on_event_) on_event_(event);
}

pg::Connection* SlotPool::connection(SlotId slot) {
  return seats_.at(static_cast<std::size_t>(slot.value))->connection.get();
}

pg::Connection* SlotPool::lease(SlotId slot) {
  Seat& seat = *seats_.at(static_cast<std::size_t>(slot.value));
  if (seat.connection) static_cast<void>(seat.life.on(pg::life::Leased{}, pg::now()));
  return seat.connection.get();
}

void SlotPool::give_back(SlotId slot, const std::optional<Error>& error) {
  Seat& seat = *seats_.at(static_cast<std::size_t>(slot.value));
  if (!seat.connection) return;
  const bool usable = seat.connection->usable();
  pg::LifeActions asked = seat.life.on(pg::life::Returned{usable}, pg::now());
  if (usable) return;  // Offered again to the one slot that it serves.
  seat.broken = std::move(seat.connection);
  seat.next = std::move(asked);
  Error down = error.value_or(fatal_error("the connection was lost"));
  down.kind = ErrorClass::reconnect;
  announce(SlotDown{slot, std::move(down)});
  seat.timer.cancel();
}

asio::awaitable<void> SlotPool::keep(Seat* seat) {
  seat->next = seat->life.on(pg::life::Wanted{}, pg::now());
  while (!closing_ && !seat->next.empty()) {
    const pg::LifeActions asked = std::exchange(seat->next, {});
    for (const pg::LifeAction& action : asked) co_await perform(seat, action);
  }
  --keeping_;
  kept_.cancel();
}

asio::awaitable<void> SlotPool::perform(Seat* seat, pg::LifeAction action) {
  if (std::holds_alternative<pg::life::Connect>(action)) {
    co_await connect(seat);
  } else if (const auto* rest = std::get_if<pg::life::Rest>(&action)) {
    co_await pause(seat, rest->time);
    seat->next = seat->life.on(pg::life::RestOver{}, pg::now());
  } else if (std::holds_alternative<pg::life::Offer>(action)) {
    announce(SlotUp{seat->slot});
    while (seat->connection && !closing_) co_await pause(seat, Duration::max());
  } else if (const auto* given_up = std::get_if<pg::life::GiveUp>(&action)) {
    if (is_crowded_out(*seat, given_up->error)) {
      co_await pause(seat, limits_.backoff_cap);
      seat->life =
          pg::ConnectionLife(limits_, seed_ + static_cast<std::uint64_t>(seat->slot.value));
      seat->next = seat->life.on(pg::life::Wanted{}, pg::now());
      co_return;
    }
    Error error = given_up->error;
    error.kind = ErrorClass::fatal;
    announce(SlotDown{seat->slot, std::move(error)});
  } else {
    seat->connection.reset();
  }
}

bool SlotPool::is_crowded_out(const Seat& seat, const Error& error) const {
  if (error.sqlstate != too_many_connections) return false;
  return std::ranges::any_of(seats_, [&](const std::unique_ptr<Seat>& other) {
    return other.get() != &seat && other->connection;
  });
}

asio::awaitable<void> SlotPool::connect(Seat* seat) {
  seat->broken.reset();
  pg::ConnectOptions options = options_;
  asio::awaitable<Result<std::unique_ptr<pg::Connection>>> work =
      pg::Connection::connect(executor_, std::move(options));
  std::optional<Result<std::unique_ptr<pg::Connection>>> outcome =
      co_await seat->connecting.run(std::move(work));
  if (closing_ || !outcome) co_return;
  Result<std::unique_ptr<pg::Connection>> made = *std::move(outcome);
  if (made) {
    seat->connection = *std::move(made);
    seat->next = seat->life.on(pg::life::Connected{}, pg::now());
    co_return;
  }
  Error down = made.error();
  down.kind = ErrorClass::reconnect;  // Whether it is for good is for the life to say.
  announce(SlotDown{seat->slot, std::move(down)});
  seat->next = seat->life.on(pg::life::ConnectFailed{made.error()}, pg::now());
}

asio::awaitable<void> SlotPool::pause(Seat* seat, Duration wait) {
  if (wait == Duration::max()) {
    seat->timer.expires_at(asio::steady_timer::time_point::max());
  } else {
    seat->timer.expires_after(wait);
  }
  boost::system::error_code ignored;
  co_await seat->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> SlotPool::close() {
  closing_ = true;
  on_event_ = {};
  for (const auto& seat : seats_) {
    seat->timer.cancel();
    seat->connecting.break_off();
  }
  while (keeping_ > 0) {
    boost::system::error_code ignored;
    co_await kept_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  for (const auto& seat : seats_) {
    seat->connection.reset();
    seat->broken.reset();
  }
}

}  // namespace backfill::run
