#include <algorithm>
#include <limits>

#include "router/ul/items.h"
#include "router/ul/pdu_codec.h"

namespace router::ul {
namespace {

constexpr size_t kMax16 = std::numeric_limits<uint16_t>::max();

// Appends fields; lengths are written when what they count is complete.
class Writer {
 public:
  void Put8(uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  void Put16(uint16_t value) {
    out_.resize(out_.size() + 2);
    StoreBe16(out_.data() + out_.size() - 2, value);
  }
  void Put32(uint32_t value) {
    out_.resize(out_.size() + 4);
    StoreBe32(out_.data() + out_.size() - 4, value);
  }
  void PutZeros(size_t count) { out_.resize(out_.size() + count); }
  void Put(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void Put(std::string_view text) { Put(AsBytes(text)); }
  // A value behind its own two bytes of length.
  void PutCounted(Bytes bytes) {
    Bytes kept = bytes.first(std::min(bytes.size(), kMax16));
    Put16(static_cast<uint16_t>(kept.size()));
    Put(kept);
  }
  void PutCounted(const Uid& uid) { PutCounted(AsBytes(uid.view())); }

  // Runs `body` and puts the length of what it wrote in front of it.
  template <class Body>
  void Counted16(Body body) {
    size_t at = out_.size();
    PutZeros(2);
    body();
    size_t length = std::min(out_.size() - at - 2, kMax16);
    out_.resize(at + 2 + length);
    StoreBe16(out_.data() + at, static_cast<uint16_t>(length));
  }
  template <class Body>
  void Counted32(Body body) {
    size_t at = out_.size();
    PutZeros(4);
    body();
    StoreBe32(out_.data() + at, static_cast<uint32_t>(out_.size() - at - 4));
  }
  template <class Body>
  void PutItem(uint8_t type, Body body, uint8_t second = 0) {
    Put8(type);
    Put8(second);
    Counted16(body);
  }
  void PutItem(uint8_t type, Bytes value) {
    PutItem(type, [&] { Put(value); });
  }
  void PutUidItem(uint8_t type, const Uid& uid) {
    if (!uid.empty()) PutItem(type, AsBytes(uid.view()));
  }

  Buffer Release() { return std::move(out_); }

 private:
  Buffer out_;
};

void PutContext(Writer& out, const ProposedContext& context) {
  out.PutItem(item::kProposedContext, [&] {
    out.Put8(context.id);
    out.PutZeros(3);
    out.PutUidItem(item::kAbstractSyntax, context.abstract_syntax);
    for (const Uid& syntax : context.transfer_syntaxes)
      out.PutItem(item::kTransferSyntax, AsBytes(syntax.view()));
  });
}

void PutContext(Writer& out, const AnsweredContext& context) {
  out.PutItem(item::kAnsweredContext, [&] {
    out.Put8(context.id);
    out.Put8(0);
    out.Put8(static_cast<uint8_t>(context.result));
    out.Put8(0);
    out.PutUidItem(item::kTransferSyntax, context.transfer_syntax);
  });
}

void PutCommonExtended(Writer& out, const CommonExtendedNegotiation& common) {
  auto body = [&] {
    out.PutCounted(common.sop_class);
    out.PutCounted(common.service_class);
    out.Counted16([&] {
      for (const Uid& uid : common.related_classes) out.PutCounted(uid);
    });
    out.Put(Bytes(common.reserved));
  };
  out.PutItem(item::kCommonExtended, body, common.version);
}

void PutIdentity(Writer& out, const UserInformation& user) {
  if (user.identity) {
    out.PutItem(item::kIdentityRq, [&] {
      out.Put8(user.identity->type);
      out.Put8(user.identity->positive_response_requested ? 1 : 0);
      out.PutCounted(user.identity->primary);
      out.PutCounted(user.identity->secondary);
    });
  }
  if (user.identity_response)
    out.PutItem(item::kIdentityAc, [&] { out.PutCounted(user.identity_response->response); });
}

void PutRole(Writer& out, const RoleSelection& role) {
  out.PutItem(item::kRoleSelection, [&] {
    out.PutCounted(role.sop_class);
    out.Put8(role.scu ? 1 : 0);
    out.Put8(role.scp ? 1 : 0);
  });
}

// PS3.7 D.3.3 asks for no order; this one is that of the item types.
void PutUserInformation(Writer& out, const UserInformation& user) {
  if (user.max_length) out.PutItem(item::kMaxLength, [&] { out.Put32(*user.max_length); });
  out.PutUidItem(item::kImplementationClass, user.implementation_class);
  if (user.async_window) {
    out.PutItem(item::kAsyncWindow, [&] {
      out.Put16(user.async_window->invoked);
      out.Put16(user.async_window->performed);
    });
  }
  for (const RoleSelection& role : user.roles) PutRole(out, role);
  if (!user.implementation_version.empty())
    out.PutItem(item::kImplementationVersion, AsBytes(user.implementation_version));
  for (const ExtendedNegotiation& extended : user.extended) {
    out.PutItem(item::kExtended, [&] {
      out.PutCounted(extended.sop_class);
      out.Put(Bytes(extended.application));
    });
  }
  for (const CommonExtendedNegotiation& common : user.common_extended)
    PutCommonExtended(out, common);
  PutIdentity(out, user);
  for (const RawItem& raw : user.unknown) out.PutItem(raw.type, Bytes(raw.value));
}

template <class Associate>
void PutAssociate(Writer& out, const Associate& pdu) {
  out.Put16(pdu.protocol_version);
  out.PutZeros(2);
  out.Put(std::string_view(pdu.called.wire.data(), pdu.called.wire.size()));
  out.Put(std::string_view(pdu.calling.wire.data(), pdu.calling.wire.size()));
  out.Put(Bytes(pdu.reserved));
  out.PutUidItem(item::kApplicationContext, pdu.application_context);
  for (const auto& context : pdu.contexts) PutContext(out, context);
  out.PutItem(item::kUserInformation, [&] { PutUserInformation(out, pdu.user); });
  for (const RawItem& raw : pdu.unknown) out.PutItem(raw.type, Bytes(raw.value));
}

void PutBody(Writer& out, const AssociateRq& pdu) { PutAssociate(out, pdu); }
void PutBody(Writer& out, const AssociateAc& pdu) { PutAssociate(out, pdu); }
void PutBody(Writer& out, const AssociateRj& pdu) {
  for (uint8_t field : {uint8_t{0}, pdu.result, pdu.source, pdu.reason}) out.Put8(field);
}
void PutBody(Writer& out, const DataTf& pdu) {
  for (const Pdv& pdv : pdu.pdvs) {
    out.Put32(static_cast<uint32_t>(pdv.bytes.size() + 2));
    out.Put8(pdv.context);
    out.Put8(static_cast<uint8_t>((pdv.is_command ? 1 : 0) | (pdv.last ? 2 : 0)));
    out.Put(Bytes(pdv.bytes));
  }
}
void PutBody(Writer& out, const ReleaseRq&) { out.PutZeros(4); }
void PutBody(Writer& out, const ReleaseRp&) { out.PutZeros(4); }
void PutBody(Writer& out, const Abort& pdu) {
  for (uint8_t field : {uint8_t{0}, uint8_t{0}, pdu.source, pdu.reason}) out.Put8(field);
}

}  // namespace

Buffer Encode(const Pdu& pdu) {
  Writer out;
  out.Put8(static_cast<uint8_t>(TypeOf(pdu)));
  out.Put8(0);
  out.Counted32([&] { std::visit([&](const auto& body) { PutBody(out, body); }, pdu); });
  return out.Release();
}

}  // namespace router::ul
