#include "run/process_user.hpp"

#include <array>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace backfill::run {

std::string process_user() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const int looked = ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found);
  if (looked == 0 && found != nullptr) return found->pw_name;
  return fmt::format("uid {}", ::getuid());
}

}  // namespace backfill::run
