#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/world.h"

namespace router::session {

// What rules may name of the standard: elements by the data dictionary; SOP classes and transfer
// syntaxes by words.
//
// SOP classes, each word one or many:
// - every storage class by its keyword in PS3.6 ("ct_image", "rt_beams_treatment_record",
//   "xray_angiographic_image") and by its short name (dimse::ShortNameOf: "cr_image",
//   "rt_beams_record"); "secondary_capture" with all its multi-frame variants
// - every service for queries: "study_root_find", "patient_root_move", "modality_worklist_find" …;
//   "verification", "storage_commitment"
// - kinds, as far as the class tells: "image", "structure_set", "plan", "dose", "record",
//   "registration", "other" (router/base/kind.h)
// - groups: "images" (all of them, ophthalmic ones too; no RT Image), "rt" (second generation too,
//   private plans too), "queries" (FIND, MOVE, GET, worklist), "storage"
//
// Transfer syntaxes: "implicit_vr_little_endian" …, families ("jpeg" is the old one alone,
// "jpeg_ls", "jpeg_2000", "htj2k", "mpeg"), "uncompressed", "compressed".
//
// Stateless; any thread.
class RuleNames final : public rules::Dictionary {
 public:
  std::optional<uint32_t> TagOf(std::string_view keyword) const override;
  std::string NearestKeyword(std::string_view keyword) const override;
  std::string KeywordOf(uint32_t tag) const override;
  std::string VrOf(uint32_t tag) const override;
  std::vector<std::string> SopClassesOf(std::string_view word) const override;
  std::vector<std::string> SopClassWords() const override;
  std::vector<std::string> TransferSyntaxesOf(std::string_view word) const override;
  std::vector<std::string> TransferSyntaxWords() const override;
};

}  // namespace router::session
