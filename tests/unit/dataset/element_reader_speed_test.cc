#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "corpus.h"
#include "element_paths.h"
#include "router/dataset/element_reader.h"

namespace router::dataset {
namespace {

// Of this thread on a processor: others may be at work on the machine.
double ThreadMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

TEST(ElementReader, TheHeadOfASliceTakesMicroseconds) {
  const std::vector<ElementPath> paths = {PathFrom("Modality"), PathFrom("PatientID"),
                                          PathFrom("Rows")};
  ElementReader reader(paths);
  for (const char* file :
       {"mim-ct-phantom/ct_1.dcm", "varian-eclipse-proton-headphantom/CT.001.dcm"})
    for (const Variant& variant : VariantsOf(*Load(DataFile(file))->getDataset())) {
      if (EncodingOf(variant.transfer_syntax).deflated) continue;
      constexpr int kRounds = 2000;
      size_t present = 0;
      const double begin = ThreadMicroseconds();
      for (int round = 0; round < kRounds; ++round) {
        reader.Begin(variant.transfer_syntax);
        reader.Extend(Bytes(variant.bytes).first(16384), false);
        for (size_t slot = 0; slot < paths.size(); ++slot)
          present += reader.At(slot).presence == ElementValues::Presence::kPresent;
      }
      std::cout << (ThreadMicroseconds() - begin) / kRounds << " us for three elements, "
                << reader.walked() << " bytes walked, " << variant.name << "\n";
      EXPECT_EQ(present, 3u * kRounds);
    }
}

}  // namespace
}  // namespace router::dataset
