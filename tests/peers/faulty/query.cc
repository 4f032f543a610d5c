#include "tests/peers/faulty/query.h"

#include <fmt/core.h>
#include <fnmatch.h>

#include <set>

namespace faulty {
namespace {

constexpr uint32_t kStudy = 0x0020000D;
constexpr uint32_t kSeries = 0x0020000E;
constexpr uint32_t kInstance = 0x00080018;
constexpr uint32_t kModality = 0x00080060;

uint32_t Number(const DcmTagKey& tag) { return uint32_t{tag.getGroup()} << 16 | tag.getElement(); }

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

// What says how to answer rather than what to match.
bool IsControl(const DcmTagKey& tag) {
  return tag.getGroup() <= 0x0002 || tag == DCM_QueryRetrieveLevel ||
         tag == DCM_SpecificCharacterSet || tag == DCM_RetrieveAETitle ||
         tag == DCM_TimezoneOffsetFromUTC || tag == DCM_QueryRetrieveView;
}

// PS3.4 C.2.2.2: list of UID, range of dates, wild card, single value.
bool ValueMatches(DcmEVR vr, const std::string& wanted, const std::string& have) {
  if (wanted == have) return true;
  if (vr == EVR_UI) {
    for (const std::string& one : Split(wanted, '\\')) {
      if (Trimmed(one) == have) return true;
    }
    return false;
  }
  size_t dash = wanted.find('-');
  if ((vr == EVR_DA || vr == EVR_TM) && dash != std::string::npos) {
    std::string from = wanted.substr(0, dash), to = wanted.substr(dash + 1);
    return !have.empty() && (from.empty() || have >= from) && (to.empty() || have <= to);
  }
  return fnmatch(wanted.c_str(), have.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace

Query::Query(const DcmDataset& identifier) {
  auto& readable = const_cast<DcmDataset&>(identifier);  // DCMTK's iteration is not const
  for (DcmObject* at = readable.nextInContainer(nullptr); at; at = readable.nextInContainer(at)) {
    auto* element = static_cast<DcmElement*>(at);
    OFString value;
    if (element->ident() != EVR_SQ) element->getOFStringArray(value);
    keys_.push_back({element->getTag(), element->getTag().getEVR(), Trimmed(value.c_str())});
  }
  level_ = Value(DCM_QueryRetrieveLevel);
}

const std::string& Query::Value(const DcmTagKey& tag) const {
  static const std::string none;
  for (const Key& key : keys_) {
    if (key.tag == tag) return key.value;
  }
  return none;
}

bool Query::LevelKnown() const {
  return level_ == "STUDY" || level_ == "SERIES" || level_ == "IMAGE";
}

bool Query::Hierarchical() const {
  auto single = [this](const DcmTagKey& tag) {
    const std::string& value = Value(tag);
    return !value.empty() && value.find_first_of("\\*?") == std::string::npos;
  };
  if (level_ == "SERIES") return single(DCM_StudyInstanceUID);
  if (level_ == "IMAGE") return single(DCM_StudyInstanceUID) && single(DCM_SeriesInstanceUID);
  return true;
}

bool Query::Matches(const Instance& instance) const {
  for (const Key& key : keys_) {
    if (IsControl(key.tag) || key.value.empty() || key.vr == EVR_SQ) continue;
    if (key.tag == DCM_ModalitiesInStudy) continue;
    if (!ValueMatches(key.vr, key.value, instance.Value(Number(key.tag)))) return false;
  }
  return true;
}

uint32_t Query::UniqueKey() const {
  if (level_ == "STUDY") return kStudy;
  return level_ == "SERIES" ? kSeries : kInstance;
}

std::string Query::Answer(const Key& key, const std::vector<const Instance*>& group) const {
  if (key.tag == DCM_NumberOfStudyRelatedInstances ||
      key.tag == DCM_NumberOfSeriesRelatedInstances) {
    return std::to_string(group.size());
  }
  std::set<std::string> series, modalities;
  for (const Instance* one : group) {
    series.insert(one->Value(kSeries));
    modalities.insert(one->Value(kModality));
  }
  if (key.tag == DCM_NumberOfStudyRelatedSeries) return std::to_string(series.size());
  if (key.tag == DCM_ModalitiesInStudy) {
    std::string all;
    for (const std::string& one : modalities) all += (all.empty() ? "" : "\\") + one;
    return all;
  }
  return group.front()->Value(Number(key.tag));
}

std::vector<std::unique_ptr<DcmDataset>> Query::Answers(
    const std::vector<Instance>& matches, const std::string& retrieve_ae_title) const {
  std::map<std::string, std::vector<const Instance*>> groups;
  for (const Instance& one : matches) groups[one.Value(UniqueKey())].push_back(&one);
  std::vector<std::unique_ptr<DcmDataset>> answers;
  for (const auto& [uid, group] : groups) {
    auto answer = std::make_unique<DcmDataset>();
    for (const Key& key : keys_) {
      if (key.tag.getGroup() <= 0x0002 || key.tag == DCM_SpecificCharacterSet) continue;
      if (key.vr == EVR_SQ) {
        answer->insertEmptyElement(key.tag);
      } else {
        answer->putAndInsertString(DcmTag(key.tag, DcmVR(key.vr)), Answer(key, group).c_str());
      }
    }
    const std::string& charset = group.front()->Value(0x00080005);
    if (!charset.empty()) answer->putAndInsertString(DCM_SpecificCharacterSet, charset.c_str());
    answer->putAndInsertString(DCM_QueryRetrieveLevel, level_.c_str());
    answer->putAndInsertString(DCM_RetrieveAETitle, retrieve_ae_title.c_str());
    DcmTag unique(DcmTagKey(static_cast<Uint16>(UniqueKey() >> 16),
                            static_cast<Uint16>(UniqueKey() & 0xFFFF)));
    answer->putAndInsertString(unique, uid.c_str());
    answers.push_back(std::move(answer));
  }
  return answers;
}

nlohmann::json Query::Keys() const {
  auto keys = nlohmann::json::object();
  for (const Key& key : keys_) {
    keys[fmt::format("{:04x},{:04x}", key.tag.getGroup(), key.tag.getElement())] = key.value;
  }
  return keys;
}

}  // namespace faulty
