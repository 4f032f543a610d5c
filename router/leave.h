#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "router/admin/source.h"
#include "router/base/clock.h"
#include "router/session/services.h"
#include "router/store/export.h"
#include "router/store/ledger.h"

namespace router {

// `sluice leave`: nothing more is held, what is due is sent, the rest is written as files. Sluice
// goes on relaying, and sends what becomes ready; what was written stays in the ledger, too.
//
// Owned by the app; works on a thread of its own. Any thread.
class Leave {
 public:
  Leave(session::Entrance& holding, store::Ledger& ledger, store::StorePaths store,
        const Clock& clock)
      : holding_(holding), ledger_(ledger), store_(std::move(store)), clock_(clock) {}
  ~Leave() { Stop(); }
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;

  // Begins, to be done some time after. What is due is waited for as long as it gets less within
  // `patience`. Errors: kRefused while one is under way, those of store::PrepareTarget.
  Result<> Begin(std::string to, std::map<std::string, store::SendTo> known,
                 config::Duration patience);
  admin::LeaveStatus Describe() const;
  void Stop();  // breaks off what is under way, and waits for that

 private:
  void Run(const store::ExportOptions& options, config::Duration patience);
  Result<store::ExportReport> AwaitEntered();  // an empty one
  void AwaitSent(config::Duration patience);
  Result<store::ExportReport> Write(store::ExportOptions options);
  int64_t Queued() const;
  void Show(const store::ExportCounts& counts);  // under mutex_

  session::Entrance& holding_;
  store::Ledger& ledger_;
  const store::StorePaths store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  admin::LeaveStatus status_;  // under mutex_
  bool stopping_ = false;      // under mutex_
  bool running_ = false;       // under mutex_
  std::thread thread_;         // Begin and Stop, under mutex_ but for its end
};

}  // namespace router
