#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace model {

// `sluice serve` between the client ME and the application UP, which listens at `upstream`. Ended
// by its own process id with the object.
class SluiceProcess {
 public:
  explicit SluiceProcess(uint16_t upstream);
  ~SluiceProcess();
  uint16_t port() const { return port_; }
  bool running() const;
  int End();  // its exit code

 private:
  std::string directory_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace model
