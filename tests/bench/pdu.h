#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// PS3.8 and PS3.7 as far as the bench speaks them. Nothing of Sluice's own upper layer is in here:
// it would be tested against itself.
namespace bench {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

// PS3.8 9.3.
enum PduType : uint8_t {
  kAssociateRq = 1,
  kAssociateAc = 2,
  kAssociateRj = 3,
  kPdata = 4,
  kReleaseRq = 5,
  kReleaseRp = 6,
  kAbort = 7,
};

// PS3.7 E.1; a response is its request with this bit.
enum Field : uint16_t {
  kStore = 0x0001,
  kFind = 0x0020,
  kMove = 0x0021,
  kEcho = 0x0030,
  kResponse = 0x8000,
};

constexpr uint16_t kNoDataSet = 0x0101;
constexpr uint16_t kPending = 0xff00;
constexpr size_t kPduHeader = 6, kPdvHeader = 6;
constexpr uint8_t kCommandPdv = 1, kLastPdv = 2;

// Big endian, as everything in PS3.8.
void AppendBig16(Bytes& out, uint16_t value);
void AppendBig32(Bytes& out, uint32_t value);
uint32_t Big32(const uint8_t* at);

// One context, number 1, in Explicit VR Little Endian.
Bytes AssociateRequest(std::string_view called, std::string_view calling,
                       std::string_view sop_class, uint32_t max_pdu);
// Takes every context of a request (its body) in its first transfer syntax.
Bytes AssociateAccept(View request, uint32_t max_pdu);
Bytes Release(PduType type);

// The longest PDU that the body of an A-ASSOCIATE-RQ or -AC allows its receiver's peer; 0: any.
uint32_t MaxPduOf(View associate);

// The headers of a P-DATA-TF that carries one PDV with a fragment of `size` bytes.
void AppendPdvHeaders(Bytes& out, uint8_t context, uint8_t flags, size_t size);

// A command set in the making, elements in rising order (PS3.7 6.3.1).
class CommandSet {
 public:
  CommandSet& Text(uint16_t element, std::string_view value);
  CommandSet& Short(uint16_t element, uint16_t value);
  // The whole P-DATA-TF.
  Bytes Pdu(uint8_t context) const;

 private:
  void Tag(uint16_t element, size_t length);
  Bytes elements_;
};

// What the bench reads of a command set.
struct Command {
  uint16_t field = 0, message_id = 0, responded_to = 0, status = 0;
  uint16_t completed = 0, failed = 0;  // sub-operations
  bool has_data_set = false;
  std::string sop_class, sop_instance, move_destination;
};
std::optional<Command> ReadCommand(View bytes);

}  // namespace bench
