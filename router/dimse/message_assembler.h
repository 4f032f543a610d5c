#pragma once
#include <cstdint>
#include <optional>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dimse/command_set.h"
#include "router/ul/pdv_reader.h"

namespace router::dimse {

inline constexpr size_t kMaxCommandSet = 64 * 1024;  // bytes; real ones have a few hundred

// Makes messages (PS3.7 6.3, PS3.8 Annex E) of the fragments of one direction of an association:
// collects the command set, whatever its fragmentation, and says of every fragment of the data set
// where it stands. The data set itself is not kept.
//
// Owned by one leg, on its loop. A data fragment costs no allocation.
class MessageAssembler {
 public:
  struct Piece {
    enum class Kind : uint8_t {
      kNeedMore,         // a fragment of a command set that is not yet complete
      kCommandComplete,  // command() is there; if it has no data set, the message is complete
      kDataFragment,     // `bytes` of the data set of command()
    };
    Kind kind = Kind::kNeedMore;
    ul::ContextId context = 0;
    Bytes bytes{};       // of a data fragment; a view of what was fed, may be empty
    bool first = false;  // the first fragment of the data set
    bool last = false;   // the data set, and with it the message, is complete
  };

  explicit MessageAssembler(Blame peer = Blame::kDownstream) : peer_(peer) {}

  // `fragment` is of kind kFragment. Errc::kMalformedDimse: a data fragment where a command was
  // due or the reverse, another presentation context within one message, a command set that is
  // longer than kMaxCommandSet or does not decode. After an error the association must be aborted.
  Result<Piece> Add(const ul::Received& fragment);

  // The command of the message under way, or of the last one; good until the next
  // kCommandComplete. Ends the process if there has been none.
  const CommandSet& command() const;
  ul::ContextId context() const { return context_; }

  // No message is under way: a release may come now.
  bool BetweenMessages() const { return state_ == At::kStart; }

 private:
  enum class At : uint8_t { kStart, kCommand, kDataStart, kData };

  Result<Piece> AddCommand(const ul::Received& fragment);
  Result<Piece> AddData(const ul::Received& fragment);

  Blame peer_;
  At state_ = At::kStart;
  ul::ContextId context_ = 0;
  Buffer collected_;
  std::optional<CommandSet> command_;
};

}  // namespace router::dimse
