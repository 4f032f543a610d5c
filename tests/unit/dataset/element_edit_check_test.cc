#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <set>

#include "corpus.h"
#include "edits.h"
#include "element_paths.h"
#include "router/dataset/part10.h"

// What David Clunie's dciodvfy (Debian: dicom3tools) says of objects before and after an edit.
namespace router::dataset {
namespace {

std::set<std::string> ErrorsIn(Bytes data_set, const Uid& syntax, DcmFileFormat& of) {
  OFString sop_class, instance;
  of.getDataset()->findAndGetOFString(DCM_SOPClassUID, sop_class);
  of.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, instance);
  Buffer file = MakeFileMetaHeader({.sop_class = Uid(sop_class.c_str()),
                                    .sop_instance = Uid(instance.c_str()),
                                    .transfer_syntax = syntax,
                                    .implementation_class = Uid("1.2.3"),
                                    .implementation_version = "TEST",
                                    .source = {}});
  file.resize(file.size() + data_set.size());
  std::ranges::copy(data_set, file.end() - static_cast<ptrdiff_t>(data_set.size()));
  const TemporaryFile written(file);
  std::set<std::string> errors;
  FILE* said = popen(("dciodvfy '" + written.path() + "' 2>&1").c_str(), "r");
  EXPECT_NE(said, nullptr);
  if (said == nullptr) return errors;
  char line[4096];
  size_t lines = 0;
  while (std::fgets(line, sizeof line, said) != nullptr) {
    ++lines;
    if (std::string_view(line).starts_with("Error")) errors.insert(line);
  }
  EXPECT_NE(WEXITSTATUS(pclose(said)), 127) << "no dciodvfy: deploy/install-packages test";
  EXPECT_GT(lines, 0u);
  return errors;
}

TEST(ElementEdit, AnEditedObjectHasNoErrorThatItHadNotBefore) {
  const std::vector<ElementEdit> edits = {SetTo("PatientComments", "research copy"),
                                          SetTo("InstitutionName", "Klinik"),
                                          SetTo("BeamSequence.BeamDescription", "edited"),
                                          SetTo("StudyDate", "20260131"),
                                          SetTo("PatientName", "Doe^Jane"),
                                          RemoveOf("PatientBirthTime"),
                                          CopyTo("StudyDescription", "PatientID"),
                                          RemovePrivateEdit({}),
                                          CharacterSetEdit("ISO_IR 192")};
  size_t checked = 0;
  for (const std::string& path : DistinctFiles()) {
    if (std::filesystem::file_size(path) > 2'000'000) continue;  // they take their time
    SCOPED_TRACE(path);
    auto loaded = Load(path);
    // Implicit and explicit, defined and undefined lengths, in turn.
    const Variant variant = VariantsOf(*loaded->getDataset())[checked % 4];
    SCOPED_TRACE(variant.name);
    const Buffer after = After(variant.bytes, variant.transfer_syntax, edits);
    const auto was = ErrorsIn(variant.bytes, variant.transfer_syntax, *loaded);
    for (const std::string& error : ErrorsIn(after, variant.transfer_syntax, *loaded))
      EXPECT_TRUE(was.contains(error)) << error;
    ++checked;
  }
  std::cout << checked << " objects checked\n";
  EXPECT_GT(checked, 10u);
}

}  // namespace
}  // namespace router::dataset
