#include "support/cold_standby.hpp"

#include <fstream>
#include <signal.h>
#include <stdexcept>
#include <system_error>

namespace backfill::test {

ColdStandby::ColdStandby(TestServer& primary)
    : port_(free_port()), directory_(make_server_directory()) {
  const std::filesystem::path data = directory_ / "data";
  primary.stop(TestServer::Stop::fast);
  const pid_t copy = start_as_postgres(
      {"cp", "-a", primary.data_directory().string(), data.string()}, directory_ / "copy.log");
  const int copied = wait_for_exit(copy);
  primary.start();
  if (copied != 0) throw std::runtime_error("the data directory cannot be copied");
  std::ofstream(data / "standby.signal").flush();
  std::ofstream(data / "postgresql.conf", std::ios::app)
      << "port = " << port_ << "\nunix_socket_directories = '" << directory_.string() << "'\n";
  process_ = start_as_postgres({(postgres_bindir() / "postgres").string(), "-D", data.string()},
                               directory_ / "server.log");
}

ColdStandby::~ColdStandby() {
  ::kill(process_, SIGQUIT);
  (void)wait_for_exit(process_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace backfill::test
