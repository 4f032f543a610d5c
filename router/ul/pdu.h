#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/bytes.h"
#include "router/base/uid.h"

// The seven PDUs of PS3.8 9.3 with all user information of PS3.7 Annex D, as plain values. Numbers
// are kept as received, known or not; the names of those the standard knows are in
// reject_reasons.h. UIDs are kept without padding. What is not understood is kept (RawItem).
namespace router::ul {

using ContextId = uint8_t;  // presentation context ID: odd, 1 to 255 (PS3.8 9.3.2.2)

inline constexpr std::string_view kApplicationContext = "1.2.840.10008.3.1.1.1";  // PS3.7 A.2.1

// An AE title field: 16 bytes exactly as they stood, since an A-ASSOCIATE-AC has to send back what
// it received (PS3.8 9.3.3). Compared byte by byte; compare title()s to compare titles.
struct AeField {
  std::array<char, AeTitle::kLength> wire{};

  AeField() { wire.fill(' '); }
  AeField(const AeTitle& title) : wire(title.Padded()) {}  // NOLINT: a title is a field
  AeTitle title() const { return AeTitle::FromWire({wire.data(), wire.size()}); }
  bool operator==(const AeField&) const = default;
};

// An item, or a sub-item of the user information, that this code does not know.
struct RawItem {
  uint8_t type = 0;
  Buffer value;
  bool operator==(const RawItem&) const = default;
};

struct ProposedContext {
  ContextId id = 0;
  Uid abstract_syntax;
  std::vector<Uid> transfer_syntaxes;  // in the order of the proposal
  bool operator==(const ProposedContext&) const = default;
};

enum class ContextResult : uint8_t {  // PS3.8 Table 9-18
  kAcceptance = 0,
  kUserRejection = 1,
  kNoReason = 2,
  kAbstractSyntaxNotSupported = 3,
  kTransferSyntaxesNotSupported = 4,
};

struct AnsweredContext {
  ContextId id = 0;
  ContextResult result = ContextResult::kNoReason;
  Uid transfer_syntax;  // means something only with kAcceptance
  bool operator==(const AnsweredContext&) const = default;
};

struct AsyncWindow {  // PS3.7 D.3.3.3; 0 = unlimited; no item means 1 and 1
  uint16_t invoked = 1, performed = 1;
  bool operator==(const AsyncWindow&) const = default;
};

struct RoleSelection {  // PS3.7 D.3.3.4
  Uid sop_class;
  bool scu = false, scp = false;  // of the requestor: proposed in an RQ, accepted in an AC
  bool operator==(const RoleSelection&) const = default;
};

struct ExtendedNegotiation {  // PS3.7 D.3.3.5
  Uid sop_class;
  Buffer application;  // Service-class-application-information
  bool operator==(const ExtendedNegotiation&) const = default;
};

struct CommonExtendedNegotiation {  // PS3.7 D.3.3.6, RQ only
  uint8_t version = 0;
  Uid sop_class, service_class;
  std::vector<Uid> related_classes;
  Buffer reserved;  // what later versions of the sub-item may append
  bool operator==(const CommonExtendedNegotiation&) const = default;
};

struct UserIdentityRq {  // PS3.7 D.3.3.7. Secrets: neither field is ever logged.
  uint8_t type = 1;      // 1 username, 2 with passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token
  bool positive_response_requested = false;
  Buffer primary, secondary;
  bool operator==(const UserIdentityRq&) const = default;
};

struct UserIdentityAc {
  Buffer response;
  bool operator==(const UserIdentityAc&) const = default;
};

struct UserInformation {
  // Largest PDV list that the sender of this PDU wants to receive (the length field of a
  // P-DATA-TF), in bytes; 0 or absent = no limit (PS3.8 D.1).
  std::optional<uint32_t> max_length;
  Uid implementation_class;
  std::string implementation_version;  // at most 16 characters; empty: no such item
  std::optional<AsyncWindow> async_window;
  std::vector<RoleSelection> roles;
  std::vector<ExtendedNegotiation> extended;
  std::vector<CommonExtendedNegotiation> common_extended;
  std::optional<UserIdentityRq> identity;
  std::optional<UserIdentityAc> identity_response;
  std::vector<RawItem> unknown;  // in the order received
  bool operator==(const UserInformation&) const = default;
};

struct AssociateRq {
  uint16_t protocol_version = 1;  // bit 0 = version 1; further bits = later versions
  AeField called, calling;
  std::array<std::byte, 32> reserved{};
  Uid application_context{kApplicationContext};
  std::vector<ProposedContext> contexts;
  UserInformation user;
  std::vector<RawItem> unknown;
  bool operator==(const AssociateRq&) const = default;
};

struct AssociateAc {
  uint16_t protocol_version = 1;
  AeField called, calling;  // "reserved": the bytes of the RQ, not to be tested
  std::array<std::byte, 32> reserved{};
  Uid application_context{kApplicationContext};
  std::vector<AnsweredContext> contexts;
  UserInformation user;
  std::vector<RawItem> unknown;
  bool operator==(const AssociateAc&) const = default;
};

struct AssociateRj {
  uint8_t result = 1;  // 1 permanent, 2 transient
  uint8_t source = 1;  // 1 service user, 2 provider (ACSE), 3 provider (presentation)
  uint8_t reason = 1;  // depends on the source; reject_reasons.h
  bool operator==(const AssociateRj&) const = default;
};

struct Pdv {
  ContextId context = 0;
  bool is_command = false;
  bool last = false;  // last fragment of the command set or of the data set
  Buffer bytes;
  bool operator==(const Pdv&) const = default;
};

// A whole P-DATA-TF. What travels is never kept like this: PdvReader and PdvWriter stream it.
struct DataTf {
  std::vector<Pdv> pdvs;
  bool operator==(const DataTf&) const = default;
};

struct ReleaseRq {
  bool operator==(const ReleaseRq&) const = default;
};
struct ReleaseRp {
  bool operator==(const ReleaseRp&) const = default;
};

struct Abort {
  uint8_t source = 0;  // 0 service user, 2 service provider
  uint8_t reason = 0;  // of a provider; reject_reasons.h
  bool operator==(const Abort&) const = default;
};

using Pdu =
    std::variant<AssociateRq, AssociateAc, AssociateRj, DataTf, ReleaseRq, ReleaseRp, Abort>;

enum class PduType : uint8_t {  // the first byte
  kAssociateRq = 1,
  kAssociateAc = 2,
  kAssociateRj = 3,
  kDataTf = 4,
  kReleaseRq = 5,
  kReleaseRp = 6,
  kAbort = 7,
};
inline constexpr size_t kPduHeader = 6;  // type, reserved, 4 bytes of length
inline constexpr size_t kPdvHeader = 6;  // 4 bytes of length, context ID, message control header

PduType TypeOf(const Pdu& pdu);
std::string_view NameOf(PduType type);  // "A-ASSOCIATE-RQ"

}  // namespace router::ul
