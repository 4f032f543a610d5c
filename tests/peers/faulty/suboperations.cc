#include "tests/peers/faulty/suboperations.h"

#include <dcmtk/dcmdata/dcuid.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <span>

namespace faulty {
namespace {

constexpr uint16_t kNotSent = 0xA702;
constexpr int kAnswerWithin = 60;  // seconds for a C-STORE response

std::mutex network_mutex;  // DCMTK's initialisation of a network is not made for threads

void PutNumber(std::string& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void PutElement(std::string& out, uint16_t element, std::string value, char pad) {
  if (value.size() % 2) value += pad;
  PutNumber(out, 0, 2);
  PutNumber(out, element, 2);
  PutNumber(out, static_cast<uint32_t>(value.size()), 4);
  out += value;
}

void PutShort(std::string& out, uint16_t element, uint16_t number) {
  std::string value;
  PutNumber(value, number, 2);
  PutElement(out, element, value, '\0');
}

// PS3.7 9.3.1.1, written by hand so that either Move Originator element can be left away.
std::string StoreCommand(const Instance& instance, uint16_t message_id,
                         const SubOperations::Target& target, const std::string& originator) {
  std::string body;
  PutElement(body, 0x0002, instance.sop_class, '\0');
  PutShort(body, 0x0100, 0x0001);
  PutShort(body, 0x0110, message_id);
  PutShort(body, 0x0700, 0);
  PutShort(body, 0x0800, 0x0001);
  PutElement(body, 0x1000, instance.uid, '\0');
  if (originator == "both" || originator == "title") {
    PutElement(body, 0x1030, target.originator, ' ');
  }
  if (originator == "both" || originator == "id") PutShort(body, 0x1031, target.originator_id);
  std::string command, length;
  PutNumber(length, static_cast<uint32_t>(body.size()), 4);
  PutElement(command, 0x0000, length, '\0');
  return command + body;
}

bool WriteMessage(T_ASC_Association* association, T_ASC_PresentationContextID context,
                  std::string bytes, DUL_DATAPDV kind) {
  size_t most = association->sendPDVLength & ~1UL;
  for (size_t at = 0; at < bytes.size();) {
    size_t part = std::min(most, bytes.size() - at);
    DUL_PDV pdv = {part, context, kind, at + part == bytes.size(), bytes.data() + at};
    DUL_PDVLIST list = {};
    list.count = 1;
    list.pdv = &pdv;
    if (DUL_WritePDVs(&association->DULassociation, &list).bad()) return false;
    at += part;
  }
  return true;
}

std::vector<std::vector<Instance>> Grouped(std::vector<Instance> instances, size_t most) {
  std::vector<std::vector<Instance>> groups;
  for (Instance& one : instances) {
    if (groups.empty() || groups.back().size() >= most) groups.emplace_back();
    groups.back().push_back(std::move(one));
  }
  return groups;
}

}  // namespace

SubOperations::SubOperations(Peer& peer, SharedFate client, Target target,
                             std::vector<Instance> instances)
    : peer_(peer), client_(std::move(client)), target_(std::move(target)) {
  counts_.remaining = static_cast<int>(instances.size());
  auto mode = peer_.switches.Get<std::string>("move.associations");
  auto most = std::max<size_t>(1, peer_.switches.Get<size_t>("move.per_association"));
  if (mode == "one") most = std::max<size_t>(1, instances.size());
  auto groups = Grouped(std::move(instances), most);
  auto run = [this](std::vector<std::vector<Instance>> own) {
    for (const auto& group : own) Send(group);
    std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  };
  running_ = mode == "parallel" ? groups.size() : 1;
  if (mode != "parallel") {
    threads_.emplace_back(run, std::move(groups));
    return;
  }
  for (auto& group : groups) {
    std::vector<std::vector<Instance>> own(1, std::move(group));
    threads_.emplace_back(run, std::move(own));
  }
}

SubOperations::~SubOperations() {
  Cancel();
  for (std::thread& one : threads_) one.join();
}

std::optional<Counts> SubOperations::Next(size_t seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(20),
                    [&] { return course_.size() > seen || running_ == 0; });
  if (course_.size() <= seen) return std::nullopt;
  return course_[seen];
}

bool SubOperations::Done(size_t seen) const {
  std::lock_guard lock(mutex_);
  return running_ == 0 && course_.size() <= seen;
}

Counts SubOperations::Now() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void SubOperations::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
}

bool SubOperations::Cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

void SubOperations::Record(const Instance& instance, uint16_t status) {
  std::lock_guard lock(mutex_);
  --counts_.remaining;
  bool warned = status >> 12 == 0xB;
  if (status == 0) {
    ++counts_.completed;
  } else if (warned) {
    ++counts_.warning;
  } else {
    ++counts_.failed;
    counts_.failed_uids.push_back(instance.uid);
  }
  course_.push_back(counts_);
  changed_.notify_all();
}

T_ASC_Association* SubOperations::Open(T_ASC_Network* network, const std::vector<Instance>& group) {
  T_ASC_Parameters* parameters = nullptr;
  if (ASC_createAssociationParameters(&parameters, peer_.max_pdu).bad()) return nullptr;
  ASC_setAPTitles(parameters, peer_.ae_title.c_str(), target_.ae_title.c_str(), nullptr);
  ASC_setPresentationAddresses(parameters, "localhost", target_.address.c_str());
  std::set<std::pair<std::string, std::string>> proposed;
  int id = 1;
  for (const Instance& one : group) {
    if (!proposed.insert({one.sop_class, one.transfer_syntax}).second || id > 255) continue;
    std::vector<const char*> syntaxes = {one.transfer_syntax.c_str()};
    for (const char* more :
         {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax}) {
      if (one.transfer_syntax != more) syntaxes.push_back(more);
    }
    ASC_addPresentationContext(parameters, static_cast<T_ASC_PresentationContextID>(id),
                               one.sop_class.c_str(), syntaxes.data(),
                               static_cast<int>(syntaxes.size()));
    id += 2;
  }
  T_ASC_Association* association = nullptr;
  OFCondition opened = ASC_requestAssociation(network, parameters, &association);
  if (opened.good()) return association;
  peer_.journal.Note("suboperations_refused",
                     {{"called", target_.ae_title}, {"why", opened.text()}});
  if (association) {
    ASC_dropAssociation(association);
    ASC_destroyAssociation(&association);  // frees the parameters
  } else {
    ASC_destroyAssociationParameters(&parameters);
  }
  return nullptr;
}

uint16_t SubOperations::SendOne(T_ASC_Association* association, const Instance& instance) {
  auto context = ASC_findAcceptedPresentationContextID(association, instance.sop_class.c_str(),
                                                       instance.transfer_syntax.c_str());
  if (context == 0) {
    context = ASC_findAcceptedPresentationContextID(association, instance.sop_class.c_str());
  }
  T_ASC_PresentationContext accepted;
  if (context == 0 ||
      ASC_findAcceptedPresentationContext(association->params, context, &accepted).bad()) {
    return kNotSent;
  }
  std::optional<std::string> data_set;
  if (instance.transfer_syntax == accepted.acceptedTransferSyntax) {
    data_set = ReadDataSet(instance);
  } else {
    data_set = ConvertDataSet(instance, accepted.acceptedTransferSyntax);
  }
  if (!data_set) return kNotSent;
  auto originator = peer_.switches.Get<std::string>("move.originator");
  std::string command = StoreCommand(instance, association->nextMsgID++, target_, originator);
  if (!WriteMessage(association, context, std::move(command), DUL_COMMANDPDV) ||
      !WriteMessage(association, context, std::move(*data_set), DUL_DATASETPDV)) {
    return kNotSent;
  }
  T_DIMSE_Message response = {};
  OFCondition answered = DIMSE_receiveCommand(association, DIMSE_NONBLOCKING, kAnswerWithin,
                                              &context, &response, nullptr);
  if (answered.bad() || response.CommandField != DIMSE_C_STORE_RSP) return kNotSent;
  return response.msg.CStoreRSP.DimseStatus;
}

// Read anew all the time, so that a test can begin many moves and then let them go on.
void SubOperations::AwaitFirst() {
  constexpr int kStep = 10;  // ms
  for (int waited = 0; waited < peer_.switches.Get<int>("delay_ms.first"); waited += kStep)
    if (!peer_.connections.Wait(client_, kStep)) return;
}

void SubOperations::Send(const std::vector<Instance>& group) {
  T_ASC_Network* network = nullptr;
  {
    std::lock_guard lock(network_mutex);
    if (ASC_initializeNetwork(NET_REQUESTOR, 0, 30, &network).bad()) network = nullptr;
  }
  AwaitFirst();
  T_ASC_Association* association = network ? Open(network, group) : nullptr;
  for (const Instance& one : group) {
    peer_.connections.Wait(client_, peer_.switches.Get<int>("delay_ms.suboperation"));
    if (Cancelled()) break;
    uint16_t status = association ? SendOne(association, one) : kNotSent;
    peer_.journal.Note("suboperation", {{"uid", one.uid}, {"status", status}});
    Record(one, status);
  }
  if (association) {
    ASC_releaseAssociation(association);
    ASC_dropAssociation(association);
    ASC_destroyAssociation(&association);
  }
  std::lock_guard lock(network_mutex);
  if (network) ASC_dropNetwork(&network);
}

}  // namespace faulty
