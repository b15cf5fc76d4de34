#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace backfill::test {

/// A private PostgreSQL for the tests of one process: its own data directory and port, started at
/// first use, stopped and removed at exit (and by the kernel's death signal if the process is
/// killed). Everybody is trusted, but for the role `needs_password` over TCP, which a test may
/// create. As root it runs as the user `postgres`, as the server demands.
class TestServer {
 public:
  enum class Stop { fast, immediate };

  static TestServer& instance();

  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();

  /// A URL over TCP, as the superuser `postgres`.
  [[nodiscard]] std::string conninfo(const std::string& database = "postgres") const;
  /// The same over the Unix socket.
  [[nodiscard]] std::string socket_conninfo(const std::string& database = "postgres") const;
  /// Creates a fresh, empty database and returns its URL.
  [[nodiscard]] std::string with_database();

  /// Stops the server, as by an operator or (immediate) as by a crash, and starts it again.
  void restart(Stop mode);
  void stop(Stop mode);
  /// Waits until the server answers.
  void start();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& socket_directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path data_directory() const { return directory_ / "data"; }

 private:
  TestServer();

  std::filesystem::path directory_;
  int port_ = 0;
  pid_t postmaster_ = -1;
  int databases_ = 0;
};

/// Starts a program with its output in `log`; as root, under the user `postgres`. Returns its pid.
[[nodiscard]] pid_t start_as_postgres(const std::vector<std::string>& command,
                                      const std::filesystem::path& log);
/// The exit status of a child, 128 + the signal that ended it.
int wait_for_exit(pid_t child);
/// A TCP port that was free a moment ago on 127.0.0.1.
[[nodiscard]] int free_port();
/// Where initdb and postgres are: $BACKFILL_POSTGRES_BINDIR, or as `pg_config --bindir` says.
[[nodiscard]] const std::filesystem::path& postgres_bindir();
/// A new directory under the system's temporary one that the user `postgres` owns.
[[nodiscard]] std::filesystem::path make_server_directory();

}  // namespace backfill::test
