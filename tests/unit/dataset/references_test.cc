#include "router/dataset/references.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "corpus.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/part10.h"
#include "rules/profiles/aria.h"

namespace router::dataset {
namespace {

// Every path of the profile at once, whatever the kind: id is the row.
std::vector<WantedPath> AriaPaths() {
  std::vector<WantedPath> wanted;
  for (const rules::ReferenceRule& rule : rules::AriaReferences()) {
    auto path = ParsePath(rule.path);
    EXPECT_TRUE(path) << rule.path;
    if (path) wanted.push_back({*path, static_cast<int>(wanted.size())});
  }
  return wanted;
}

// What a person would write with DcmItem: recursion, no state but the path.
class ByDcmtk {
 public:
  explicit ByDcmtk(std::vector<WantedPath> wanted) : wanted_(std::move(wanted)) {}

  std::vector<Found> Run(DcmDataset& dataset) {
    Walk(dataset, "");
    return found_;
  }

 private:
  static std::string Text(DcmItem& item, const DcmTagKey& key) {
    OFString text;
    item.findAndGetOFString(key, text);
    return {text.data(), text.size()};
  }

  bool Matches(const std::vector<Tag>& path, Tag leaf) const {
    std::vector<Tag> here = sequences_;
    here.push_back(leaf);
    if (path.front() != kAnyDepth) return path == here;
    size_t tail = path.size() - 1;
    return here.size() >= tail && std::equal(path.begin() + 1, path.end(), here.end() - tail);
  }

  void Walk(DcmItem& item, std::string series) {
    if (!sequences_.empty() && item.tagExists(DCM_SeriesInstanceUID)) {
      series = Text(item, DCM_SeriesInstanceUID);
    }
    for (unsigned long i = 0; i < item.card(); ++i) {
      DcmElement* element = item.getElement(i);
      Tag tag = static_cast<Tag>(element->getGTag()) << 16 | element->getETag();
      if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(element)) {
        sequences_.push_back(tag);
        for (unsigned long n = 0; n < sequence->card(); ++n) Walk(*sequence->getItem(n), series);
        sequences_.pop_back();
        continue;
      }
      for (const WantedPath& path : wanted_) {
        if (Matches(path.tags, tag)) Note(path.id, item, *element, series);
      }
    }
  }

  void Note(int id, DcmItem& item, DcmElement& element, const std::string& series) {
    OFString text;
    element.getOFStringArray(text);
    Uid uid(std::string_view(text.data(), text.size()));
    if (uid.empty()) return;
    for (Found& known : found_) {
      if (known.id != id || known.uid != uid) continue;
      ++known.mentions;
      return;
    }
    bool top = sequences_.empty();
    found_.push_back({id, uid, Uid(top ? "" : Text(item, DCM_ReferencedSOPClassUID)), Uid(series),
                      top ? "" : Text(item, DCM_RTPlanRelationship), 1});
  }

  std::vector<WantedPath> wanted_;
  std::vector<Tag> sequences_;
  std::vector<Found> found_;
};

void ExpectSame(const std::vector<Found>& found, const std::vector<Found>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].id, expected[i].id) << i;
    EXPECT_EQ(found[i].uid, expected[i].uid) << i;
    EXPECT_EQ(found[i].sop_class, expected[i].sop_class) << i;
    EXPECT_EQ(found[i].series, expected[i].series) << i;
    EXPECT_EQ(found[i].relationship, expected[i].relationship) << i;
    EXPECT_EQ(found[i].mentions, expected[i].mentions) << i;
  }
}

TEST(References, AreInEveryFileAndTransferSyntaxThoseThatDcmtkFinds) {
  std::vector<WantedPath> wanted = AriaPaths();
  size_t total = 0;
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto file = Load(path);
    std::vector<Found> expected = ByDcmtk(wanted).Run(*file->getDataset());
    total += expected.size();
    auto original = HarvestReferences(ReadPart10Header(path)->DatasetOf(path), wanted);
    ASSERT_TRUE(original) << original.error().detail;
    ExpectSame(original->found, expected);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(variant.name);
      auto harvest = HarvestReferences(variant.encoded(), wanted);
      ASSERT_TRUE(harvest) << harvest.error().detail;
      ExpectSame(harvest->found, expected);
    }
  }
  EXPECT_GT(total, 500u) << "the paths find next to nothing";
}

// tests/data/REFERENCES.txt: what an independent reader (pydicom) found in the same files.
struct Report {
  std::string path;
  std::map<std::string, std::pair<unsigned, unsigned>> roles;  // mentions, distinct
};
std::vector<Report> Reports() {
  std::vector<Report> reports;
  std::ifstream file(DataFile("REFERENCES.txt"));
  std::string line, folder;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (first == "==") {
      folder = second.substr(0, second.find(':'));
    } else if (line.starts_with("   ") && line[3] != ' ' && second.ends_with(".dcm")) {
      reports.push_back({folder + "/" + second, {}});
    } else if (first == "->" && !reports.empty()) {
      std::string role = second.substr(0, second.find_first_of(":("));
      std::istringstream counts(line.substr(line.find(": ") + 2));
      std::string word;
      auto& [mentions, distinct] = reports.back().roles[role];
      counts >> mentions >> word >> distinct;
    }
  }
  return reports;
}

TEST(References, AreAsManyAsTheReportOfTheTestDataSays) {
  const std::map<std::string, std::string> kRoles = {
      {"study", "30060010/30060012/00081155"},
      {"series", "30060010/30060012/30060014/0020000E"},
      {"frame-image", "30060010/30060012/30060014/30060016/00081155"},
      {"contour-image", "30060039/30060040/30060016/00081155"},
      {"roi-frame", "30060020/30060024"},
      {"structset", "300C0060/00081155"},
      {"plan", "300C0002/00081155"},
      {"refstudy", "00081110/00081155"},
  };
  std::vector<Report> reports = Reports();
  EXPECT_EQ(reports.size(), 12u);
  for (const Report& report : reports) {
    SCOPED_TRACE(report.path);
    std::string path = DataFile(report.path);
    for (const auto& [role, tags] : kRoles) {
      WantedPath wanted{*ParsePath(tags), 1};
      auto harvest = HarvestReferences(ReadPart10Header(path)->DatasetOf(path), {&wanted, 1});
      ASSERT_TRUE(harvest) << harvest.error().detail;
      unsigned mentions = 0;
      for (const Found& found : harvest->found) mentions += found.mentions;
      auto said = report.roles.find(role);
      std::pair<unsigned, unsigned> expected =
          said == report.roles.end() ? std::pair(0u, 0u) : said->second;
      EXPECT_EQ(std::pair(mentions, static_cast<unsigned>(harvest->found.size())), expected)
          << role;
    }
    for (const auto& [role, counts] : report.roles) EXPECT_TRUE(kRoles.contains(role)) << role;
  }
}

TEST(References, TheEclipsePlanNamesItsStructureSetAndTheVerifiedPlan) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RN.dcm");
  std::vector<WantedPath> wanted = {
      {{0x300C0060, 0x00081155}, 1}, {{0x300C0002, 0x00081155}, 2}, {{0x300A03A2, 0x300A00B2}, 3}};
  auto harvest = HarvestReferences(ReadPart10Header(path)->DatasetOf(path), wanted);
  ASSERT_TRUE(harvest);
  EXPECT_EQ(harvest->plan_geometry, "PATIENT");
  std::map<int, Found> by_id;
  for (const Found& found : harvest->found) by_id[found.id] = found;
  EXPECT_EQ(by_id[1].uid.str(), "1.2.246.352.71.4.37402163639.119695.20240227185700");
  EXPECT_EQ(by_id[1].sop_class.str(), "1.2.840.10008.5.1.4.1.1.481.3");
  EXPECT_EQ(by_id[2].relationship, "VERIFIED_PLAN");
  EXPECT_FALSE(by_id[3].uid.empty());
}

TEST(References, APlanOnTheTreatmentDeviceNamesNoStructureSet) {
  std::string path =
      DataFile("pinnacle-plan-dose-no-struct/1.3.46.670589.13.997910418.20181018190715.112493.dcm");
  WantedPath wanted{{0x300C0060, 0x00081155}, 1};
  auto harvest = HarvestReferences(ReadPart10Header(path)->DatasetOf(path), {&wanted, 1});
  ASSERT_TRUE(harvest);
  EXPECT_EQ(harvest->plan_geometry, "TREATMENT_DEVICE");
  EXPECT_TRUE(harvest->found.empty());
}

constexpr Encoding kExplicit{.explicit_vr = true};
Encoded Of(const Sketch& sketch) { return {sketch.bytes(), Uid(kExplicitVrLittleEndian)}; }

TEST(References, AStudyUidInTheSameSequenceIsNotTakenForAnImage) {
  Sketch sketch(kExplicit);
  sketch.Header(0x30060010, "SQ", kUndefinedLength).Item();
  sketch.Header(0x30060012, "SQ", kUndefinedLength).Item();
  sketch.Element(0x00081155, "UI", "1.9 ");  // a Study Instance UID
  sketch.Header(0x30060014, "SQ", kUndefinedLength).Item();
  sketch.Element(0x0020000E, "UI", "1.8 ");
  sketch.Header(0x30060016, "SQ", kUndefinedLength).Item();
  sketch.Element(0x00081155, "UI", "1.7 ").ItemEnd().SequenceEnd();
  sketch.ItemEnd().SequenceEnd().ItemEnd().SequenceEnd().ItemEnd().SequenceEnd();
  WantedPath wanted{{0x30060010, 0x30060012, 0x30060014, 0x30060016, 0x00081155}, 1};
  auto harvest = HarvestReferences(Of(sketch), {&wanted, 1});
  ASSERT_TRUE(harvest) << harvest.error().detail;
  ASSERT_EQ(harvest->found.size(), 1u);
  EXPECT_EQ(harvest->found[0].uid.str(), "1.7");
  EXPECT_EQ(harvest->found[0].series.str(), "1.8");
}

TEST(References, ASeriesThatFollowsItsInstancesIsStillTheirs) {  // (0008,1115): by tag order
  Sketch sketch(kExplicit);
  sketch.Header(0x00081115, "SQ", kUndefinedLength);
  for (auto [instance, series] : {std::pair("1.71", "1.81"), {"1.72", "1.82"}}) {
    sketch.Item().Header(0x00081199, "SQ", kUndefinedLength).Item();
    sketch.Element(0x00081155, "UI", instance).ItemEnd().SequenceEnd();
    sketch.Element(0x0020000E, "UI", series).ItemEnd();
  }
  sketch.SequenceEnd().Element(0x0020000E, "UI", "1.90");  // the object's own
  WantedPath wanted{{0x00081115, 0x00081199, 0x00081155}, 1};
  auto harvest = HarvestReferences(Of(sketch), {&wanted, 1});
  ASSERT_EQ(harvest->found.size(), 2u);
  EXPECT_EQ(harvest->found[0].series.str(), "1.81");
  EXPECT_EQ(harvest->found[1].series.str(), "1.82");
}

TEST(References, AnyDepthMeansAnyDepthAndTheTopToo) {
  Sketch sketch(kExplicit);
  auto dose = [&](std::string_view uid) {
    sketch.Header(0x300C0080, "SQ", kUndefinedLength).Item();
    sketch.Element(0x00081155, "UI", uid).ItemEnd().SequenceEnd();
  };
  sketch.Header(0x300A0070, "SQ", kUndefinedLength).Item();
  sketch.Header(0x300C0004, "SQ", kUndefinedLength).Item();
  dose("1.21");
  sketch.ItemEnd().SequenceEnd();
  dose("1.22");
  sketch.ItemEnd().SequenceEnd();
  dose("1.23");
  std::vector<WantedPath> wanted = {{{kAnyDepth, 0x300C0080, 0x00081155}, 1},
                                    {{0x300C0080, 0x00081155}, 2},
                                    {{0x300A0070, 0x300C0080, 0x00081155}, 3}};
  auto harvest = HarvestReferences(Of(sketch), wanted);
  ASSERT_TRUE(harvest) << harvest.error().detail;
  std::multimap<int, std::string> seen;
  for (const Found& found : harvest->found) seen.emplace(found.id, found.uid.str());
  std::multimap<int, std::string> expected = {
      {1, "1.21"}, {1, "1.22"}, {1, "1.23"}, {2, "1.23"}, {3, "1.22"}};
  EXPECT_EQ(seen, expected);
}

TEST(References, EmptyOnesAreLeftOutAndOddOnesAreNot) {
  Sketch sketch(kExplicit);
  sketch.Header(0x300C0060, "SQ", kUndefinedLength);
  for (std::string_view uid : {"", "  ", "UNKNOWN ", "0 ", "1.2\\1.3 "}) {
    sketch.Item().Element(0x00081155, "UI", uid).ItemEnd();
  }
  sketch.SequenceEnd();
  WantedPath wanted{{0x300C0060, 0x00081155}, 1};
  auto harvest = HarvestReferences(Of(sketch), {&wanted, 1});
  std::vector<std::string> uids;
  for (const Found& found : harvest->found) uids.push_back(found.uid.str());
  EXPECT_EQ(uids, (std::vector<std::string>{"UNKNOWN", "0", "1.2", "1.3"}));
}

TEST(References, ACutObjectIsAnErrorAndNotAnObjectWithFewerReferences) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RS.dcm");
  Buffer bytes = ReadAll(path);
  WantedPath wanted{{0x30060039, 0x30060040, 0x30060016, 0x00081155}, 1};
  for (size_t cut : {size_t{1}, size_t{1000}, bytes.size() / 2}) {
    TemporaryFile file(Bytes(bytes).first(bytes.size() - cut));
    auto harvest =
        HarvestReferences(ReadPart10Header(file.path())->DatasetOf(file.path()), {&wanted, 1});
    ASSERT_FALSE(harvest) << cut;
    EXPECT_EQ(harvest.error().code, Errc::kCorrupt);
    EXPECT_EQ(harvest.error().blame, Blame::kDownstream);
  }
}

TEST(References, PathsOfTheTableAreParsedAndNothingElseIs) {
  EXPECT_EQ(*ParsePath("300C0060/00081155"), (std::vector<Tag>{0x300C0060, 0x00081155}));
  EXPECT_EQ(*ParsePath("*/300C0080/00081155"),
            (std::vector<Tag>{kAnyDepth, 0x300C0080, 0x00081155}));
  EXPECT_EQ(*ParsePath("0020000E"), std::vector<Tag>{0x0020000E});
  for (std::string_view wrong : {"", "*/", "300C006", "300C0060/", "300C0060,00081155", "/300C0060",
                                 "300C0060/*/00081155", "300C00600", "+00C0060"}) {
    EXPECT_FALSE(ParsePath(wrong)) << wrong;
  }
}

TEST(Texts, AreFoundInAnyItemThatHasThem) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RN.dcm");
  auto region = ReadPart10Header(path)->DatasetOf(path);
  auto machines = FindTexts(region, *PathOf("IonBeamSequence.TreatmentMachineName"));
  ASSERT_TRUE(machines);
  ASSERT_FALSE(machines->empty());
  auto file = Load(path);
  OFString expected;
  DcmItem* beam = nullptr;
  ASSERT_TRUE(file->getDataset()->findAndGetSequenceItem(DCM_IonBeamSequence, beam).good());
  ASSERT_TRUE(beam->findAndGetOFString(DCM_TreatmentMachineName, expected).good());
  EXPECT_EQ(machines->front(), std::string(expected.c_str()));
  EXPECT_EQ(*FindTexts(region, *PathOf("Modality")), std::vector<std::string>{"RTPLAN"});
  EXPECT_TRUE(FindTexts(region, *PathOf("BeamSequence.TreatmentMachineName"))->empty());
}

TEST(Texts, ValuesAreTakenApartAndTrimmed) {
  Sketch sketch(kExplicit);
  sketch.Element(0x00080008, "CS", "ORIGINAL\\PRIMARY \\AXIAL ");
  EXPECT_EQ(*FindTexts(Of(sketch), {0x00080008}),
            (std::vector<std::string>{"ORIGINAL", "PRIMARY", "AXIAL"}));
}

}  // namespace
}  // namespace router::dataset
