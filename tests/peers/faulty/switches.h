#pragma once
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace faulty {

struct StoreVerdict {
  uint16_t status = 0;
  bool keep = false;  // whether the instance is kept although the status says no
};

struct Rejection {
  int result = 1;
  int source = 1;
  int reason = 1;
};

// What the peer does wrong, and how often. One for the process; any thread. A test turns the
// switches while associations run; every decision reads them anew. The whole list with its
// defaults stands in switches.cc, and an unknown name or another type is refused.
class Switches {
 public:
  Switches();

  // Merges into what is set; objects key by key. Returns what is wrong, or nothing.
  std::optional<std::string> Set(const nlohmann::json& changes);
  void Clear();
  nlohmann::json All() const;

  // "commit.queries" and the like: the value of one switch.
  template <typename T>
  T Get(std::string_view path) const {
    return Find(path).get<T>();
  }
  // A list that may be null: nothing then, and everything is allowed.
  std::optional<std::vector<std::string>> GetList(std::string_view path) const;

  // Counts the counter at the path down and says whether it was to be used: -1 never ends.
  bool Take(std::string_view path);
  // The first rule of store_status that fits, counted down.
  std::optional<StoreVerdict> TakeStoreStatus(const std::string& kind, const std::string& sop_class,
                                              const std::string& uid);
  // Whether this C-FIND, the n-th since the switch was set, says that nothing was found.
  bool TakeEmptyFind();
  // Whether this match, the n-th since the switch was set, is left out of the answer.
  bool TakeSkippedMatch();
  std::optional<uint16_t> TakeFinalStatus(std::string_view operation);  // "find" or "move"
  std::optional<Rejection> TakeRejection();

 private:
  nlohmann::json Find(std::string_view path) const;
  void BeginFinds();

  mutable std::mutex mutex_;
  nlohmann::json all_;
  uint64_t finds_ = 0;    // C-FINDs since "find" was set
  uint64_t matches_ = 0;  // and what they found
  std::minstd_rand chance_;
};

}  // namespace faulty
