#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace faulty {

// A UNIX socket on which one line of JSON is a command and one line the answer. Its thread answers
// one connection after the other; `answer` is called on it.
class Control {
 public:
  using Answer = std::function<nlohmann::json(const nlohmann::json&)>;

  Control(const std::string& path, Answer answer);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

 private:
  void Run();
  void Serve(int connection);

  std::string path_;
  Answer answer_;
  int socket_;
  std::thread thread_;
};

}  // namespace faulty
