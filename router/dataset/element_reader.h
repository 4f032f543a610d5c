#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/element.h"
#include "router/base/result.h"
#include "router/dataset/character_set.h"
#include "router/dataset/scanner.h"
#include "router/dataset/source.h"

namespace router::dataset {

// The values at some paths of a data set, each decoded when it is first asked for, and once. The
// bytes may be the head of a data set that still comes: an element is kUnknown until they reach
// beyond it or beyond where it would be. Elements come in the order of tags (PS3.5 7.1): behind a
// greater tag an absent one is absent for good; one that stands there all the same is not seen.
//
// Values as router/base/element.h has them: text by the Specific Character Set (0008,0005) of the
// data set or of the item; numbers in decimal, AT as "(gggg,eeee)". Elements in implicit VR and
// those of VR UN by the dictionary, private ones by DCMTK's for their creator; of unknown VR:
// printable ASCII as one value, else none; US where the dictionary allows SS too. Present, but
// without values: a value of more than 64 KiB, the values at a path that come to more than 4 MiB,
// and what has no text form (sequences, OB …). Private paths go by creator, whatever block it
// reserves.
//
// One thread. Kept from one data set to the next, so that beyond the values nothing is allocated
// for most of them.
class ElementReader {
 public:
  // `paths`: the slots, in their order; outlive the reader.
  explicit ElementReader(std::span<const ElementPath> paths);
  ~ElementReader();
  ElementReader(const ElementReader&) = delete;
  ElementReader& operator=(const ElementReader&) = delete;

  // A new data set, of which nothing is there yet.
  void Begin(const Uid& transfer_syntax);
  // Its bytes from the first one on, as many as there are by now: at least those given before, at
  // whatever address. `whole`: there will be no more. Good as long as At is called.
  void Extend(Bytes prefix, bool whole);
  // In place of both: a whole data set in a file. At may block on the disk.
  void Open(const Region& region);

  // Good until the next Begin or Open; the same object with more in it after Extend.
  const ElementValues& At(size_t slot);

  // What was wrong with the bytes, as far as they have been looked at: kCorrupt, blamed on the
  // sender, or kDisk. What was not decided before stays kUnknown.
  const Result<>& ReadResult() const { return result_; }

  // Of the (inflated) data set that have been walked; for tests.
  uint64_t walked() const { return next_; }

 private:
  // A top-level element that is looked for: where a slot's path begins.
  struct Place {
    Tag tag = 0;          // 0: private, its block is not known
    Tag wanted = 0;       // as in the path
    std::string creator;  // empty: standard
    std::optional<uint64_t> offset;
    bool is_long = false;  // its value has more than 64 KiB
    Event header;          // what stands at the offset
  };
  struct Slot {
    size_t place = 0;
    bool settled = false;
    ElementValues values;
  };
  class Memory;

  size_t PlaceFor(const ElementStep& step);
  void Forget();
  bool Walk(const Place& place);
  bool IsPlain() const { return !region_ && !encoding_.deflated; }
  Result<bool> Skim();
  Result<bool> Step();
  Result<bool> End() const;
  void See(const Event& event, Bytes value);
  void Reserve(Tag reservation, std::string_view creator);
  bool IsPassed(const Place& place) const;
  Result<> StartAt(uint64_t offset);
  Result<std::unique_ptr<Source>> OpenAt(uint64_t offset);
  void Settle(Slot& slot, const ElementPath& path);
  Result<> Decode(Slot& slot, const ElementPath& path);

  const std::span<const ElementPath> paths_;
  std::vector<Place> places_;
  std::vector<Slot> slots_;
  bool has_private_ = false;

  Encoding encoding_;
  Bytes prefix_;
  bool whole_ = false, ended_ = false;
  std::optional<Region> region_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Source> opened_;  // of a region, or inflating
  std::optional<Scanner> scanner_;
  uint64_t base_ = 0;  // where the scanner began
  uint64_t next_ = 0;  // of the first top-level element that was not wholly seen
  Tag passed_ = 0;     // the greatest that was seen
  std::string terms_;  // (0008,0005)
  std::optional<CharacterSet> set_;
  Result<> result_;
};

}  // namespace router::dataset
