#include "router/session/get_negotiation.h"

#include <algorithm>
#include <bitset>

#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

using ul::ContextAnswer, ul::ContextResult, ul::ProposedContext;

bool IsGet(const Uid& uid) {
  return dimse::QueryServiceOf(uid.view()) == dimse::QueryService::kGet;
}

bool Permits(const ul::MirrorTerms& terms, const ProposedContext& context) {
  return !terms.permits || terms.permits(context);
}

template <class Items>
auto ForClass(Items& items, const Uid& sop_class) -> decltype(items.data()) {
  for (auto& item : items)
    if (item.sop_class == sop_class) return &item;
  return nullptr;
}

const ul::RoleSelection* RoleOf(const ul::AssociateRq& client, const Uid& sop_class) {
  return ForClass(client.user.roles, sop_class);
}

// Instances may be sent to the client on this context.
bool ReceivesOn(const ul::AssociateRq& client, const ProposedContext& context) {
  const ul::RoleSelection* role = RoleOf(client, context.abstract_syntax);
  return role && role->scp && dimse::MayBeStorage(context.abstract_syntax.view());
}

// The client may send on it, too.
bool SendsOn(const ul::AssociateRq& client, const ProposedContext& context) {
  const ul::RoleSelection* role = RoleOf(client, context.abstract_syntax);
  return !role || role->scu;
}

// 0 if the client uses all 128.
ul::ContextId FreeId(const std::vector<ProposedContext>& contexts) {
  std::bitset<256> used;
  for (const ProposedContext& context : contexts) used.set(context.id);
  for (size_t id = 1; id < used.size(); id += 2)
    if (!used[id]) return static_cast<ul::ContextId>(id);
  return 0;
}

// Many archives have Study Root alone: a Patient Root C-GET is translated for those.
void ProposeStudyRootToo(ul::AssociateRq& asked) {
  const Uid patient_root(dimse::uid::kPatientRootMove), study_root(dimse::uid::kStudyRootMove);
  auto of = [&](const Uid& uid) {
    return std::ranges::find(asked.contexts, uid, &ProposedContext::abstract_syntax);
  };
  const auto patient = of(patient_root);
  if (patient == asked.contexts.end() || of(study_root) != asked.contexts.end()) return;
  const ul::ContextId id = FreeId(asked.contexts);
  if (id == 0) return;
  ProposedContext added{
      id,
      study_root,
      {Uid(dimse::uid::kExplicitVrLittleEndian), Uid(dimse::uid::kImplicitVrLittleEndian)}};
  asked.contexts.push_back(std::move(added));
  if (const auto* extended = ForClass(asked.user.extended, patient_root)) {
    ul::ExtendedNegotiation same{study_root, extended->application};
    asked.user.extended.push_back(std::move(same));
  }
}

Uid FirstUncompressed(const ProposedContext& context) {
  for (const Uid& syntax : context.transfer_syntaxes)
    if (syntax.view() == dimse::uid::kExplicitVrLittleEndian ||
        syntax.view() == dimse::uid::kImplicitVrLittleEndian)
      return syntax;
  return {};
}

// One answer: what upstream agreed to, and the client's request.
class Answerer {
 public:
  Answerer(const ul::AssociateRq& client, const ul::AssociateRq& asked,
           const ul::AssociateAc& upstream, const ul::MirrorTerms& terms,
           const OfferedSyntaxes& offered)
      : client_(client),
        upstream_(upstream),
        terms_(terms),
        offered_(offered),
        agreed_(ul::Agreed(asked, upstream)) {}

  ContextAnswer Choose(const ProposedContext& context) const {
    if (!Permits(terms_, context)) return ContextAnswer::Reject(ContextResult::kUserRejection);
    const ul::AcceptedContext* same = AgreedOn(context.id);
    if (IsGet(context.abstract_syntax)) {
      if (same && same->abstract_syntax == MoveClassOf(context.abstract_syntax))
        return ContextAnswer::Accept(same->transfer_syntax);
      const Uid own = FirstUncompressed(context);
      if (context.abstract_syntax.view() == dimse::uid::kPatientRootGet && !own.empty() &&
          Agrees(Uid(dimse::uid::kStudyRootMove)))
        return ContextAnswer::Accept(own);
      return ContextAnswer::Reject(ResultOf(context.id));
    }
    const bool sends = SendsOn(client_, context);
    if (same && sends && same->abstract_syntax == context.abstract_syntax)
      return ContextAnswer::Accept(same->transfer_syntax);
    if (ReceivesOn(client_, context)) return ContextAnswer::Accept(SyntaxOf(context));
    return ContextAnswer::Reject(ResultOf(context.id));
  }

  ul::RoleSelection RoleFor(const ul::RoleSelection& asked) const {
    if (dimse::MayBeStorage(asked.sop_class.view()) && asked.scp)
      return {asked.sop_class, Agrees(asked.sop_class), true};
    const auto* theirs = ForClass(upstream_.user.roles, asked.sop_class);
    return theirs ? *theirs : ul::RoleSelection{asked.sop_class, true, false};
  }

  std::optional<Buffer> Extended(const ul::ExtendedNegotiation& asked) const {
    const Uid of = IsGet(asked.sop_class) ? MoveClassOf(asked.sop_class) : asked.sop_class;
    const auto* answer = ForClass(upstream_.user.extended, of);
    if (!answer && of.view() == dimse::uid::kPatientRootMove)
      answer = ForClass(upstream_.user.extended, Uid(dimse::uid::kStudyRootMove));
    if (!answer) return std::nullopt;
    return answer->application;
  }

 private:
  const ul::AcceptedContext* AgreedOn(ul::ContextId id) const {
    auto found = std::ranges::find(agreed_, id, &ul::AcceptedContext::id);
    return found != agreed_.end() ? &*found : nullptr;
  }
  bool Agrees(const Uid& sop_class) const {
    return std::ranges::find(agreed_, sop_class, &ul::AcceptedContext::abstract_syntax) !=
           agreed_.end();
  }
  ContextResult ResultOf(ul::ContextId id) const {
    auto found = std::ranges::find(upstream_.contexts, id, &ul::AnsweredContext::id);
    if (found == upstream_.contexts.end() || found->result == ContextResult::kAcceptance)
      return ContextResult::kNoReason;
    return found->result;
  }
  Uid SyntaxOf(const ProposedContext& context) const {
    if (auto known = offered_.find(context.abstract_syntax); known != offered_.end())
      for (const Uid& syntax : known->second)
        if (std::ranges::find(context.transfer_syntaxes, syntax) != context.transfer_syntaxes.end())
          return syntax;
    const Uid uncompressed = FirstUncompressed(context);
    return uncompressed.empty() ? context.transfer_syntaxes.front() : uncompressed;
  }

  const ul::AssociateRq& client_;
  const ul::AssociateAc& upstream_;
  const ul::MirrorTerms& terms_;
  const OfferedSyntaxes& offered_;
  const std::vector<ul::AcceptedContext> agreed_;
};

}  // namespace

Uid MoveClassOf(const Uid& get_class) {
  if (!IsGet(get_class)) return {};
  std::string uid = get_class.str();  // MOVE is 2 where GET is 3, in every information model
  uid.back() = '2';
  return Uid(uid);
}

bool WantsGet(const ul::AssociateRq& client, const ul::MirrorTerms& terms) {
  bool gets = false, receives = false;
  for (const ProposedContext& context : client.contexts) {
    if (!Permits(terms, context)) continue;
    gets = gets || IsGet(context.abstract_syntax);
    receives = receives || ReceivesOn(client, context);
  }
  return gets && receives;
}

std::vector<ProposedContext> QuestionOfGet(const ul::AssociateRq& client,
                                           const ul::MirrorTerms& terms) {
  constexpr size_t kMost = 128;  // PS3.8 9.3.2.2: odd IDs of one byte
  ul::AssociateRq asked;
  std::vector<ProposedContext> gets;
  for (const ProposedContext& context : client.contexts) {
    if (!IsGet(context.abstract_syntax) || !Permits(terms, context)) continue;
    gets.push_back(context);
    Uid move = MoveClassOf(context.abstract_syntax);
    const auto at = std::ranges::find(asked.contexts, move, &ProposedContext::abstract_syntax);
    if (at == asked.contexts.end())
      asked.contexts.push_back({context.id, std::move(move), context.transfer_syntaxes});
  }
  ProposeStudyRootToo(asked);
  std::vector<ProposedContext> question = std::move(asked.contexts);
  question.insert(question.end(), gets.begin(), gets.end());
  if (question.size() > kMost) question.resize(kMost);
  for (size_t i = 0; i < question.size(); ++i)
    question[i].id = static_cast<ul::ContextId>(2 * i + 1);
  return question;
}

std::optional<bool> NeedsBridge(
    const std::vector<ProposedContext>& question,
    const std::function<std::optional<bool>(const ProposedContext&)>& accepts) {
  bool moves = false, all_known = true;
  for (const ProposedContext& context : question) {
    const std::optional<bool> accepted = accepts(context);
    if (!accepted) all_known = false;
    if (!accepted.value_or(false)) continue;
    if (IsGet(context.abstract_syntax)) return false;
    moves = true;
  }
  if (!all_known) return std::nullopt;
  return moves;
}

ul::AssociateRq BridgeRequest(const ul::AssociateRq& client, const ul::MirrorTerms& terms) {
  ul::AssociateRq asked = client;
  std::erase_if(asked.contexts, [&](const ProposedContext& context) {
    if (!Permits(terms, context)) return true;
    return ReceivesOn(client, context) && !SendsOn(client, context);
  });
  for (ProposedContext& context : asked.contexts)
    if (IsGet(context.abstract_syntax))
      context.abstract_syntax = MoveClassOf(context.abstract_syntax);
  for (ul::ExtendedNegotiation& extended : asked.user.extended) {
    if (!IsGet(extended.sop_class)) continue;
    Uid move = MoveClassOf(extended.sop_class);
    // A client that proposes C-MOVE itself has said it there.
    if (!ForClass(asked.user.extended, move)) extended.sop_class = std::move(move);
  }
  ProposeStudyRootToo(asked);
  auto is_left_out = [&](const auto& item) {
    return std::ranges::find(asked.contexts, item.sop_class, &ProposedContext::abstract_syntax) ==
           asked.contexts.end();
  };
  // Towards upstream we are SCU alone: what comes for the client comes over an association of its
  // own.
  std::erase_if(asked.user.roles, [&](const ul::RoleSelection& role) {
    return is_left_out(role) || (role.scp && dimse::MayBeStorage(role.sop_class.view()));
  });
  std::erase_if(asked.user.extended, is_left_out);
  std::erase_if(asked.user.common_extended, is_left_out);
  ul::MirrorTerms rest = terms;
  rest.permits = nullptr;
  return ul::MirrorRequest(asked, rest);
}

ul::AssociateAc BridgeAccept(const ul::AssociateRq& client, const ul::AssociateRq& asked,
                             const ul::AssociateAc& upstream, const ul::MirrorTerms& terms,
                             uint32_t max_length, const OfferedSyntaxes& offered) {
  const Answerer answerer(client, asked, upstream, terms, offered);
  ul::TerminateTerms answers;
  answers.max_length = max_length;
  answers.choose = [&](const ProposedContext& context) { return answerer.Choose(context); };
  answers.roles = [&](const ul::RoleSelection& role) { return answerer.RoleFor(role); };
  answers.extended = [&](const ul::ExtendedNegotiation& item) { return answerer.Extended(item); };
  if (upstream.user.identity_response)
    answers.identity_response = upstream.user.identity_response->response;
  return ul::TerminateAccept(client, answers);
}

}  // namespace router::session
