#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// What the disk gives, and nothing else: files written aside and synchronised by so many writers,
// then, by one committer in batches, renamed, their directory synchronised, and a line for each
// appended to a log which is synchronised too. These are the steps of an instance that is
// acknowledged as durable, without DICOM, without a database. Prints files per second.
//
//     disk DIRECTORY WRITERS BYTES SECONDS
namespace {

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

void WriteAll(int fd, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t done = write(fd, bytes.data() + at, bytes.size() - at);
    if (done < 0) Fail("write");
    at += static_cast<size_t>(done);
  }
}

class Committer {
 public:
  explicit Committer(const std::string& directory)
      : directory_(open(directory.c_str(), O_RDONLY | O_DIRECTORY)),
        log_(open((directory + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600)),
        thread_([this] { Run(); }) {
    if (directory_ < 0 || log_ < 0) Fail("open");
  }
  ~Committer() {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
    }
    arrived_.notify_one();
    thread_.join();
    close(directory_);
    close(log_);
  }

  // Returns once the file is there for good.
  void Commit(const std::string& part, const std::string& name) {
    std::unique_lock lock(mutex_);
    waiting_.push_back({part, name});
    const uint64_t mine = batch_;
    arrived_.notify_one();
    durable_.wait(lock, [&] { return done_ > mine; });
  }

 private:
  struct Rename {
    std::string from, to;
  };

  void Run() {
    const std::string line(200, 'x');  // about what a row takes
    std::unique_lock lock(mutex_);
    for (;;) {
      arrived_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::vector<Rename> batch;
      batch.swap(waiting_);
      ++batch_;
      lock.unlock();
      std::string lines;
      for (const Rename& one : batch) {
        if (rename(one.from.c_str(), one.to.c_str()) != 0) Fail("rename");
        lines += line;
      }
      if (fsync(directory_) != 0) Fail("fsync");
      WriteAll(log_, lines);
      if (fdatasync(log_) != 0) Fail("fdatasync");
      lock.lock();
      done_ = batch_;
      durable_.notify_all();
    }
  }

  int directory_, log_;
  std::mutex mutex_;
  std::condition_variable arrived_, durable_;
  std::vector<Rename> waiting_;
  uint64_t batch_ = 0, done_ = 0;  // the one being gathered; all before this one are durable
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string directory = argv[1];
  const int writers = std::atoi(argv[2]);
  const std::string content(static_cast<size_t>(std::atoll(argv[3])), 'x');
  const double began = Now(), until = began + std::atof(argv[4]);
  std::atomic<uint64_t> written = 0;
  {
    Committer committer(directory);
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        for (int number = 0; Now() < until; ++number) {
          const std::string name =
              directory + "/" + std::to_string(i) + "." + std::to_string(number);
          const std::string part = name + ".part";
          const int fd = open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
          if (fd < 0) Fail("open");
          WriteAll(fd, content);
          if (fdatasync(fd) != 0) Fail("fdatasync");
          close(fd);
          committer.Commit(part, name);
          ++written;
        }
      });
    for (std::thread& thread : threads) thread.join();
  }
  std::printf("%.1f\n", static_cast<double>(written) / (Now() - began));
}
