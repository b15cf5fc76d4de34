#include "cli/log.hpp"

#include <utility>

#include <spdlog/details/log_msg.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "cli/glyphs.hpp"
#include "cli/json_output.hpp"

namespace backfill::cli {

namespace {

spdlog::level::level_enum spdlog_level(run::Level level) {
  switch (level) {
    case run::Level::debug: return spdlog::level::debug;
    case run::Level::info: return spdlog::level::info;
    case run::Level::warning: return spdlog::level::warn;
    case run::Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// DEBUG, INFO, WARNING, ERROR, in colour where a person looks: spdlog has lower case alone.
class UpperLevel final : public spdlog::custom_flag_formatter {
 public:
  explicit UpperLevel(bool colour) : colour_(colour) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const auto append = [&out](std::string_view text) {
      out.append(text.data(), text.data() + text.size());
    };
    switch (message.level) {
      case spdlog::level::debug: return append("DEBUG");
      case spdlog::level::warn: return append(colour_ ? "\x1b[33mWARNING\x1b[0m" : "WARNING");
      case spdlog::level::err: return append(colour_ ? "\x1b[31mERROR\x1b[0m" : "ERROR");
      default: return append("INFO");
    }
  }

  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<UpperLevel>(colour_);
  }

 private:
  bool colour_;
};

std::unique_ptr<spdlog::formatter> formatter_of(const Log::Options& options) {
  const auto time = options.utc ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local;
  auto formatter = std::make_unique<spdlog::pattern_formatter>(time, "\n");
  formatter->add_flag<UpperLevel>('*', options.colour);
  // A JSON line is rendered whole before it gets here; in text the event stands as logger name.
  formatter->set_pattern(options.format == LogFormat::json ? "%v" : "%H:%M:%S %* %n: %v");
  return formatter;
}

}  // namespace

class Log::Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  Sink(const Options& options, Writer writer)
      : base_sink(formatter_of(options)), writer_(std::move(writer)) {
    set_level(spdlog_level(options.level));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_(std::string_view(line.data(), line.size()));
  }
  void flush_() override {}

  Writer writer_;
};

Log::Log(Options options, Writer writer, Clock clock)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      sink_(std::make_unique<Sink>(options_, std::move(writer))) {}

Log::~Log() = default;

void Log::write(const LogRecord& record) {
  const auto level = spdlog_level(record.level);
  if (!sink_->should_log(level)) return;
  const auto now = clock_();
  std::string payload;
  if (options_.format == LogFormat::json) {
    payload = json_log_line(now, options_.job, record);
  } else {
    payload = without_controls(record.message);
    if (!options_.utf8) payload = plain_typography(payload);
  }
  sink_->log(spdlog::details::log_msg(
      now, spdlog::source_loc{}, spdlog::string_view_t(record.event.data(), record.event.size()),
      level, payload));
}

std::string_view to_string(run::Level level) {
  switch (level) {
    case run::Level::debug: return "debug";
    case run::Level::info: return "info";
    case run::Level::warning: return "warning";
    case run::Level::error: return "error";
  }
  return "error";
}

}  // namespace backfill::cli
