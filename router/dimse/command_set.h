#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dimse/command.h"

namespace router::dimse {

// Element numbers of group 0000 (PS3.7 E.1).
namespace element {
inline constexpr uint16_t kGroupLength = 0x0000;
inline constexpr uint16_t kAffectedSopClass = 0x0002;
inline constexpr uint16_t kRequestedSopClass = 0x0003;
inline constexpr uint16_t kCommandField = 0x0100;
inline constexpr uint16_t kMessageId = 0x0110;
inline constexpr uint16_t kMessageIdRespondedTo = 0x0120;
inline constexpr uint16_t kMoveDestination = 0x0600;
inline constexpr uint16_t kPriority = 0x0700;
inline constexpr uint16_t kDataSetType = 0x0800;
inline constexpr uint16_t kStatus = 0x0900;
inline constexpr uint16_t kOffendingElement = 0x0901;
inline constexpr uint16_t kErrorComment = 0x0902;
inline constexpr uint16_t kErrorId = 0x0903;
inline constexpr uint16_t kAffectedSopInstance = 0x1000;
inline constexpr uint16_t kRequestedSopInstance = 0x1001;
inline constexpr uint16_t kEventType = 0x1002;
inline constexpr uint16_t kActionType = 0x1008;
inline constexpr uint16_t kRemaining = 0x1020;
inline constexpr uint16_t kCompleted = 0x1021;
inline constexpr uint16_t kFailed = 0x1022;
inline constexpr uint16_t kWarning = 0x1023;
inline constexpr uint16_t kMoveOriginator = 0x1030;
inline constexpr uint16_t kMoveOriginatorMessageId = 0x1031;
}  // namespace element

inline constexpr uint16_t kNoDataSet = 0x0101;  // of (0000,0800); every other value: there is one

// Number of Remaining, Completed, Failed, Warning Sub-operations; absent where the element is.
struct Suboperations {
  std::optional<uint16_t> remaining, completed, failed, warning;
  bool operator==(const Suboperations&) const = default;
};

enum class Priority : uint16_t { kMedium = 0, kHigh = 1, kLow = 2 };

// A command set (PS3.7 6.3): the elements of group 0000, implicit VR little endian. Every element
// that came is kept, known or retired, so that a relayed command loses nothing; so are elements of
// other groups, which have no place there (Orthanc puts (0008,0058) into the final C-GET-RSP).
//
// A value type. Not for more than one thread at a time.
class CommandSet {
 public:
  explicit CommandSet(Command command, bool has_data_set = false);

  // Errc::kMalformedDimse: an element twice, a length beyond the end, no
  // (0000,0100) or (0000,0800), or without what a request ((0000,0110)), a response ((0000,0120),
  // (0000,0900)) or a C-CANCEL-RQ ((0000,0120)) must have; a US value that is not 2 bytes. The
  // group length and the order are not trusted and not insisted on. Nothing refers to `bytes`
  // afterwards.
  static Result<CommandSet> Decode(Bytes bytes, Blame peer = Blame::kDownstream);

  // Group length first and right, elements ascending, even lengths (UIDs padded with NUL, all other
  // values with space).
  Buffer Encode() const;

  Command command() const;
  bool HasDataSet() const;
  uint16_t message_id() const;               // of a request; 0 if absent
  uint16_t message_id_responded_to() const;  // of a response, or of what C-CANCEL cancels
  uint16_t status() const;                   // of a response; 0 if absent
  Uid affected_sop_class() const;            // empty if absent; the same below
  Uid requested_sop_class() const;
  Uid affected_sop_instance() const;
  Uid requested_sop_instance() const;
  Uid sop_class() const;     // affected, else requested
  Uid sop_instance() const;  // affected, else requested
  uint16_t priority() const;
  AeTitle move_destination() const;
  AeTitle move_originator() const;
  std::optional<uint16_t> move_originator_message_id() const;
  Suboperations suboperations() const;
  std::string_view error_comment() const;  // as received; good until the next change

  void SetCommand(Command command);
  void SetHasDataSet(bool has);  // leaves another "there is one" value as it is
  void SetMessageId(uint16_t id);
  void SetMessageIdRespondedTo(uint16_t id);
  void SetStatus(uint16_t status);
  void SetAffectedSopClass(const Uid& uid);
  void SetRequestedSopClass(const Uid& uid);
  void SetAffectedSopInstance(const Uid& uid);
  void SetRequestedSopInstance(const Uid& uid);
  void SetPriority(Priority priority);
  void SetMoveDestination(const AeTitle& title);
  void SetMoveOriginator(const AeTitle& title, uint16_t message_id);
  void SetSuboperations(const Suboperations& counts);  // removes those that are absent
  void SetErrorComment(std::string_view comment);      // made fit by AsErrorComment; empty removes

  // Any element of group 0000. The view is good until the next change.
  std::optional<Bytes> Find(uint16_t element) const;
  std::optional<uint16_t> FindUs(uint16_t element) const;
  void Set(uint16_t element, Bytes value);  // padded to even length as Encode says
  void SetUs(uint16_t element, uint16_t value);
  void Remove(uint16_t element);

  bool operator==(const CommandSet&) const = default;

 private:
  struct Element {
    uint16_t number = 0;
    Buffer value;
    bool operator==(const Element&) const = default;
  };

  CommandSet() = default;
  std::optional<std::string> Fault() const;  // of a decoded set, if it has one
  std::string_view TextOf(uint16_t element) const;
  void SetUid(uint16_t element, const Uid& uid);
  void SetTitle(uint16_t element, const AeTitle& title);

  std::vector<Element> elements_;  // ascending; without the group length
  Buffer others_;                  // encoded elements of other groups, as they came
};

}  // namespace router::dimse
