#include "cli/stop_signals.hpp"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using backfill::cli::StopSignals;
using Seen = std::vector<std::pair<StopSignals::Request, std::string>>;

namespace {

/// Runs until nothing is ready: the signal has been delivered into Asio's pipe before raise
/// returns.
void settle(boost::asio::io_context& context) {
  context.restart();
  while (context.poll() > 0) {
  }
}

bool has_default_action(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

}  // namespace

TEST_CASE("the_first_signal_drains_the_second_cancels_and_the_third_is_the_systems") {
  boost::asio::io_context context;
  Seen seen;
  StopSignals signals(context, [&](StopSignals::Request request, std::string name) {
    seen.emplace_back(request, std::move(name));
  });
  std::raise(SIGTERM);
  settle(context);
  CHECK(seen == Seen{{StopSignals::Request::drain, "SIGTERM"}});
  std::raise(SIGINT);
  settle(context);
  CHECK(seen ==
        Seen{{StopSignals::Request::drain, "SIGTERM"}, {StopSignals::Request::cancel, "SIGINT"}});
  CHECK(has_default_action(SIGINT));
  CHECK(has_default_action(SIGTERM));
}

TEST_CASE("a_hangup_counts_as_a_request_to_stop") {
  boost::asio::io_context context;
  Seen seen;
  StopSignals signals(context, [&](StopSignals::Request request, std::string name) {
    seen.emplace_back(request, std::move(name));
  });
  std::raise(SIGHUP);
  settle(context);
  CHECK(seen == Seen{{StopSignals::Request::drain, "SIGHUP"}});
  signals.release();
}

TEST_CASE("under_nohup_a_hangup_stays_ignored") {
  std::signal(SIGHUP, SIG_IGN);
  {
    boost::asio::io_context context;
    Seen seen;
    StopSignals signals(context, [&](StopSignals::Request request, std::string name) {
      seen.emplace_back(request, std::move(name));
    });
    std::raise(SIGHUP);
    settle(context);
    CHECK(seen.empty());
    signals.release();
  }
  std::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("released_signals_let_the_context_end") {
  boost::asio::io_context context;
  StopSignals signals(context, [](StopSignals::Request, const std::string&) {});
  signals.release();
  context.run();
  CHECK(context.stopped());
}
