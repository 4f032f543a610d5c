#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/bench/pdu.h"

namespace bench {

// Bytes that wait to be sent; `owner` keeps them alive, so one copy serves all associations.
struct Segment {
  const uint8_t* at = nullptr;
  size_t size = 0;
  std::shared_ptr<const Bytes> owner;
};

// A data set that is sent over and over as one C-STORE-RQ, every time with a SOP Instance UID of
// its own. It is cut into PDUs once. What follows the head is shared by all associations, and the
// pixels of a large one are a run of equal PDUs sent again: memory does not grow with the object.
class Instance {
 public:
  // head: the data set in Explicit VR Little Endian, up to (7FE0,0010), with kUid in it wherever
  // the SOP Instance UID stands. pixels: the bytes of Pixel Data to add, even; 0: none.
  Instance(std::string sop_class, Bytes head, uint64_t pixels);

  // The digits at the end are replaced.
  static constexpr const char* kUid = "1.2.826.0.1.3680043.9.9999.8.100000000000000";
  static std::string UidOf(uint64_t number);

  const std::string& sop_class() const { return sop_class_; }
  // Of the encoded data set.
  uint64_t size() const { return head_.size() + pixels_; }

  // The same for all messages of a PDU length: the PDUs behind the first one of the data set.
  struct Cut {
    uint32_t max_pdu = 0;
    size_t first = 0;    // bytes of pixels in the first PDU of the data set
    bool whole = false;  // there is no further one
    std::vector<Segment> rest;
  };
  std::shared_ptr<const Cut> CutFor(uint32_t max_pdu) const;  // from any thread

  // Whose sub-operation it is (PS3.7 9.1.1.1); without a title it is none.
  struct Originator {
    std::string title;
    uint16_t message_id = 0;
  };
  // A whole C-STORE-RQ.
  std::vector<Segment> Message(const Cut& cut, uint16_t message_id, uint64_t number,
                               const Originator& originator) const;

 private:
  std::shared_ptr<const Cut> Make(uint32_t max_pdu) const;

  std::string sop_class_;
  Bytes head_;
  std::vector<size_t> uids_;  // where kUid stands in head_
  uint64_t pixels_;
  mutable std::mutex mutex_;
  mutable std::map<uint32_t, std::shared_ptr<const Cut>> cuts_;
};

}  // namespace bench
