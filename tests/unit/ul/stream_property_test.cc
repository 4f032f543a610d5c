// Any message, cut by the writer to any limit, split by the network anywhere, is read as the same
// message; and PDUs of any layout are read as their fragments say.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "router/ul/pdu_codec.h"
#include "router/ul/pdv_reader.h"
#include "router/ul/pdv_writer.h"
#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

// A part of a message, in the pieces in which it is handed to the writer.
struct Part {
  ContextId context = 1;
  bool is_command = false;
  std::vector<Buffer> pieces;
};

Buffer Content(const Part& part) {
  Buffer all;
  for (const Buffer& piece : part.pieces) all = std::move(all) + piece;
  return all;
}

Buffer AnyBytes(size_t size) {
  return *rc::gen::container<Buffer>(
      size, rc::gen::map(rc::gen::arbitrary<uint8_t>(),
                         [](uint8_t v) { return static_cast<std::byte>(v); }));
}

Part AnyPart() {
  Part part;
  part.context = static_cast<ContextId>(2 * *rc::gen::inRange(0, 128) + 1);
  part.is_command = *rc::gen::arbitrary<bool>();
  int pieces = *rc::gen::inRange(1, 6);
  for (int i = 0; i < pieces; ++i) part.pieces.push_back(AnyBytes(*rc::gen::inRange(0, 60)));
  return part;
}

// What the reader has put together again.
struct Collected {
  ContextId context = 0;
  bool is_command = false;
  Buffer content;
};

// Feeds `stream` in pieces of any length. Records the length of every whole fragment, too.
std::vector<Collected> Read(const Buffer& stream, std::vector<Pdv>* pdvs = nullptr) {
  PdvReader reader;
  std::vector<Collected> parts;
  bool begins_part = true, begins_pdv = true;
  Bytes rest = stream;
  while (!rest.empty()) {
    size_t step = *rc::gen::inRange<size_t>(1, std::min<size_t>(rest.size(), 70) + 1);
    Buffer chunk(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(step));
    rest = rest.subspan(step);
    reader.Feed(chunk);
    for (;;) {
      auto received = reader.Next();
      RC_ASSERT(received.has_value());
      if (received->kind == Received::Kind::kNeedMore) break;
      RC_ASSERT(received->kind == Received::Kind::kFragment);
      if (begins_part) parts.push_back({received->context, received->is_command, {}});
      Buffer bytes(received->bytes.begin(), received->bytes.end());
      parts.back().content = std::move(parts.back().content) + bytes;
      RC_ASSERT(parts.back().context == received->context);
      begins_part = received->ends_part();
      if (pdvs) {
        if (begins_pdv)
          pdvs->push_back({received->context, received->is_command, received->last, {}});
        pdvs->back().bytes = std::move(pdvs->back().bytes) + bytes;
      }
      begins_pdv = received->ends_pdv;
    }
  }
  RC_ASSERT(reader.BetweenPdus());
  return parts;
}

RC_GTEST_PROP(Stream, WhatTheWriterCutsTheReaderPutsTogether, ()) {
  auto limit = *rc::gen::inRange<uint32_t>(0, 90);
  PdvWriter writer(limit, 64);
  Buffer stream;
  std::vector<Part> sent;
  int parts = *rc::gen::inRange(1, 5);
  for (int i = 0; i < parts; ++i) {
    const Part& part = sent.emplace_back(AnyPart());
    for (const Buffer& piece : part.pieces) {
      writer.Append(part.context, part.is_command, piece, &piece == &part.pieces.back());
      if (!*rc::gen::arbitrary<bool>() && &piece != &part.pieces.back()) continue;
      for (Bytes s : writer.segments())
        stream.insert(stream.end(), s.begin(), s.end());
      writer.Clear();
    }
  }
  std::vector<Pdv> pdvs;
  std::vector<Collected> got = Read(stream, &pdvs);
  RC_ASSERT(got.size() == sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    RC_ASSERT(got[i].context == sent[i].context);
    RC_ASSERT(got[i].is_command == sent[i].is_command);
    RC_ASSERT(got[i].content == Content(sent[i]));
  }
  for (const Pdv& pdv : pdvs) {
    RC_ASSERT(pdv.last || pdv.bytes.size() % 2 == 0);
    RC_ASSERT(pdv.bytes.size() <= writer.max_payload());
  }
}

RC_GTEST_PROP(Stream, AnyLayoutOfPdvsInPdusIsReadAsTheCodecReadsIt, ()) {
  Buffer stream;
  std::vector<Pdv> model;
  int pdus = *rc::gen::inRange(1, 6);
  for (int i = 0; i < pdus; ++i) {
    DataTf data;
    int pdvs = *rc::gen::inRange(1, 5);
    // One context, so that the parts which Read() collects do not mix.
    for (int k = 0; k < pdvs; ++k)
      data.pdvs.push_back({7, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
                           AnyBytes(*rc::gen::inRange(0, 40))});
    model.insert(model.end(), data.pdvs.begin(), data.pdvs.end());
    Buffer encoded = Encode(data);
    auto decoded = Decode(encoded, 1 << 20);
    RC_ASSERT(decoded.has_value() && decoded->has_value());
    RC_ASSERT((*decoded)->pdu == Pdu(data));
    stream = std::move(stream) + encoded;
  }
  std::vector<Pdv> pdvs;
  Read(stream, &pdvs);
  RC_ASSERT(pdvs == model);
}

}  // namespace
}  // namespace router::ul
