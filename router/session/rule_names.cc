#include "router/session/rule_names.h"

#include <algorithm>
#include <map>

#include "router/base/kind.h"
#include "router/base/text.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/uid_names.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

// Each UID once, in the order in which it came.
class Words {
 public:
  void Add(std::string_view word, std::string_view uid) {
    std::vector<std::string>& uids = words_[std::string(word)];
    if (std::ranges::find(uids, uid) == uids.end()) uids.emplace_back(uid);
  }
  std::vector<std::string> Of(std::string_view word) const {
    auto found = words_.find(word);
    return found == words_.end() ? std::vector<std::string>() : found->second;
  }
  std::vector<std::string> All() const {
    std::vector<std::string> all;
    for (const auto& [word, uids] : words_) all.push_back(word);
    return all;
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> words_;
};

struct Word {
  std::string_view word, uid;
};

constexpr Word kServices[] = {
    {"verification", dimse::uid::kVerification},
    {"storage_commitment", dimse::uid::kStorageCommitment},
    {"patient_root_find", dimse::uid::kPatientRootFind},
    {"patient_root_move", dimse::uid::kPatientRootMove},
    {"patient_root_get", dimse::uid::kPatientRootGet},
    {"study_root_find", dimse::uid::kStudyRootFind},
    {"study_root_move", dimse::uid::kStudyRootMove},
    {"study_root_get", dimse::uid::kStudyRootGet},
    {"patient_study_only_find", "1.2.840.10008.5.1.4.1.2.3.1"},
    {"patient_study_only_move", "1.2.840.10008.5.1.4.1.2.3.2"},
    {"patient_study_only_get", "1.2.840.10008.5.1.4.1.2.3.3"},
    {"composite_instance_root_move", "1.2.840.10008.5.1.4.1.2.4.2"},
    {"composite_instance_root_get", "1.2.840.10008.5.1.4.1.2.4.3"},
    {"modality_worklist_find", dimse::uid::kModalityWorklistFind},
    {"modality_performed_procedure_step", "1.2.840.10008.3.1.2.3.3"},
};

// PS3.6 Table A-1, as far as a peer may propose it for storage.
constexpr Word kTransferSyntaxes[] = {
    {"implicit_vr_little_endian", dimse::uid::kImplicitVrLittleEndian},
    {"explicit_vr_little_endian", dimse::uid::kExplicitVrLittleEndian},
    {"explicit_vr_big_endian", dimse::uid::kExplicitVrBigEndian},
    {"deflated_explicit_vr_little_endian", dimse::uid::kDeflatedExplicitVrLittleEndian},
    {"jpeg_baseline", "1.2.840.10008.1.2.4.50"},
    {"jpeg_extended", "1.2.840.10008.1.2.4.51"},
    {"jpeg_lossless", "1.2.840.10008.1.2.4.57"},
    {"jpeg_lossless", "1.2.840.10008.1.2.4.70"},
    {"jpeg_lossless_sv1", "1.2.840.10008.1.2.4.70"},
    {"jpeg_ls", "1.2.840.10008.1.2.4.80"},
    {"jpeg_ls", "1.2.840.10008.1.2.4.81"},
    {"jpeg_ls_lossless", "1.2.840.10008.1.2.4.80"},
    {"jpeg_ls_near_lossless", "1.2.840.10008.1.2.4.81"},
    {"jpeg_2000", "1.2.840.10008.1.2.4.90"},
    {"jpeg_2000", "1.2.840.10008.1.2.4.91"},
    {"jpeg_2000", "1.2.840.10008.1.2.4.92"},
    {"jpeg_2000", "1.2.840.10008.1.2.4.93"},
    {"jpeg_2000_lossless", "1.2.840.10008.1.2.4.90"},
    {"jpip", "1.2.840.10008.1.2.4.94"},
    {"jpip", "1.2.840.10008.1.2.4.95"},
    {"mpeg", "1.2.840.10008.1.2.4.100"},
    {"mpeg", "1.2.840.10008.1.2.4.101"},
    {"mpeg", "1.2.840.10008.1.2.4.102"},
    {"mpeg", "1.2.840.10008.1.2.4.103"},
    {"mpeg", "1.2.840.10008.1.2.4.104"},
    {"mpeg", "1.2.840.10008.1.2.4.105"},
    {"mpeg", "1.2.840.10008.1.2.4.106"},
    {"hevc", "1.2.840.10008.1.2.4.107"},
    {"hevc", "1.2.840.10008.1.2.4.108"},
    {"htj2k", "1.2.840.10008.1.2.4.201"},
    {"htj2k", "1.2.840.10008.1.2.4.202"},
    {"htj2k", "1.2.840.10008.1.2.4.203"},
    {"htj2k_lossless", "1.2.840.10008.1.2.4.201"},
    {"rle_lossless", "1.2.840.10008.1.2.5"},
};

// ISO/IEC 10918, retired processes too: 1.2.840.10008.1.2.4.50 to 70.
constexpr std::string_view kJpegRoot = "1.2.840.10008.1.2.4.";
constexpr int kFirstJpeg = 50, kLastJpeg = 70, kJpegGapFrom = 67, kJpegGapTo = 69;

constexpr std::string_view kSecondaryCapture = "secondary_capture";
constexpr std::string_view kRtRoot = "1.2.840.10008.5.1.4.1.1.481.";

void AddStorage(Words& words, std::string_view uid, std::string_view word, bool is_image) {
  words.Add(word, uid);
  words.Add("storage", uid);
  if (const std::string_view name = dimse::ShortNameOf(uid); !name.empty()) {
    words.Add(name, uid);
    if (name.starts_with(kSecondaryCapture)) words.Add(kSecondaryCapture, uid);
  }
  const Kind kind = dimse::KindOf(uid);
  words.Add(NameOf(kind), uid);
  if (is_image || kind == Kind::kImage) words.Add("images", uid);
  const bool is_plan = kind == Kind::kPlan;
  if (is_plan || uid.starts_with(kRtRoot) || word.starts_with("rt_")) words.Add("rt", uid);
}

Words MakeSopClasses() {
  Words words;
  for (const dataset::StorageClassName& name : dataset::StorageClassNames()) {
    AddStorage(words, name.uid, name.word, name.is_image);
  }
  AddStorage(words, dimse::uid::kVarianRtPlan, "varian_rt_plan", false);
  for (const Word& service : kServices) {
    words.Add(service.word, service.uid);
    if (dimse::QueryServiceOf(service.uid) != dimse::QueryService::kNone)
      words.Add("queries", service.uid);
  }
  return words;
}

Words MakeTransferSyntaxes() {
  Words words;
  for (const Word& syntax : kTransferSyntaxes) {
    words.Add(syntax.word, syntax.uid);
    words.Add(dataset::IsUncompressed(Uid(syntax.uid)) ? "uncompressed" : "compressed", syntax.uid);
  }
  for (int number = kFirstJpeg; number <= kLastJpeg; ++number) {
    if (number >= kJpegGapFrom && number <= kJpegGapTo) continue;
    const std::string uid = std::string(kJpegRoot) + std::to_string(number);
    words.Add("jpeg", uid);
    words.Add("compressed", uid);
  }
  return words;
}

const Words& SopClasses() {
  static const auto* words = new Words(MakeSopClasses());  // never destroyed
  return *words;
}
const Words& TransferSyntaxes() {
  static const auto* words = new Words(MakeTransferSyntaxes());
  return *words;
}

}  // namespace

std::optional<uint32_t> RuleNames::TagOf(std::string_view keyword) const {
  // By number is not for a dictionary.
  if (keyword.find(',') != std::string_view::npos) return std::nullopt;
  return dataset::TagOf(keyword);
}

std::string RuleNames::NearestKeyword(std::string_view keyword) const {
  return NearestOf(keyword, dataset::Keywords());
}

std::string RuleNames::KeywordOf(uint32_t tag) const { return dataset::KeywordOf(tag); }

std::string RuleNames::VrOf(uint32_t tag) const {
  const dataset::Vr vr = dataset::VrInDictionary(tag);
  if (vr == dataset::kNoVr) return "";
  return {static_cast<char>(vr >> 8), static_cast<char>(vr & 0xFF)};
}

std::vector<std::string> RuleNames::SopClassesOf(std::string_view word) const {
  return SopClasses().Of(word);
}
std::vector<std::string> RuleNames::SopClassWords() const { return SopClasses().All(); }

std::vector<std::string> RuleNames::TransferSyntaxesOf(std::string_view word) const {
  return TransferSyntaxes().Of(word);
}
std::vector<std::string> RuleNames::TransferSyntaxWords() const { return TransferSyntaxes().All(); }

}  // namespace router::session
