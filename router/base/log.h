#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace router::log {

// One line per outcome: an event in a few words and its fields. Never patient data at any level:
// no names, no patient IDs, no values of data elements other than UIDs and AE titles.
//
//   log::Info("association rejected", {{"calling", rq.calling.view()}, {"reason", "..."}});
//
// Any thread. Lines go through a queue to one thread of spdlog's; when it is full the oldest are
// overwritten and counted (Lost), so that logging never stops a loop. Fatal writes to stderr at
// once, whatever the queue does.
enum class Level : uint8_t { kDebug, kInfo, kWarning, kError };
enum class Form : uint8_t { kText, kJson };

struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)), number(true) {}

  std::string_view key;
  std::string value;
  bool number = false;
};
using Fields = std::initializer_list<Field>;

// Called once by main before any thread exists; until then lines go to stderr as text.
void Start(Level least, Form form);
// Writes out what is queued. Called last in main.
void Stop();

bool Enabled(Level level);
void Write(Level level, std::string_view event, Fields fields);
uint64_t Lost();

inline void Debug(std::string_view event, Fields fields = {}) {
  if (Enabled(Level::kDebug)) Write(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, Fields fields = {}) { Write(Level::kInfo, event, fields); }
inline void Warning(std::string_view event, Fields fields = {}) {
  Write(Level::kWarning, event, fields);
}
inline void Error(std::string_view event, Fields fields = {}) {
  Write(Level::kError, event, fields);
}

// What cannot happen, or what must not be survived (a ledger that does not sync): says so on
// stderr and ends the process. The ledger makes restart safe.
[[noreturn]] void Fatal(std::string_view event, Fields fields = {});

// One line, as Write would print it, without the time stamp. For tests.
std::string Render(Form form, Level level, std::string_view event, Fields fields);

}  // namespace router::log
