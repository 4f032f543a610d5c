#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace router::store {

// For as long as it lives this process may not look into a folder: where the tests run as root, as
// a user who is nobody.
class Forbidden {
 public:
  explicit Forbidden(std::string path) : path_(std::move(path)) {
    std::filesystem::permissions(path_, static_cast<std::filesystem::perms>(root_ ? 0700 : 0));
    if (root_) Become(65534);
  }
  ~Forbidden() {
    if (root_) Become(0);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;

 private:
  static void Become(uid_t user) { EXPECT_EQ(::seteuid(user), 0); }

  const std::string path_;
  const bool root_ = ::geteuid() == 0;
};

}  // namespace router::store
