#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmnet/extneg.h>

#include <algorithm>
#include <array>
#include <set>

#include "tests/peers/faulty/association.h"

namespace faulty {
namespace {

using nlohmann::json;

constexpr const char* kFind = UID_FINDStudyRootQueryRetrieveInformationModel;
constexpr const char* kMove = UID_MOVEStudyRootQueryRetrieveInformationModel;

bool IsStorage(const std::string& abstract_syntax) {
  static const std::set<std::string> varian = {"1.2.246.352.70.1.70", "1.2.246.352.70.1.10"};
  return dcmIsaStorageSOPClassUID(abstract_syntax.c_str()) || varian.contains(abstract_syntax);
}

bool Contains(const std::vector<std::string>& list, const std::string& one) {
  return std::ranges::find(list, one) != list.end();
}

}  // namespace

bool Association::Reject(int result, int source, int reason) {
  T_ASC_RejectParameters answer = {static_cast<T_ASC_RejectParametersResult>(result),
                                   static_cast<T_ASC_RejectParametersSource>(source),
                                   static_cast<T_ASC_RejectParametersReason>(source << 8 | reason)};
  Note("reject", {{"calling", calling_},
                  {"called", called_},
                  {"result", result},
                  {"source", source},
                  {"reason", reason}});
  ASC_rejectAssociation(association_, &answer);
  return true;
}

// PS3.8 9.3.4; the association limit counts those that are open, this one not yet among them.
bool Association::Rejected() {
  if (auto forced = peer_.switches.TakeRejection()) {
    return Reject(forced->result, forced->source, forced->reason);
  }
  auto trusted = peer_.switches.GetList("trusted");
  if (trusted && !Contains(*trusted, calling_)) return Reject(1, 1, 3);
  auto called = peer_.switches.GetList("called");
  if (called && !Contains(*called, called_)) return Reject(1, 1, 7);
  int limit = peer_.switches.Get<int>("max_associations");
  if (peer_.open.fetch_add(1) >= limit && limit > 0) {
    --peer_.open;
    return Reject(2, 3, 2);
  }
  counted_ = true;
  return false;
}

bool Association::AllowsClass(const std::string& abstract_syntax, bool is_storage) const {
  auto allowed = peer_.switches.GetList("sop_classes");
  if (allowed && is_storage) return Contains(*allowed, abstract_syntax);
  if (abstract_syntax == UID_StorageCommitmentPushModelSOPClass)
    return peer_.switches.Get<bool>("commitment");
  return is_storage || abstract_syntax == UID_VerificationSOPClass || abstract_syntax == kFind ||
         abstract_syntax == kMove;
}

std::string Association::ChooseSyntax(const T_ASC_PresentationContext& context,
                                      bool is_storage) const {
  std::vector<std::string> proposed(context.proposedTransferSyntaxes,
                                    context.proposedTransferSyntaxes + context.transferSyntaxCount);
  auto allowed = peer_.switches.GetList("transfer_syntaxes");
  if (allowed && is_storage) {
    for (const std::string& one : *allowed) {
      if (Contains(proposed, one)) return one;
    }
    return {};
  }
  for (const char* one :
       {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax}) {
    if (Contains(proposed, one)) return one;
  }
  return is_storage && !proposed.empty() ? proposed.front() : std::string();
}

json Association::AcceptContexts() {
  json told = json::array();
  for (int i = 0; i < ASC_countPresentationContexts(association_->params); ++i) {
    T_ASC_PresentationContext context;
    if (ASC_getPresentationContext(association_->params, i, &context).bad()) continue;
    auto id = context.presentationContextID;
    bool is_storage = IsStorage(context.abstractSyntax);
    std::string syntax;
    int result = ASC_P_ABSTRACTSYNTAXNOTSUPPORTED;
    if (AllowsClass(context.abstractSyntax, is_storage)) {
      syntax = ChooseSyntax(context, is_storage);
      result = syntax.empty() ? ASC_P_TRANSFERSYNTAXESNOTSUPPORTED : ASC_P_ACCEPTANCE;
    }
    if (result == ASC_P_ACCEPTANCE) {
      ASC_acceptPresentationContext(association_->params, id, syntax.c_str());
    } else {
      ASC_refusePresentationContext(association_->params, id,
                                    static_cast<T_ASC_P_ResultReason>(result));
    }
    told.push_back({{"id", id},
                    {"abstract_syntax", context.abstractSyntax},
                    {"transfer_syntax", syntax},
                    {"result", result}});
  }
  return told;
}

// PS3.4 C.5.1.1: byte 1 of the service class application information is relational queries.
void Association::AnswerExtendedNegotiation() {
  SOPClassExtendedNegotiationSubItemList* requested = nullptr;
  ASC_getRequestedExtNegList(association_->params, &requested);
  if (!requested) return;
  bool allowed = peer_.switches.Get<std::string>("relational") != "refused";
  auto* answer = new SOPClassExtendedNegotiationSubItemList;  // DCMTK frees it with its parameters
  for (auto* item : *requested) {
    std::string sop_class(item->sopClassUID.c_str());
    if ((sop_class != kFind && sop_class != kMove) || item->serviceClassAppInfoLength == 0) {
      continue;
    }
    auto* own = new SOPClassExtendedNegotiationSubItem;
    own->sopClassUID = item->sopClassUID;
    own->sopClassUIDLength = item->sopClassUIDLength;
    own->serviceClassAppInfoLength = 1;
    own->serviceClassAppInfo = new unsigned char[1];
    own->serviceClassAppInfo[0] = allowed && item->serviceClassAppInfo[0] == 1 ? 1 : 0;
    own->itemLength = static_cast<unsigned short>(2 + own->sopClassUIDLength + 1);
    relational_ = relational_ || own->serviceClassAppInfo[0] == 1;
    answer->push_back(own);
  }
  ASC_setAcceptedExtNegList(association_->params, answer);
}

bool Association::Negotiate() {
  std::array<char, 64> calling = {}, called = {}, responding = {};
  ASC_getAPTitles(association_->params, calling.data(), calling.size(), called.data(),
                  called.size(), responding.data(), responding.size());
  calling_ = calling.data();
  called_ = called.data();
  if (!peer_.connections.Wait(connection_, peer_.switches.Get<int>("delay_ms.associate"))) {
    return false;
  }
  if (Rejected()) return false;
  json contexts = AcceptContexts();
  AnswerExtendedNegotiation();
  Note("associate", {{"calling", calling_},
                     {"called", called_},
                     {"contexts", std::move(contexts)},
                     {"relational", relational_},
                     {"max_pdu", association_->params->theirMaxPDUReceiveSize},
                     {"implementation", association_->params->theirImplementationClassUID}});
  return ASC_acknowledgeAssociation(association_).good();
}

}  // namespace faulty
