#include "cli/child_output.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace backfill::cli {

namespace {

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void take(int number) { number_ = number; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.take(ends[0]);
    write.take(ends[1]);
    return true;
  }
};

struct Actions {
  posix_spawn_file_actions_t actions{};
  Actions() { ::posix_spawn_file_actions_init(&actions); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

/// False at the end of what there is to read.
bool read_some(Descriptor& from, std::string* text) {
  std::array<char, 65536> chunk{};
  const ssize_t got = ::read(from.number(), chunk.data(), chunk.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  text->append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

/// Both at once: a program that fills one of them would wait for us for ever otherwise.
void read_both(Pipe& out, Pipe& err, ChildOutput* output) {
  while (out.read.number() >= 0 || err.read.number() >= 0) {
    std::array<pollfd, 2> ready{pollfd{out.read.number(), POLLIN, 0},
                                pollfd{err.read.number(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0 && !read_some(out.read, &output->out)) out.read.close();
    if (ready[1].revents != 0 && !read_some(err.read, &output->err)) err.read.close();
  }
}

}  // namespace

std::optional<ChildOutput> run_child(const std::vector<std::string>& command) {
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) return std::nullopt;
  Actions how;
  ::posix_spawn_file_actions_addopen(&how.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&how.actions, out.write.number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&how.actions, err.write.number(), STDERR_FILENO);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, arguments.front(), &how.actions, nullptr, arguments.data(), environ) !=
      0) {
    return std::nullopt;
  }
  out.write.close();
  err.write.close();
  ChildOutput output;
  read_both(out, err, &output);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace backfill::cli
