#pragma once
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/peers/faulty/instance.h"

namespace faulty {

// The identifier of a C-FIND or C-MOVE in the Study Root model (PS3.4 C.6.2), read as leniently
// as VMSDBD does: SERIES with the Series UID alone, IMAGE with the SOP Instance UID alone or with
// SOP Class and Study UID, STUDY with a Patient ID alone, a stray Transfer Syntax UID. Value type,
// one thread.
class Query {
 public:
  explicit Query(const DcmDataset& identifier);

  const std::string& level() const { return level_; }
  bool LevelKnown() const;
  // The unique keys above the level are there, each with one value (PS3.4 C.4.1.2.1).
  bool Hierarchical() const;
  bool Matches(const Instance& instance) const;
  // One response identifier for each study, series or instance among those that matched.
  std::vector<std::unique_ptr<DcmDataset>> Answers(const std::vector<Instance>& matches,
                                                   const std::string& retrieve_ae_title) const;
  // For the journal: "gggg,eeee" → value.
  nlohmann::json Keys() const;

 private:
  struct Key {
    DcmTagKey tag;
    DcmEVR vr;
    std::string value;
  };

  const std::string& Value(const DcmTagKey& tag) const;
  uint32_t UniqueKey() const;
  std::string Answer(const Key& key, const std::vector<const Instance*>& group) const;

  std::string level_;
  std::vector<Key> keys_;
};

}  // namespace faulty
