#include "router/session/whereabouts.h"

#include <gtest/gtest.h>

#include "router/dataset/encoding.h"
#include "router/dataset/identifier.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

const Uid kSyntax(dataset::kExplicitVrLittleEndian), kCt(dimse::uid::kCtImage);

// An image as far as the row of pixels that would follow.
Buffer Image(size_t comment = 0) {
  auto image = dataset::Identifier::Of({{0x00080018, "1.2.3"},
                                        {0x00080060, "CT"},
                                        {0x00104000, std::string(comment, 'x')},
                                        {0x0020000D, "1.6"},
                                        {0x0020000E, "1.7"},
                                        {0x00200052, "1.8"},
                                        {0x00201040, "none"},
                                        {0x00204000, "and so on"}});
  return image.Encode(kSyntax).value();
}

void ExpectAll(const std::optional<hold::Whereabouts>& where) {
  ASSERT_TRUE(where.has_value());
  EXPECT_EQ(where->kind, Kind::kImage);
  EXPECT_EQ(where->series, Uid("1.7"));
  EXPECT_EQ(where->study, Uid("1.6"));
  EXPECT_EQ(where->frame_of_reference, Uid("1.8"));
}

TEST(Whereabouts, ShortPiecesTellAsMuchAsOneLongOne) {
  const Buffer image = Image();
  for (size_t length : {size_t{1}, size_t{2}, size_t{7}, size_t{50}, image.size()}) {
    WhereaboutsReader reader;
    std::vector<std::optional<hold::Whereabouts>> answers;
    for (Bytes rest = image; !rest.empty();) {
      const Bytes piece = rest.first(std::min(length, rest.size()));
      rest = rest.subspan(piece.size());
      auto answer = reader.Add(piece, rest.empty(), kSyntax, kCt);
      if (answer) answers.push_back(answer);
    }
    ASSERT_EQ(answers.size(), 1u) << length;
    ExpectAll(answers[0]);
  }
}

TEST(Whereabouts, AFirstPieceOfAFewBytesDoesNotSettleIt) {
  const Buffer image = Image();
  WhereaboutsReader reader;
  EXPECT_FALSE(reader.Add(Bytes(image).first(10), false, kSyntax, kCt));
  ExpectAll(reader.Add(Bytes(image).subspan(10), false, kSyntax, kCt));
  EXPECT_FALSE(reader.Add(image, true, kSyntax, kCt));
}

TEST(Whereabouts, WhatComesTooLateOrNeverIsEmptyAndTheRestIsTold) {
  const Buffer late = Image(20'000), image = Image();
  WhereaboutsReader reader, ended;
  std::optional<hold::Whereabouts> where;
  size_t read = 0;
  for (; !where && read + 1'000 <= late.size(); read += 1'000)
    where = reader.Add(Bytes(late).subspan(read, 1'000), false, kSyntax, kCt);
  ASSERT_TRUE(where.has_value());
  EXPECT_EQ(where->kind, Kind::kImage);
  EXPECT_TRUE(where->series.empty());
  EXPECT_LE(read, 18'000u);  // 16 KiB, and the piece that they end in
  where = ended.Add(Bytes(image).first(20), true, kSyntax, kCt);
  ASSERT_TRUE(where.has_value());
  EXPECT_TRUE(where->study.empty());
}

}  // namespace
}  // namespace router::session
