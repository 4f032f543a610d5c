#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/facts.h"

namespace rules {

// An application of the configuration, as far as rules may name it.
struct KnownApplication {
  std::string name;                 // the key in `applications`
  std::vector<std::string> titles;  // by which it can be named: name, ae_title, also_called
  Profile profile = Profile::kNone;
  bool has_address = false;
  bool holds = false;              // demands an order of injection, and is not only observed
  bool stands_for_others = false;  // as a C-MOVE destination (its own `move_to`)
  bool clinical_edit = false;      // the application's own key
};

// What the rest of the configuration says, for a rule that names it. Read while rules are compiled.
struct World {
  std::vector<KnownApplication> applications;
  std::vector<std::string> clients;    // AE titles and globs, as written
  std::vector<std::string> listeners;  // "51402", "10.1.0.40:51402"
  bool has_tls = false;

  const KnownApplication* Find(std::string_view title) const;
};

// What PS3.6 says of names. Implemented over the layers that know.
class Dictionary {
 public:
  virtual ~Dictionary() = default;
  // Of a keyword ("BeamSequence"); nothing if PS3.6 has no such element.
  virtual std::optional<uint32_t> TagOf(std::string_view keyword) const = 0;
  virtual std::string NearestKeyword(std::string_view keyword) const = 0;  // or empty
  virtual std::string KeywordOf(uint32_t tag) const = 0;                   // or "(gggg,eeee)"
  // Two letters ("SQ"), or empty if the tag is not known.
  virtual std::string VrOf(uint32_t tag) const = 0;
  // The UIDs of SOP classes that a word stands for: a group ("images", "rt", "queries"), a kind
  // ("plan"), or a name in lower case with underscores ("secondary_capture", "rt_plan",
  // "ct_image"). Empty: no such word.
  virtual std::vector<std::string> SopClassesOf(std::string_view word) const = 0;
  virtual std::vector<std::string> SopClassWords() const = 0;  // all of them, for messages
  // The same for transfer syntaxes ("implicit_vr_little_endian", "jpeg", "uncompressed").
  virtual std::vector<std::string> TransferSyntaxesOf(std::string_view word) const = 0;
  virtual std::vector<std::string> TransferSyntaxWords() const = 0;
};

}  // namespace rules
