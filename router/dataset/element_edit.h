#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "router/base/bytes.h"
#include "router/base/element.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/edit.h"
#include "router/dataset/scanner.h"
#include "router/dataset/source.h"

namespace router::dataset {

// What an edit leaves behind: `head` takes the place of the first `resume_offset` bytes of the data
// set as it was; from there on it stays as it is.
struct EditedHead {
  Buffer head;
  uint64_t resume_offset = 0;
  bool changed = false;  // else both of the above are empty: every byte stays
};

// Applies edits to one data set, in their order, each on what those before it left.
//
// What an edit touches is written anew, and the lengths of what is around it, in the manner
// (defined, undefined) in which they stood; every other byte stays, up to pixel data and beyond.
// Group lengths (gggg,0000) of touched groups and Length to End (0008,0001) are dropped, as PS3.5
// 7.2 allows. Values are written in the VR that stands there, in implicit VR and for new elements
// in that of the dictionary; text in the Specific Character Set (0008,0005) of the data set or
// item. One with too many bytes for a length of 16 bits becomes UN (PS3.5 6.2.2).
//
// - kSet with an empty value leaves an element without value. It makes no items, no private
//   elements, none of unknown VR. kRemove of "BeamSequence[2]" removes that item.
// - kReplace and kCopy need a text form (element_value.h). kCopy takes the first element that
//   `from` finds.
// - (0008,0005) itself changes by kCharacterSet alone. That converts the texts of all items too,
//   those of VR UN and implicit private ones as far as a dictionary knows them. Texts whose bytes
//   mean nothing in the set they stand in are an error.
// - kRemovePrivate keeps the reservations and blocks of `keep`, without what is private inside.
//
// Errors: kCorrupt, blamed on the sender, for a data set that is none or whose elements are out of
// order; kLimit where what is needed of it is longer than kMostEdited; kBadConfig, blamed on us,
// for what an edit asks in vain (a value that is not legal for its VR, or has characters that the
// set lacks): the detail begins with the edit's text and quotes no value. After an error nothing is
// edited.
//
// One thread. The edits outlive it.
class ElementEditor {
 public:
  ElementEditor(std::span<const ElementEdit* const> edits, const Uid& transfer_syntax);

  // Of a data set that still comes: its bytes so far, from the first one on, at least those given
  // before. Must more be at hand before Apply? No, once they reach to an element behind all that is
  // edited, copied or made: pixel data itself is never needed for what stands before it. Always
  // the whole data set is needed if it is deflated, and for kRemovePrivate and kCharacterSet, since
  // private elements and text may follow the pixel data.
  Result<bool> NeedsMore(Bytes prefix, bool whole);

  // Once NeedsMore said no, of the same bytes.
  Result<EditedHead> Apply(Bytes prefix);

  // The greatest tag that has to be seen, so that what comes behind it can stay unseen.
  Tag last() const { return last_; }

 private:
  Result<bool> Reaches(Bytes prefix, bool whole);
  Result<EditedHead> ApplyPlain(Bytes head, uint64_t size);

  const std::span<const ElementEdit* const> edits_;
  const Encoding encoding_;
  Tag last_ = 0;
  uint64_t next_ = 0;  // of the element at which to go on
  bool reached_ = false;
};

// The same of all bytes, or of a file: reads no further than needed. Blocks on the disk.
Result<EditedHead> Edit(Bytes data_set, const Uid& transfer_syntax,
                        std::span<const ElementEdit* const> edits);
Result<EditedHead> Edit(const Region& region, std::span<const ElementEdit* const> edits);

}  // namespace router::dataset
