#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

namespace backfill::test {

/// A TCP proxy on the test's own io_context, between one client and the test server, that cuts the
/// connection after a given number of bytes: the fault at every step of an exchange.
class CutProxy {
 public:
  enum class Towards { server, client };

  CutProxy(boost::asio::any_io_executor executor, int server_port);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  [[nodiscard]] std::string conninfo(const std::string& database) const;

  /// From now on lets `bytes` more pass in that direction, then closes both sides. What has been
  /// let through before the cut is delivered.
  void cut_after(Towards direction, std::size_t bytes);
  /// From now on lets nothing pass, and closes nothing.
  void freeze();
  /// Bytes passed since the last call of `cut_after` or `reset_count`.
  [[nodiscard]] std::size_t passed(Towards direction) const;
  void reset_count();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace backfill::test
