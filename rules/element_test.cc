#include "rules/element_test.h"

#include <algorithm>

#include "rules/values.h"

namespace rules {

bool ElementTest::Range::Has(std::string_view value) const {
  auto place = PlaceOn(scale, value);
  return place && (!above || *place > *above) && (!below || *place < *below) &&
         (!from || *place >= *from) && (!to || *place <= *to);
}

bool ElementTest::PassesOne(std::string_view value, const std::vector<int>* hits) const {
  for (const OneOf& text : texts_)
    if (std::ranges::none_of(text.globs, [&](const Glob& glob) { return glob.Matches(value); }))
      return false;
  if (range_ && !range_->Has(value)) return false;
  if (!regex_) return true;
  if (hits) return std::ranges::find(*hits, number_) != hits->end();
  return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
}

bool ElementTest::HasRegex() const {
  return regex_ || std::ranges::any_of(not_, &ElementTest::HasRegex);
}

bool ElementTest::Passes(bool present, const std::vector<std::string>& values,
                         const std::vector<int>* hits) const {
  if (present_ && *present_ != present) return false;
  if (!texts_.empty() || range_ || regex_) {
    if (!present) return false;
    const bool passes =
        values.empty()
            ? PassesOne("", nullptr)
            : std::ranges::any_of(values, [&](const auto& v) { return PassesOne(v, hits); });
    if (!passes) return false;
  }
  return std::ranges::none_of(
      not_, [&](const ElementTest& test) { return test.Passes(present, values, hits); });
}

// Reads the value of one path in `dataset`.
class ElementTestReader {
 public:
  ElementTestReader(std::string_view path, size_t slot, std::string_view vr, Scope& scope)
      : path_(path), slot_(slot), vr_(vr), scope_(scope) {}

  std::optional<ElementTest> Read(const Positioned& node) {
    ElementTest test;
    if (node.form == Positioned::Form::kMap)
      ReadMap(node, test);
    else
      ReadTexts(path_, node, true, test);
    return good_ ? std::optional(std::move(test)) : std::nullopt;
  }

 private:
  void Error(const Positioned& at, std::string message) {
    good_ = false;
    scope_.problems.Error(at, std::move(message));
  }
  void AskForValue(const Positioned& at) {
    if (vr_ == "SQ")
      Error(at, std::string(path_) + " is a sequence; it can only be present or absent");
  }

  void ReadTexts(std::string_view what, const Positioned& node, bool patterns, ElementTest& test) {
    AskForValue(node);
    ElementTest::OneOf one;
    const size_t expected = node.form == Positioned::Form::kList ? node.values.size() : 1;
    for (const Positioned* scalar : ScalarsOf(what, node, scope_.problems)) {
      Glob glob(scalar->scalar, false);
      one.globs.push_back(patterns ? std::move(glob) : Glob::Literal(scalar->scalar));
    }
    if (one.globs.empty() || one.globs.size() != expected) good_ = false;
    test.texts_.push_back(std::move(one));
  }

  void ReadMap(const Positioned& node, ElementTest& test) {
    if (node.keys.empty()) Error(node, std::string(path_) + " must not be empty");
    Fields fields(path_, node, scope_.problems);
    if (const auto* glob = fields.Find("glob")) ReadTexts("glob", *glob, true, test);
    if (const auto* is = fields.Find("is")) ReadTexts("is", *is, false, test);
    if (const auto* regex = fields.Find("regex")) ReadRegex(*regex, test);
    for (std::string_view key : {"above", "below", "from", "to"})
      if (const auto* bound = fields.Find(key)) ReadBound(key, *bound, test);
    ReadPresence(fields, test);
    if (const auto* inner = fields.Find("not")) {
      auto negated = ElementTestReader(path_, slot_, vr_, scope_).Read(*inner);
      if (negated)
        test.not_.push_back(std::move(*negated));
      else
        good_ = false;
    }
    good_ = good_ && fields.AllKnown();
    CheckMap(node, test);
  }

  void ReadRegex(const Positioned& node, ElementTest& test) {
    AskForValue(node);
    if (!IsScalar("regex", node, scope_.problems)) {
      good_ = false;
      return;
    }
    auto regex = std::make_shared<const re2::RE2>(node.scalar, RegexOptions());
    if (!regex->ok()) return Error(node, "regex: " + Quoted(node.scalar) + ": " + regex->error());
    test.regex_ = std::move(regex);
    test.number_ = scope_.tables.regexes.Add(slot_, node.scalar);
  }

  void ReadBound(std::string_view key, const Positioned& node, ElementTest& test) {
    auto scale = ScaleOf(vr_);
    if (!IsScalar(key, node, scope_.problems)) {
      good_ = false;
      return;
    }
    if (!scale)
      return Error(node, std::string(key) + ": " + std::string(path_) + " is " + std::string(vr_) +
                             ", of which no value is above another");
    auto place = PlaceOn(*scale, node.scalar);
    constexpr std::array<std::string_view, 4> kWhat = {"is no number", "is no date; write YYYYMMDD",
                                                       "is no time; write HHMMSS",
                                                       "is no date and time; write YYYYMMDDHHMMSS"};
    if (!place)
      return Error(node, std::string(key) + ": " + Quoted(node.scalar) + " " +
                             std::string(kWhat[static_cast<size_t>(*scale)]));
    if (!test.range_) test.range_ = ElementTest::Range{*scale, {}, {}, {}, {}};
    (key == "above"   ? test.range_->above
     : key == "below" ? test.range_->below
     : key == "from"  ? test.range_->from
                      : test.range_->to) = place;
  }

  void ReadPresence(Fields& fields, ElementTest& test) {
    for (std::string_view key : {"present", "absent"}) {
      const auto* node = fields.Find(key);
      if (!node) continue;
      bool value = false;
      if (!fields.Value(key, value, ParseBool)) {
        good_ = false;
        continue;
      }
      if (key == "absent") value = !value;
      if (test.present_ && *test.present_ != value)
        Error(*node, "present and absent contradict each other");
      test.present_ = value;
    }
  }

  void CheckMap(const Positioned& node, const ElementTest& test) {
    if (!good_) return;
    const bool asks_value = !test.texts_.empty() || test.range_ || test.regex_;
    if (asks_value && test.present_ == std::optional(false))
      Error(node, std::string(path_) + " cannot be absent and have a value");
    if (!test.range_) return;
    const auto& range = *test.range_;
    auto crossed = [](const auto& low, const auto& high, bool touching) {
      return low && high && (touching ? *low >= *high : *low > *high);
    };
    if (crossed(range.above, range.below, true) || crossed(range.above, range.to, true) ||
        crossed(range.from, range.below, true) || crossed(range.from, range.to, false))
      scope_.problems.Warn(node, "no value of " + std::string(path_) + " is within these bounds");
  }

  std::string_view path_;
  size_t slot_;
  std::string_view vr_;
  Scope& scope_;
  bool good_ = true;
};

std::optional<ElementTest> ElementTest::Parse(std::string_view path, size_t slot,
                                              const Positioned& node, std::string_view vr,
                                              Scope& scope) {
  return ElementTestReader(path, slot, vr, scope).Read(node);
}

}  // namespace rules
