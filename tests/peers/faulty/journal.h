#pragma once
#include <chrono>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace faulty {

// What happened, one JSON object a line, in the order in which it happened. Any thread. A line is
// in the file before the answer it tells of is on the wire, so a test that has seen the answer
// finds the line.
class Journal {
 public:
  explicit Journal(const std::string& path) : file_(path, std::ios::app) {}

  void Note(const char* event, nlohmann::json line) {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    std::lock_guard lock(mutex_);
    line["event"] = event;
    line["ms"] = Milliseconds(std::chrono::steady_clock::now() - start_).count();
    file_ << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n"
          << std::flush;
  }

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::ofstream file_;
};

}  // namespace faulty
