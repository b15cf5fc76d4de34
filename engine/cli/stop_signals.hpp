#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace backfill::cli {

/// SIGINT, SIGTERM and SIGHUP while a job runs: the first asks for a drain, the second for a
/// cancel, and from then on they end the process as they do by default (nothing is lost: each batch
/// is a transaction). SIGHUP stays ignored under nohup.
class StopSignals {
 public:
  enum class Request { drain, cancel };
  /// Called on the I/O thread with the signal's name.
  using Handler = std::function<void(Request, std::string)>;

  StopSignals(boost::asio::io_context& context, Handler handler);

  /// Waits for no more signals, so that the context can come to its end.
  void release();

 private:
  void wait();

  boost::asio::signal_set signals_;
  Handler handler_;
  bool draining_ = false;
};

}  // namespace backfill::cli
