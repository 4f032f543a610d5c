#include "router/hold/queries.h"

#include <algorithm>
#include <array>
#include <map>

namespace router::hold {
namespace {

constexpr dataset::Tag kSopInstance = 0x00080018, kLevel = 0x00080052, kModality = 0x00080060,
                       kStudy = 0x0020000D, kSeriesUid = 0x0020000E, kFrame = 0x00200052;

using Form = Query::Form;

bool IsSeries(const Question& question) { return question.level == store::Level::kSeries; }

// One for each series (or study) among the questions.
class Plan {
 public:
  Plan(std::span<const Question> questions, Relational relational)
      : questions_(questions), hierarchical_(relational == Relational::kNo) {}

  std::vector<Query> Make() {
    CountSeries();
    for (size_t i = 0; i < questions_.size(); ++i) Add(i);
    return std::move(queries_);
  }

 private:
  void CountSeries() {
    for (const Question& question : questions_) {
      if (!IsSeries(question) && !question.series.empty()) ++in_series_[question.series];
    }
  }

  void Add(size_t i) {
    const Question& question = questions_[i];
    if (IsOfStudy(question)) return AddOfStudy(i);
    if (IsSeries(question)) return AddSeries(i);
    const bool many = !question.series.empty() && in_series_[question.series] >= kListFrom;
    if (hierarchical_) {
      if (question.study.empty()) return;
      if (question.series.empty()) return Join(Form::kStudyList, i, question.study, {}, {});
      if (!many) return Join(Form::kInSeries, i, question.study, question.series, question.uid);
    }
    if (many) return Join(Form::kSeriesList, i, question.study, question.series, {});
    Join(Form::kInstance, i, {}, {}, question.uid);
  }

  void AddSeries(size_t i) {
    const Question& question = questions_[i];
    if (!hierarchical_) return Join(Form::kSeries, i, {}, question.uid, {});
    if (!question.study.empty()) Join(Form::kSeries, i, question.study, question.uid, {});
  }

  void AddOfStudy(size_t i) {
    const Question& question = questions_[i];
    if (!question.study.empty()) Join(Form::kStudyList, i, question.study, {}, {});
  }

  void Join(Form form, size_t i, Uid study, Uid series, Uid instance) {
    auto same = std::ranges::find_if(queries_, [&](const Query& query) {
      return query.form == form && query.series == series && query.instance == instance &&
             ((form != Form::kStudyList && form != Form::kSeries) || query.study == study);
    });
    if (same == queries_.end()) {
      const bool relational = study.empty() || (form == Form::kInstance);
      queries_.push_back(
          {form, std::move(study), std::move(series), std::move(instance), {}, relational});
      same = std::prev(queries_.end());
    }
    same->settles.push_back(i);
    same->with_frame |= questions_[i].level == store::Level::kFrameOfReference;
  }

  std::span<const Question> questions_;
  const bool hierarchical_;
  std::map<Uid, size_t> in_series_;
  std::vector<Query> queries_;
};

}  // namespace

dataset::Identifier Query::Identifier() const {
  switch (form) {
    case Form::kInstance:
      return dataset::Identifier::Of({{kSopInstance, instance.view()}, {kLevel, "IMAGE"}});
    case Form::kInSeries:
      return dataset::Identifier::Of({{kSopInstance, instance.view()},
                                      {kLevel, "IMAGE"},
                                      {kStudy, study.view()},
                                      {kSeriesUid, series.view()}});
    case Form::kSeriesList:
      if (study.empty()) {
        return dataset::Identifier::Of(
            {{kSopInstance, ""}, {kLevel, "IMAGE"}, {kSeriesUid, series.view()}});
      }
      return dataset::Identifier::Of({{kSopInstance, ""},
                                      {kLevel, "IMAGE"},
                                      {kStudy, study.view()},
                                      {kSeriesUid, series.view()}});
    case Form::kSeries:
      if (study.empty()) {
        return dataset::Identifier::Of({{kLevel, "SERIES"}, {kSeriesUid, series.view()}});
      }
      return dataset::Identifier::Of(
          {{kLevel, "SERIES"}, {kStudy, study.view()}, {kSeriesUid, series.view()}});
    case Form::kStudyList:
      break;
  }
  if (with_frame) {
    return dataset::Identifier::Of({{kLevel, "SERIES"},
                                    {kModality, ""},
                                    {kStudy, study.view()},
                                    {kSeriesUid, ""},
                                    {kFrame, ""}});
  }
  return dataset::Identifier::Of(
      {{kLevel, "SERIES"}, {kModality, ""}, {kStudy, study.view()}, {kSeriesUid, ""}});
}

std::vector<Query> PlanQueries(std::span<const Question> questions, Relational relational) {
  return Plan(questions, relational).Make();
}

bool MayContain(std::string_view modality, Kind kind) {
  if (modality.empty()) return true;
  constexpr std::array kNotImages = {"RTSTRUCT", "RTPLAN", "RTDOSE", "RTRECORD",
                                     "REG",      "PR",     "KO",     "SR"};
  switch (kind) {
    case Kind::kImage:
      return std::ranges::find(kNotImages, modality) == kNotImages.end();
    case Kind::kStructureSet:
      return modality == "RTSTRUCT";
    case Kind::kPlan:
      return modality == "RTPLAN";
    case Kind::kDose:
      return modality == "RTDOSE";
    case Kind::kRecord:
      return modality == "RTRECORD";
    case Kind::kRegistration:
      return modality == "REG";
    case Kind::kOther:
      return true;
  }
  return true;
}

bool RefusesRelational(uint16_t status) {
  return (status & 0xFF00) == 0xA900 || (status & 0xF000) == 0xC000;
}

}  // namespace router::hold
