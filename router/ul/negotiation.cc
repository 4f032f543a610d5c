#include "router/ul/negotiation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>

#include "router/ul/reject_reasons.h"

namespace router::ul {
namespace {

void IdentifyAsSluice(UserInformation& user) {
  user.implementation_class = Uid(kImplementationClassUid);
  user.implementation_version = kImplementationVersion;
}

bool IsPermitted(const MirrorTerms& terms, const ProposedContext& context) {
  return !terms.permits || terms.permits(context);
}

template <class Range, class Match>
auto* FindIn(const Range& range, Match match) {
  auto found = std::ranges::find_if(range, match);
  return found == range.end() ? nullptr : &*found;
}

template <class Item>
const Item* ForClass(const std::vector<Item>& items, const Uid& sop_class) {
  return FindIn(items, [&](const Item& item) { return item.sop_class == sop_class; });
}

bool IsProposed(const ProposedContext& context, const Uid& transfer_syntax) {
  return std::ranges::find(context.transfer_syntaxes, transfer_syntax) !=
         context.transfer_syntaxes.end();
}

// A rejected context has a transfer syntax item too (PS3.8 9.3.3.2), whose value means nothing: it
// stays as it came, where one came.
Uid AnySyntaxOf(const ProposedContext& context) {
  if (context.transfer_syntaxes.empty()) return Uid("1.2.840.10008.1.2");
  return context.transfer_syntaxes.front();
}

AnsweredContext Answered(const ProposedContext& proposed, ContextResult result, Uid syntax) {
  if (result == ContextResult::kAcceptance && IsProposed(proposed, syntax))
    return {proposed.id, result, std::move(syntax)};
  if (result == ContextResult::kAcceptance) {
    result = ContextResult::kNoReason;
    syntax = Uid();
  }
  if (syntax.empty()) syntax = AnySyntaxOf(proposed);
  return {proposed.id, result, std::move(syntax)};
}

// The AC's fields that repeat the RQ (PS3.8 Table 9-17).
AssociateAc AnswerTo(const AssociateRq& client, uint32_t max_length) {
  AssociateAc ac;
  ac.called = client.called;
  ac.calling = client.calling;
  ac.reserved = client.reserved;
  ac.user.max_length = max_length;
  IdentifyAsSluice(ac.user);
  if (client.user.async_window) ac.user.async_window = AsyncWindow{1, 1};
  return ac;
}

std::optional<RoleSelection> GrantedRole(const UserInformation& proposed,
                                         const RoleSelection& answer) {
  const RoleSelection* asked = ForClass(proposed.roles, answer.sop_class);
  if (!asked) return std::nullopt;
  return RoleSelection{answer.sop_class, asked->scu && answer.scu, asked->scp && answer.scp};
}

bool WantsIdentityResponse(const AssociateRq& client) {
  return client.user.identity && client.user.identity->positive_response_requested;
}

std::vector<RawItem> OfKnownTypes(const std::vector<RawItem>& answer,
                                  const std::vector<RawItem>& asked) {
  std::bitset<256> types;
  for (const RawItem& item : asked) types[item.type] = true;
  std::vector<RawItem> kept;
  for (const RawItem& item : answer)
    if (types[item.type]) kept.push_back(item);
  return kept;
}

// Items about classes of which no context was permitted do not go upstream.
void DropItemsOf(UserInformation& user, const std::vector<Uid>& forbidden) {
  auto is_forbidden = [&](const auto& item) {
    return std::ranges::find(forbidden, item.sop_class) != forbidden.end();
  };
  std::erase_if(user.roles, is_forbidden);
  std::erase_if(user.extended, is_forbidden);
  std::erase_if(user.common_extended, is_forbidden);
}

}  // namespace

std::optional<Objection> ObjectionTo(const AssociateRq& rq) {
  if ((rq.protocol_version & 1) == 0)
    return Objection{ProtocolVersionNotSupported(),
                     fmt::format("protocol version {:04X}H", rq.protocol_version)};
  if (rq.application_context.view() != kApplicationContext)
    return Objection{ApplicationContextNotSupported(), "not the DICOM application context"};
  if (rq.contexts.empty()) return Objection{ProviderNoReasonGiven(), "no presentation context"};
  std::bitset<256> seen;
  for (const ProposedContext& context : rq.contexts) {
    if (context.id % 2 == 0 || seen[context.id])
      return Objection{ProviderNoReasonGiven(),
                       fmt::format("presentation context ID {} is {}", context.id,
                                   context.id % 2 == 0 ? "even" : "used twice")};
    seen[context.id] = true;
  }
  return std::nullopt;
}

bool IsFromSluice(const AssociateRq& rq) {
  return rq.user.implementation_class.view() == kImplementationClassUid;
}

AssociateRq MirrorRequest(const AssociateRq& client, const MirrorTerms& terms) {
  AssociateRq rq = client;
  rq.protocol_version = 1;
  rq.calling = terms.calling;
  rq.called = terms.called;
  rq.user.max_length = terms.max_length;
  IdentifyAsSluice(rq.user);
  if (rq.user.async_window) rq.user.async_window = AsyncWindow{1, 1};
  rq.user.identity_response.reset();
  std::vector<Uid> forbidden;
  std::erase_if(rq.contexts, [&](const ProposedContext& context) {
    bool left_out = !IsPermitted(terms, context);
    if (left_out) forbidden.push_back(context.abstract_syntax);
    return left_out;
  });
  for (const ProposedContext& kept : rq.contexts) std::erase(forbidden, kept.abstract_syntax);
  DropItemsOf(rq.user, forbidden);
  return rq;
}

AssociateAc MirrorAccept(const AssociateRq& client, const AssociateAc& upstream,
                         const MirrorTerms& terms, uint32_t max_length) {
  AssociateAc ac = AnswerTo(client, max_length);
  std::bitset<256> answered;
  for (const AnsweredContext& answer : upstream.contexts) {
    const ProposedContext* proposed =
        FindIn(client.contexts, [&](const ProposedContext& c) { return c.id == answer.id; });
    if (!proposed || !IsPermitted(terms, *proposed) || answered[answer.id]) continue;
    answered[answer.id] = true;
    ac.contexts.push_back(Answered(*proposed, answer.result, answer.transfer_syntax));
  }
  for (const ProposedContext& proposed : client.contexts) {
    if (answered[proposed.id]) continue;
    ac.contexts.push_back(Answered(proposed,
                                   IsPermitted(terms, proposed) ? ContextResult::kNoReason
                                                                : ContextResult::kUserRejection,
                                   {}));
  }
  for (const RoleSelection& role : upstream.user.roles)
    if (auto granted = GrantedRole(client.user, role)) ac.user.roles.push_back(*granted);
  for (const ExtendedNegotiation& extended : upstream.user.extended)
    if (ForClass(client.user.extended, extended.sop_class)) ac.user.extended.push_back(extended);
  if (WantsIdentityResponse(client)) ac.user.identity_response = upstream.user.identity_response;
  ac.user.unknown = OfKnownTypes(upstream.user.unknown, client.user.unknown);
  ac.unknown = OfKnownTypes(upstream.unknown, client.unknown);
  return ac;
}

AssociateAc TerminateAccept(const AssociateRq& client, const TerminateTerms& terms) {
  AssociateAc ac = AnswerTo(client, terms.max_length);
  for (const ProposedContext& proposed : client.contexts) {
    // PS3.8 9.3.2.2 demands one transfer syntax at least.
    ContextAnswer answer = proposed.transfer_syntaxes.empty()
                               ? ContextAnswer::Reject(ContextResult::kTransferSyntaxesNotSupported)
                               : terms.choose(proposed);
    ac.contexts.push_back(Answered(proposed, answer.result, std::move(answer.transfer_syntax)));
  }
  if (terms.roles) {
    for (const RoleSelection& asked : client.user.roles) {
      RoleSelection answer = terms.roles(asked);
      ac.user.roles.push_back({asked.sop_class, asked.scu && answer.scu, asked.scp && answer.scp});
    }
  }
  if (terms.extended) {
    for (const ExtendedNegotiation& asked : client.user.extended)
      if (auto answer = terms.extended(asked))
        ac.user.extended.push_back({asked.sop_class, std::move(*answer)});
  }
  if (WantsIdentityResponse(client) && terms.identity_response)
    ac.user.identity_response = UserIdentityAc{*terms.identity_response};
  return ac;
}

AssociateRq OriginateRequest(const AeTitle& calling, const AeTitle& called, uint32_t max_length,
                             std::vector<ProposedContext> contexts) {
  AssociateRq rq;
  rq.calling = calling;
  rq.called = called;
  rq.contexts = std::move(contexts);
  rq.user.max_length = max_length;
  IdentifyAsSluice(rq.user);
  return rq;
}

std::vector<AcceptedContext> Agreed(const AssociateRq& rq, const AssociateAc& ac) {
  std::vector<AcceptedContext> agreed;
  for (const ProposedContext& proposed : rq.contexts) {
    const AnsweredContext* answer =
        FindIn(ac.contexts, [&](const AnsweredContext& c) { return c.id == proposed.id; });
    if (!answer || answer->result != ContextResult::kAcceptance) continue;
    if (!IsProposed(proposed, answer->transfer_syntax)) continue;
    AcceptedContext& added = agreed.emplace_back();
    added.id = proposed.id;
    added.abstract_syntax = proposed.abstract_syntax;
    added.transfer_syntax = answer->transfer_syntax;
    const RoleSelection* role = ForClass(ac.user.roles, proposed.abstract_syntax);
    if (!role || !ForClass(rq.user.roles, proposed.abstract_syntax)) continue;
    auto granted = *GrantedRole(rq.user, *role);
    added.requestor_is_scu = granted.scu;
    added.requestor_is_scp = granted.scp;
  }
  return agreed;
}

uint32_t SendLimit(const UserInformation& user, uint32_t cap) {
  uint32_t limit = user.max_length.value_or(0);
  return limit == 0 ? cap : std::min(limit, cap);
}

}  // namespace router::ul
