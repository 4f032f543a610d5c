#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <utility>

#include "router/ul/items.h"
#include "router/ul/pdu_codec.h"

namespace router::ul {
namespace {

// Reads fields one after another. The first that is not there (or is wrong) is remembered in
// `fault`, shared by the cursors of one PDU; from then on reads yield nothing, so that a decoder
// needs to look only once.
class Cursor {
 public:
  Cursor(Bytes bytes, std::string& fault) : rest_(bytes), fault_(fault) {}

  bool more() const { return !rest_.empty() && fault_.empty(); }

  void Fault(std::string_view field, std::string_view why) {
    if (fault_.empty()) fault_ = fmt::format("{}: {}", field, why);
  }

  Bytes Take(size_t length, std::string_view field) {
    if (length > rest_.size())
      Fault(field, fmt::format("{} bytes announced, {} left", length, rest_.size()));
    if (!fault_.empty()) return {};
    Bytes taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }
  Bytes TakeRest() { return Take(rest_.size(), "rest"); }

  uint8_t Take8(std::string_view field) {
    Bytes taken = Take(1, field);
    return taken.empty() ? 0 : std::to_integer<uint8_t>(taken[0]);
  }
  uint16_t Take16(std::string_view field) {
    Bytes taken = Take(2, field);
    return taken.empty() ? 0 : LoadBe16(taken.data());
  }
  uint32_t Take32(std::string_view field) {
    Bytes taken = Take(4, field);
    return taken.empty() ? 0 : LoadBe32(taken.data());
  }
  // A value behind its own two bytes of length.
  Bytes TakeCounted(std::string_view field) { return Take(Take16(field), field); }
  Uid TakeCountedUid(std::string_view field) { return Uid(AsText(TakeCounted(field))); }

  void ExpectEnd(std::string_view field) {
    if (more()) Fault(field, fmt::format("{} bytes too many", rest_.size()));
  }

  Cursor Within(Bytes bytes) const { return {bytes, fault_}; }

 private:
  Bytes rest_;
  std::string& fault_;
};

struct Item {
  uint8_t type = 0;
  Bytes value;
};
// PS3.8 9.3.2.1: type, a reserved byte, two bytes of length.
Item TakeItem(Cursor& cursor, std::string_view field) {
  Item item;
  item.type = cursor.Take8(field);
  cursor.Take8(field);
  item.value = cursor.TakeCounted(field);
  return item;
}

Buffer Copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

template <size_t N>
void CopyInto(std::array<char, N>& to, Bytes from) {
  if (from.size() == N) std::ranges::copy(AsText(from), to.begin());
}

ProposedContext DecodeProposedContext(Cursor cursor) {
  constexpr std::string_view kField = "presentation context";
  ProposedContext context;
  context.id = cursor.Take8(kField);
  cursor.Take(3, kField);
  bool seen = false;
  while (cursor.more()) {
    Item sub = TakeItem(cursor, kField);
    if (sub.type == item::kAbstractSyntax) {
      if (std::exchange(seen, true)) cursor.Fault("abstract syntax", "repeated");
      context.abstract_syntax = Uid(AsText(sub.value));
    } else if (sub.type == item::kTransferSyntax) {
      context.transfer_syntaxes.emplace_back(AsText(sub.value));
    }
  }
  return context;
}

AnsweredContext DecodeAnsweredContext(Cursor cursor) {
  constexpr std::string_view kField = "presentation context";
  AnsweredContext context;
  context.id = cursor.Take8(kField);
  cursor.Take8(kField);
  context.result = static_cast<ContextResult>(cursor.Take8("presentation context result"));
  cursor.Take8(kField);
  bool seen = false;
  while (cursor.more()) {
    Item sub = TakeItem(cursor, kField);
    if (sub.type != item::kTransferSyntax) continue;
    if (std::exchange(seen, true)) cursor.Fault("transfer syntax", "repeated");
    context.transfer_syntax = Uid(AsText(sub.value));
  }
  return context;
}

RoleSelection DecodeRole(Cursor cursor) {
  constexpr std::string_view kField = "role selection";
  RoleSelection role;
  role.sop_class = cursor.TakeCountedUid(kField);
  role.scu = cursor.Take8(kField) != 0;
  role.scp = cursor.Take8(kField) != 0;
  cursor.ExpectEnd(kField);
  return role;
}

ExtendedNegotiation DecodeExtended(Cursor cursor) {
  ExtendedNegotiation extended;
  extended.sop_class = cursor.TakeCountedUid("extended negotiation");
  extended.application = Copy(cursor.TakeRest());
  return extended;
}

// `version` stands where other sub-items have a reserved byte.
CommonExtendedNegotiation DecodeCommonExtended(uint8_t version, Cursor cursor) {
  constexpr std::string_view kField = "common extended negotiation";
  CommonExtendedNegotiation common;
  common.version = version;
  common.sop_class = cursor.TakeCountedUid(kField);
  common.service_class = cursor.TakeCountedUid(kField);
  Cursor related = cursor.Within(cursor.TakeCounted(kField));
  while (related.more()) common.related_classes.push_back(related.TakeCountedUid(kField));
  common.reserved = Copy(cursor.TakeRest());
  return common;
}

UserIdentityRq DecodeIdentityRq(Cursor cursor) {
  constexpr std::string_view kField = "user identity";
  UserIdentityRq identity;
  identity.type = cursor.Take8(kField);
  identity.positive_response_requested = cursor.Take8(kField) != 0;
  identity.primary = Copy(cursor.TakeCounted(kField));
  identity.secondary = Copy(cursor.TakeCounted(kField));
  cursor.ExpectEnd(kField);
  return identity;
}

UserIdentityAc DecodeIdentityAc(Cursor cursor) {
  UserIdentityAc identity{.response = Copy(cursor.TakeCounted("user identity response"))};
  cursor.ExpectEnd("user identity response");
  return identity;
}

uint32_t DecodeMaxLength(Cursor cursor) {
  uint32_t length = cursor.Take32("maximum length");
  cursor.ExpectEnd("maximum length");
  return length;
}

AsyncWindow DecodeAsyncWindow(Cursor cursor) {
  AsyncWindow window;
  window.invoked = cursor.Take16("asynchronous operations window");
  window.performed = cursor.Take16("asynchronous operations window");
  cursor.ExpectEnd("asynchronous operations window");
  return window;
}

// Those of which PS3.7 D.3.3 allows one in a PDU.
bool MayStandOnce(uint8_t type) {
  switch (type) {
    case item::kMaxLength:
    case item::kImplementationClass:
    case item::kAsyncWindow:
    case item::kImplementationVersion:
    case item::kIdentityRq:
    case item::kIdentityAc:
      return true;
    default:
      return false;
  }
}

UserInformation DecodeUserInformation(Cursor cursor) {
  UserInformation user;
  std::bitset<256> seen;
  while (cursor.more()) {
    uint8_t type = cursor.Take8("user information");
    uint8_t second = cursor.Take8("user information");
    Bytes value = cursor.TakeCounted("user information");
    if (MayStandOnce(type) && seen[type])
      cursor.Fault("user information", fmt::format("sub-item {:02X}H repeated", type));
    seen[type] = true;
    Cursor inner = cursor.Within(value);
    switch (type) {
      case item::kMaxLength:
        user.max_length = DecodeMaxLength(inner);
        break;
      case item::kImplementationClass:
        user.implementation_class = Uid(AsText(value));
        break;
      case item::kAsyncWindow:
        user.async_window = DecodeAsyncWindow(inner);
        break;
      case item::kRoleSelection:
        user.roles.push_back(DecodeRole(inner));
        break;
      case item::kImplementationVersion:
        user.implementation_version = AsText(value);
        break;
      case item::kExtended:
        user.extended.push_back(DecodeExtended(inner));
        break;
      case item::kCommonExtended:
        user.common_extended.push_back(DecodeCommonExtended(second, inner));
        break;
      case item::kIdentityRq:
        user.identity = DecodeIdentityRq(inner);
        break;
      case item::kIdentityAc:
        user.identity_response = DecodeIdentityAc(inner);
        break;
      default:
        user.unknown.push_back({type, Copy(value)});
    }
  }
  return user;
}

ProposedContext DecodeContextOf(const AssociateRq&, Cursor cursor) {
  return DecodeProposedContext(cursor);
}
AnsweredContext DecodeContextOf(const AssociateAc&, Cursor cursor) {
  return DecodeAnsweredContext(cursor);
}
constexpr uint8_t ContextItemOf(const AssociateRq&) { return item::kProposedContext; }
constexpr uint8_t ContextItemOf(const AssociateAc&) { return item::kAnsweredContext; }

// PS3.8 9.3.2 and 9.3.3: RQ and AC have the same layout but for their presentation contexts.
template <class Associate>
Associate DecodeAssociate(Cursor cursor) {
  Associate pdu;
  pdu.protocol_version = cursor.Take16("protocol version");
  cursor.Take(2, "reserved");
  CopyInto(pdu.called.wire, cursor.Take(AeTitle::kLength, "called AE title"));
  CopyInto(pdu.calling.wire, cursor.Take(AeTitle::kLength, "calling AE title"));
  Bytes reserved = cursor.Take(pdu.reserved.size(), "reserved");
  std::ranges::copy(reserved, pdu.reserved.begin());
  pdu.application_context = Uid();
  std::bitset<256> seen;
  while (cursor.more()) {
    Item found = TakeItem(cursor, "variable item");
    bool once = found.type == item::kApplicationContext || found.type == item::kUserInformation;
    if (once && seen[found.type])
      cursor.Fault("variable item", fmt::format("item {:02X}H repeated", found.type));
    seen[found.type] = true;
    if (found.type == item::kApplicationContext)
      pdu.application_context = Uid(AsText(found.value));
    else if (found.type == ContextItemOf(pdu))
      pdu.contexts.push_back(DecodeContextOf(pdu, cursor.Within(found.value)));
    else if (found.type == item::kUserInformation)
      pdu.user = DecodeUserInformation(cursor.Within(found.value));
    else
      pdu.unknown.push_back({found.type, Copy(found.value)});
  }
  return pdu;
}

AssociateRj DecodeReject(Cursor cursor) {
  AssociateRj rj;
  cursor.Take8("reserved");
  rj.result = cursor.Take8("result");
  rj.source = cursor.Take8("source");
  rj.reason = cursor.Take8("reason");
  return rj;
}

Abort DecodeAbort(Cursor cursor) {
  Abort abort;
  cursor.Take(2, "reserved");
  abort.source = cursor.Take8("source");
  abort.reason = cursor.Take8("reason");
  return abort;
}

DataTf DecodeData(Cursor cursor) {
  DataTf data;
  if (!cursor.more()) cursor.Fault("PDV list", "empty");
  while (cursor.more()) {
    uint32_t length = cursor.Take32("PDV length");
    if (length < 2) cursor.Fault("PDV length", "less than 2");
    Cursor pdv = cursor.Within(cursor.Take(length, "PDV"));
    Pdv& added = data.pdvs.emplace_back();
    added.context = pdv.Take8("PDV context");
    uint8_t control = pdv.Take8("message control header");
    added.is_command = (control & 1) != 0;
    added.last = (control & 2) != 0;
    added.bytes = Copy(pdv.TakeRest());
  }
  return data;
}

Pdu DecodeBody(PduType type, Cursor cursor) {
  switch (type) {
    case PduType::kAssociateRq:
      return DecodeAssociate<AssociateRq>(cursor);
    case PduType::kAssociateAc:
      return DecodeAssociate<AssociateAc>(cursor);
    case PduType::kAssociateRj:
      return DecodeReject(cursor);
    case PduType::kDataTf:
      return DecodeData(cursor);
    case PduType::kReleaseRq:
      return ReleaseRq{};
    case PduType::kReleaseRp:
      return ReleaseRp{};
    case PduType::kAbort:
      break;
  }
  return DecodeAbort(cursor);
}

// PS3.8 9.3.4, 9.3.6 to 9.3.8.
bool HasFixedLength(PduType type) {
  return type == PduType::kAssociateRj || type >= PduType::kReleaseRq;
}

}  // namespace

Result<std::optional<Decoded>> Decode(Bytes bytes, size_t max_length, Blame peer) {
  if (bytes.empty()) return std::nullopt;
  auto type = static_cast<PduType>(bytes[0]);
  if (type < PduType::kAssociateRq || type > PduType::kAbort)
    return Fail(Errc::kMalformedPdu, peer,
                fmt::format("PDU type: {:02X}H is none", std::to_integer<int>(bytes[0])));
  if (bytes.size() < kPduHeader) return std::nullopt;
  uint32_t length = LoadBe32(bytes.data() + 2);
  if (HasFixedLength(type) && length != 4)
    return Fail(Errc::kMalformedPdu, peer,
                fmt::format("{}: length is {} instead of 4", NameOf(type), length));
  if (length > max_length)
    return Fail(
        Errc::kPduTooLarge, peer,
        fmt::format("{}: {} bytes, at most {} are taken", NameOf(type), length, max_length));
  if (bytes.size() - kPduHeader < length) return std::nullopt;
  std::string fault;
  Decoded decoded{DecodeBody(type, Cursor(bytes.subspan(kPduHeader, length), fault)),
                  kPduHeader + length};
  if (!fault.empty())
    return Fail(Errc::kMalformedPdu, peer, fmt::format("{}, {}", NameOf(type), fault));
  return decoded;
}

}  // namespace router::ul
