#include "cli/stop_signals.hpp"

#include <csignal>
#include <utility>

namespace backfill::cli {

namespace {

std::string name_of(int signal) {
  switch (signal) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    default: return "signal " + std::to_string(signal);
  }
}

bool ignored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

StopSignals::StopSignals(boost::asio::io_context& context, Handler handler)
    : signals_(context, SIGINT, SIGTERM), handler_(std::move(handler)) {
  if (!ignored(SIGHUP)) signals_.add(SIGHUP);
  wait();
}

void StopSignals::release() {
  boost::system::error_code ignored_error;
  signals_.cancel(ignored_error);
  signals_.clear(ignored_error);
}

void StopSignals::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (draining_) {
      release();
      handler_(Request::cancel, name_of(signal));
      return;
    }
    draining_ = true;
    handler_(Request::drain, name_of(signal));
    wait();
  });
}

}  // namespace backfill::cli
