#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "router/base/kind.h"
#include "router/base/uid.h"
#include "router/dataset/identifier.h"
#include "router/store/row.h"

namespace router::hold {

// What somebody wants to know: does it exist at the application?
struct Question {
  Uid uid;
  Kind kind = Kind::kOther;
  store::Level level = store::Level::kInstance;
  Uid series, study;  // where it should be, if anybody said so; else empty

  bool operator==(const Question&) const = default;
};

// Whoever asks it: a series or a frame of reference is another question in each study.
inline std::pair<Uid, Uid> KeyOf(const Question& question) {
  return {question.uid, question.level == store::Level::kInstance ? Uid() : question.study};
}

// Is it settled by what series a study has?
inline bool IsOfStudy(const Question& question) {
  return question.level == store::Level::kFrameOfReference ||
         question.level == store::Level::kStudy;
}

// One C-FIND-RQ on Study Root, and what its answers can settle.
struct Query {
  enum class Form : uint8_t {
    kInstance,    // IMAGE level, SOP Instance UID alone: relational
    kInSeries,    // IMAGE level, Study, Series and SOP Instance UID: hierarchical
    kSeriesList,  // IMAGE level, Series (and Study) UID: all instances of it are listed
    kSeries,      // SERIES level, the Series UID (and Study, if known): does it exist?
    kStudyList,   // SERIES level, Study UID: which series, of which modality? The way to
                  // kInSeries, and the answer to questions about a study or a frame of reference
  };
  Form form = Form::kInstance;
  Uid study, series, instance;  // the keys; those that the form has no use for are empty
  std::vector<size_t> settles;  // indices of the questions
  bool relational = false;      // lacks a unique key of a higher level (PS3.4 C.4.1.2.2)
  bool with_frame = false;      // kStudyList: asks for (0020,0052), which few can tell

  // Without PatientID (some find nothing) and without SOP class (imports may convert).
  dataset::Identifier Identifier() const;
};

// What the application lets us ask; learned from how it answers. Unknown means relational.
enum class Relational : uint8_t { kUnknown, kYes, kNo };

// The fewest queries for these questions: one for each series of which `kListFrom` or more
// instances are asked about, one for each other instance. Where `relational` is kNo only forms with
// all higher keys; a question whose series is not known then begins with kStudyList (one for each
// study), one whose study is not known either cannot be asked and is in no query. Pure.
inline constexpr size_t kListFrom = 2;
std::vector<Query> PlanQueries(std::span<const Question> questions, Relational relational);

// May instances of this modality be of this kind? For kStudyList: which series to look into. An
// empty modality may be anything.
bool MayContain(std::string_view modality, Kind kind);

// Does this final status of a relational query say "not like this" (identifier does not match, out
// of what is supported, unable to process), so that hierarchical keys are worth a try?
bool RefusesRelational(uint16_t status);

}  // namespace router::hold
