#pragma once

#include <filesystem>
#include <sys/types.h>

#include "support/test_server.hpp"

namespace backfill::test {

/// A second server over a copy of a stopped primary's data, in recovery for ever: it receives
/// nothing.
class ColdStandby {
 public:
  explicit ColdStandby(TestServer& primary);
  ~ColdStandby();
  ColdStandby(const ColdStandby&) = delete;
  ColdStandby& operator=(const ColdStandby&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  int port_;
  std::filesystem::path directory_;
  pid_t process_ = -1;
};

}  // namespace backfill::test
