#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Data elements as people name them, asked for and edited: what rules/ says and router/dataset
// does.
namespace router {

// One step of a path.
struct ElementStep {
  uint32_t tag = 0;     // gggg << 16 | eeee; of a private element eeee is the 00ee within its block
  std::string creator;  // its private creator (PS3.5 7.8.1); empty: a standard element
  uint32_t item = 0;    // of the sequence that it names: 1-based; 0: every item
  bool operator==(const ElementStep&) const = default;
};

// From the outside in: sequences, then the element. "BeamSequence.TreatmentMachineName",
// "BeamSequence[1].BeamName", "(300A,00B0).(300A,00B2)", "(3253,xx00)[Varian Medical Systems VISION
// 3253]".
struct ElementPath {
  std::vector<ElementStep> steps;  // at least one
  std::string text;                // as it was written
  bool operator==(const ElementPath& other) const { return steps == other.steps; }
};

// What a data set has at a path: the values of all elements there, in the order of the bytes, each
// value of a multi-valued element (PS3.5 6.4) for itself, without padding, text in UTF-8.
struct ElementValues {
  enum class Presence : uint8_t {
    kUnknown,  // the bytes at hand end before it
    kAbsent,
    kPresent,  // perhaps without a value
  };
  Presence presence = Presence::kUnknown;
  std::vector<std::string> values;
};

// One change to a data set. Of several the first goes first, each sees what those before it did.
struct ElementEdit {
  enum class Kind : uint8_t {
    kSet,            // `path` to `value`; made where it is missing, but for items of sequences
    kRemove,         // `path`
    kCopy,           // `path` to the value of `from`; nothing if that is absent
    kReplace,        // each value of `path` for which `rewrite` has another one
    kRemovePrivate,  // every private group and element, at any depth, but those of `keep`
    kCharacterSet,   // texts re-encoded for (0008,0005) = `value`
  };
  Kind kind = Kind::kSet;
  ElementPath path, from;
  std::string value;  // UTF-8; several values are parted by backslashes
  std::function<std::optional<std::string>(std::string_view value)> rewrite;  // UTF-8 in and out
  std::vector<std::string> keep;                                              // private creators
  bool clinical = false;  // meant for plans, and for UIDs, on the way to where they are treated
  std::string text;  // for people, as one line: "set PatientComments"; never a value
};

}  // namespace router
