#include "router/base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace router::log {
namespace {

constexpr size_t kQueuedLines = 8192;

struct Sink {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::logger> logger;
  Level least = Level::kInfo;
  Form form = Form::kText;
};
Sink& TheSink() {
  static Sink sink;
  return sink;
}

constexpr std::string_view NameOf(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

spdlog::level::level_enum AsSpdlog(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<size_t>(level)];
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  out += '"';
}

// key=value; what has spaces or quotes is quoted, so that a line can be taken apart again.
void AppendTextValue(std::string& out, std::string_view text) {
  bool plain = !text.empty() && text.find_first_of(" \"=\t\r\n\\") == text.npos;
  if (plain)
    out += text;
  else
    AppendJsonString(out, text);
}

std::string TimeStamp() {
  auto now = std::chrono::system_clock::now();
  auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), milliseconds);
}

std::string Line(Form form, Level level, std::string_view event, Fields fields) {
  std::string rendered = Render(form, level, event, fields);
  if (form == Form::kJson) return "{\"time\":\"" + TimeStamp() + "\"," + rendered.substr(1);
  return TimeStamp() + " " + rendered;
}

}  // namespace

std::string Render(Form form, Level level, std::string_view event, Fields fields) {
  std::string out;
  if (form == Form::kJson) {
    out += "{\"level\":\"";
    out += NameOf(level);
    out += "\",\"event\":";
    AppendJsonString(out, event);
    for (const Field& field : fields) {
      out += ',';
      AppendJsonString(out, field.key);
      out += ':';
      if (field.number)
        out += field.value;
      else
        AppendJsonString(out, field.value);
    }
    return out += '}';
  }
  out += NameOf(level);
  out += ' ';
  out += event;
  for (const Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    AppendTextValue(out, field.value);
  }
  return out;
}

void Start(Level least, Form form) {
  Sink& sink = TheSink();
  sink.least = least;
  sink.form = form;
  sink.pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  sink.logger = std::make_shared<spdlog::async_logger>(
      "sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>(), sink.pool,
      spdlog::async_overflow_policy::overrun_oldest);
  sink.logger->set_level(AsSpdlog(least));
  sink.logger->set_pattern("%v");
  sink.logger->flush_on(spdlog::level::debug);
}

void Stop() {
  Sink& sink = TheSink();
  sink.logger.reset();
  sink.pool.reset();  // joins its thread after the queue is empty
}

bool Enabled(Level level) { return level >= TheSink().least; }

void Write(Level level, std::string_view event, Fields fields) {
  Sink& sink = TheSink();
  if (level < sink.least) return;
  std::string line = Line(sink.form, level, event, fields);
  if (sink.logger)
    sink.logger->log(AsSpdlog(level), line);
  else
    std::fprintf(stderr, "%s\n", line.c_str());
}

uint64_t Lost() {
  Sink& sink = TheSink();
  return sink.pool ? sink.pool->overrun_counter() : 0;
}

void Fatal(std::string_view event, Fields fields) {
  std::fprintf(
      stderr, "%s\n",
      Line(TheSink().form, Level::kError, std::string("fatal: ") + std::string(event), fields)
          .c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace router::log
