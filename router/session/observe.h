#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "router/base/bytes.h"
#include "router/session/services.h"
#include "router/store/row.h"

namespace router::session {

// A copy of a data set that is relayed, taken as it passes: the relay neither waits for it nor is
// changed by it. Bounded, for one and for all together; what does not fit is dropped. One loop.
class Tap {
 public:
  static constexpr size_t kMost = 64 << 20;           // bytes of one data set
  static constexpr int64_t kMostOfAll = 256LL << 20;  // of all that are kept or judged

  explicit Tap(std::atomic<int64_t>& kept) : kept_(std::make_shared<Kept>(kept)) {}
  void Add(Bytes bytes);
  // Null where it did not fit. The room is given back with the last share.
  std::shared_ptr<const Buffer> Take();

 private:
  struct Kept {
    explicit Kept(std::atomic<int64_t>& of) : all(of) {}
    ~Kept() { all -= charged; }
    int64_t Charge(int64_t more) { return charged += more, all += more; }
    std::atomic<int64_t>& all;
    int64_t charged = 0;
    Buffer bytes;
  };
  bool Reserve(size_t size);

  std::shared_ptr<Kept> kept_;  // null: it did not fit
};

// Looks, with `mode: observe`, at an instance that was relayed: what the gate would have made of
// it. Begins a task of its own on this loop and returns at once; asks the application as the gate
// does. `instance` without kind, study and series: they are read.
void LookAt(Services& services, ApplicationRuntime& runtime, store::Instance instance, Tap tap);

// Counts what would have been done: in the metrics, and for `sluice observe report`. Any loop.
void NoteObserved(Services& services, ApplicationRuntime& runtime, ObservedAction what,
                  Uid sop_instance);

}  // namespace router::session
