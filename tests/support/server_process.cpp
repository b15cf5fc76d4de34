#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test_server.hpp"

namespace backfill::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("test server: " + what);
}

}  // namespace

const std::filesystem::path& postgres_bindir() {
  static const std::filesystem::path directory = [] {
    if (const char* chosen = std::getenv("BACKFILL_POSTGRES_BINDIR"); chosen != nullptr) {
      return std::filesystem::path{chosen};
    }
    std::FILE* pipe = ::popen("pg_config --bindir", "r");
    if (pipe == nullptr) fail("pg_config cannot be run");
    std::array<char, 4096> line{};
    const bool found = std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr;
    ::pclose(pipe);
    if (!found) fail("pg_config says nothing");
    std::string text{line.data()};
    text.erase(text.find_last_not_of('\n') + 1);
    return std::filesystem::path{text};
  }();
  return directory;
}

std::filesystem::path make_server_directory() {
  // Short and in the temporary directory: a socket's path may have 107 bytes, and the user
  // `postgres` must be able to reach it.
  std::string name = (std::filesystem::temp_directory_path() / "backfill-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) fail("no temporary directory");
  if (::geteuid() == 0) {
    const passwd* owner = ::getpwnam("postgres");
    if (owner == nullptr) fail("there is no user postgres");
    if (::chown(name.c_str(), owner->pw_uid, owner->pw_gid) != 0) fail("chown failed");
  }
  return name;
}

int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = listener >= 0 && ::bind(listener, generic, length) == 0 &&
                     ::getsockname(listener, generic, &length) == 0;
  if (listener >= 0) ::close(listener);
  if (!bound) fail("no free port");
  return ::ntohs(address.sin_port);
}

pid_t start_as_postgres(const std::vector<std::string>& command, const std::filesystem::path& log) {
  // The death signal, set after the change of user that would clear it, stops the server (SIGINT:
  // a fast shutdown) even when this process is killed.
  std::vector<std::string> words{"setpriv", "--pdeathsig", "INT"};
  if (::geteuid() == 0) {
    words.insert(words.end(),
                 {"--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"});
  }
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) fail("fork failed");
  if (child > 0) return child;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = ::open("/dev/null", O_RDONLY);
  if (output < 0 || input < 0 || ::chdir("/") != 0) ::_exit(126);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  // A session of its own: Ctrl-C in the terminal is for the tests, which then stop the server.
  ::setsid();
  ::execvp(arguments.front(), arguments.data());
  ::_exit(127);
}

int wait_for_exit(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace backfill::test
