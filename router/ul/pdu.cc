#include "router/ul/pdu.h"

namespace router::ul {

// The alternatives of Pdu stand in the order of the types.
PduType TypeOf(const Pdu& pdu) { return static_cast<PduType>(pdu.index() + 1); }

std::string_view NameOf(PduType type) {
  switch (type) {
    case PduType::kAssociateRq:
      return "A-ASSOCIATE-RQ";
    case PduType::kAssociateAc:
      return "A-ASSOCIATE-AC";
    case PduType::kAssociateRj:
      return "A-ASSOCIATE-RJ";
    case PduType::kDataTf:
      return "P-DATA-TF";
    case PduType::kReleaseRq:
      return "A-RELEASE-RQ";
    case PduType::kReleaseRp:
      return "A-RELEASE-RP";
    case PduType::kAbort:
      return "A-ABORT";
  }
  return "unknown PDU";
}

}  // namespace router::ul
