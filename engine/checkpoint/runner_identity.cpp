#include "checkpoint/runner_identity.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>

#include <fmt/core.h>

namespace backfill {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The boot and the pid namespace within which pids can be compared; empty when unknown.
std::string pid_space() {
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  std::error_code failed;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", failed);
  if (boot.empty() || failed) return {};
  return boot + "/" + space.string();
}

struct ProcessStat {
  char state = '?';
  std::string start;  ///< in clock ticks since boot
};

/// /proc/PID/stat (proc(5)): the name in parentheses may itself hold spaces and parentheses, so the
/// fields are counted from the last one. State is field 3, start time field 22.
std::optional<ProcessStat> read_process_stat(int pid) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcessStat stat;
  fields >> stat.state;
  for (int field = 4; field <= 22; ++field) fields >> stat.start;
  if (!fields) return std::nullopt;
  return stat;
}

std::string random_uuid() {
  std::random_device device;
  std::array<std::uint32_t, 4> words{};
  for (std::uint32_t& word : words) word = device();
  words[1] = (words[1] & 0xffff0fffU) | 0x00004000U;  // version 4, random (RFC 4122, 4.4)
  words[2] = (words[2] & 0x3fffffffU) | 0x80000000U;  // the RFC's variant
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16U,
                     words[1] & 0xffffU, words[2] >> 16U, words[2] & 0xffffU, words[3]);
}

}  // namespace

RunnerIdentity identify_runner() {
  RunnerIdentity self;
  self.runner = random_uuid();
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) self.host = name.data();
  self.pid = static_cast<int>(::getpid());
  const std::string space = pid_space();
  const auto stat = read_process_stat(self.pid);
  if (!space.empty() && stat) self.process_start = space + "/" + stat->start;
  return self;
}

bool known_dead(const RunnerIdentity& owner, const RunnerIdentity& self) {
  if (owner.host != self.host || owner.process_start.empty()) return false;
  const std::string space = pid_space();
  const std::size_t cut = owner.process_start.rfind('/');
  if (space.empty() || cut == std::string::npos) return false;
  if (std::string_view(owner.process_start).substr(0, cut) != space) return false;
  const auto stat = read_process_stat(owner.pid);
  if (!stat) return true;
  if (stat->state == 'Z' || stat->state == 'X') return true;
  return stat->start != std::string_view(owner.process_start).substr(cut + 1);
}

}  // namespace backfill
