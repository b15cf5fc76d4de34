#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "config/job_reader.hpp"

// The two places where the reader meets the outside world: a file and the process's variables.
namespace backfill {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

ReadJob unreadable(const std::string& path, int code) {
  const std::string why = std::generic_category().message(code);
  return {std::nullopt, {{path, 0, 0, fmt::format("the job file cannot be read: {}", why)}}};
}

}  // namespace

std::optional<std::string> job_file_text(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rb"));
  if (!file) return std::nullopt;
  std::string text;
  std::string chunk(64 * 1024, '\0');
  // One byte more than the limit is enough for `read_job` to say that the file is too large.
  while (text.size() <= job_file_bytes_max) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    text.append(chunk, 0, got);
    if (got == chunk.size()) continue;
    if (std::ferror(file.get()) != 0) return std::nullopt;
    break;
  }
  return text;
}

ReadJob read_job_file(const std::string& path, const Environment& environment) {
  const std::optional<std::string> text = job_file_text(path);
  if (!text) return unreadable(path, errno);
  return read_job(path, *text, environment);
}

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace backfill
