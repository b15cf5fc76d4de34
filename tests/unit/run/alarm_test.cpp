#include "run/alarm.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

using namespace backfill;
using run::Alarm;

namespace {

constexpr Duration soon = std::chrono::milliseconds{1};

/// Calls `set`, lets its time pass, and calls `then` where Asio has looked at its timers but not
/// come to their handlers: the handler is in the queue, with success.
void between_expiry_and_handler(boost::asio::io_context& context, const std::function<void()>& set,
                                const std::function<void()>& then) {
  boost::asio::post(context, [&] {
    set();
    std::this_thread::sleep_for(2 * soon);
    boost::asio::post(context, then);
  });
  context.run();
}

}  // namespace

TEST_CASE("a timer of Asio calls although it was cancelled, once it has expired", "[run][alarm]") {
  boost::asio::io_context context;
  boost::asio::steady_timer timer(context);
  std::optional<bool> expired;
  between_expiry_and_handler(
      context,
      [&] {
        timer.expires_after(soon);
        timer.async_wait([&](boost::system::error_code error) { expired = !error; });
      },
      [&] { timer.cancel(); });
  CHECK(expired == true);
}

TEST_CASE("an alarm called off after its time does not call", "[run][alarm]") {
  boost::asio::io_context context;
  Alarm alarm(context.get_executor());
  int calls = 0;
  between_expiry_and_handler(
      context, [&] { alarm.set(soon, [&] { ++calls; }); }, [&] { alarm.call_off(); });
  CHECK(calls == 0);
}

TEST_CASE("an alarm that is gone after its time does not call", "[run][alarm]") {
  boost::asio::io_context context;
  std::optional<Alarm> alarm;
  alarm.emplace(context.get_executor());
  int calls = 0;
  between_expiry_and_handler(
      context, [&] { alarm->set(soon, [&] { ++calls; }); }, [&] { alarm.reset(); });
  CHECK(calls == 0);
}

TEST_CASE("an alarm set anew after its time makes the newer call alone", "[run][alarm]") {
  boost::asio::io_context context;
  Alarm alarm(context.get_executor());
  int first = 0;
  int second = 0;
  between_expiry_and_handler(
      context, [&] { alarm.set(soon, [&] { ++first; }); },
      [&] { alarm.set(soon, [&] { ++second; }); });
  CHECK(first == 0);
  CHECK(second == 1);
}

TEST_CASE("an alarm calls once", "[run][alarm]") {
  boost::asio::io_context context;
  Alarm alarm(context.get_executor());
  int calls = 0;
  alarm.set(soon, [&] { ++calls; });
  context.run();
  CHECK(calls == 1);
}

TEST_CASE("an alarm set anew makes the newer call alone", "[run][alarm]") {
  boost::asio::io_context context;
  Alarm alarm(context.get_executor());
  int first = 0;
  int second = 0;
  alarm.set(Duration{0}, [&] { ++first; });
  alarm.set(Duration{-5}, [&] { ++second; });
  context.run();
  CHECK(first == 0);
  CHECK(second == 1);
}

TEST_CASE("an alarm may be set by its own call", "[run][alarm]") {
  boost::asio::io_context context;
  Alarm alarm(context.get_executor());
  int calls = 0;
  const std::function<void()> again = [&] {
    if (++calls < 3) alarm.set(soon, again);
  };
  alarm.set(soon, again);
  context.run();
  CHECK(calls == 3);
}
