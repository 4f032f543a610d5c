#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"

namespace router::store {

// The few things that the spool asks of a file system, so that tests can make each of them fail.
// Blocks; any thread. Paths are absolute. Errors: kDisk (retryable where the disk is full), with
// the path and strerror; kNotFound where a file to read is not there.
class Disk {
 public:
  struct Entry {
    std::string name;
    uint64_t size;
  };

  virtual ~Disk() = default;

  virtual Result<> MakeDirectory(const std::string& path);  // and those above it; may exist
  virtual Result<int> Create(const std::string& path);      // for writing; must not exist
  virtual Result<int> OpenToRead(const std::string& path);
  virtual Result<size_t> Write(int file, Bytes bytes);  // may be short, as write(2) may
  virtual Result<size_t> ReadAt(int file, uint64_t offset, std::span<std::byte> into);  // 0: end
  virtual Result<> Sync(int file);                                                      // fdatasync
  virtual void Close(int file);
  virtual Result<> Rename(const std::string& from, const std::string& to);
  // A second name for the same file. False: this file system, or these two, cannot.
  virtual Result<bool> Link(const std::string& from, const std::string& to);
  virtual Result<> SyncDirectory(const std::string& path);
  virtual Result<> Unlink(const std::string& path);  // of what is not there: fine
  virtual Result<uint64_t> FreeBytes(const std::string& path);
  virtual Result<std::vector<Entry>> List(const std::string& directory);  // regular files
};

// The file system itself; never destroyed.
Disk& TheDisk();

// What an errno says; where a right is lacking, of which user, and what to do about it.
std::string Explain(int code);

}  // namespace router::store
