#include "router/dimse/message_assembler.h"

#include <fmt/format.h>

#include "router/base/log.h"

namespace router::dimse {

Result<MessageAssembler::Piece> MessageAssembler::Add(const ul::Received& fragment) {
  if (fragment.kind != ul::Received::Kind::kFragment)
    log::Fatal("the assembler was given what is no fragment");
  if (state_ == At::kStart) {
    context_ = fragment.context;
  } else if (fragment.context != context_) {
    return Fail(
        Errc::kMalformedDimse, peer_,
        fmt::format("presentation context {} within a message on {}", fragment.context, context_));
  }
  bool command_due = state_ == At::kStart || state_ == At::kCommand;
  if (fragment.is_command != command_due)
    return Fail(Errc::kMalformedDimse, peer_,
                command_due ? "a data set fragment where a command set was due"
                            : "a command set fragment within a data set");
  return command_due ? AddCommand(fragment) : AddData(fragment);
}

Result<MessageAssembler::Piece> MessageAssembler::AddCommand(const ul::Received& fragment) {
  if (collected_.size() + fragment.bytes.size() > kMaxCommandSet)
    return Fail(Errc::kMalformedDimse, peer_,
                fmt::format("command set of more than {} bytes", kMaxCommandSet));
  state_ = At::kCommand;
  // Usually one fragment is all of it: then nothing is collected.
  bool whole = collected_.empty() && fragment.ends_part();
  if (!whole) collected_.insert(collected_.end(), fragment.bytes.begin(), fragment.bytes.end());
  if (!fragment.ends_part()) return Piece{.kind = Piece::Kind::kNeedMore, .context = context_};
  auto decoded = CommandSet::Decode(whole ? fragment.bytes : Bytes(collected_), peer_);
  collected_.clear();
  if (!decoded) return std::unexpected(decoded.error());
  command_ = std::move(*decoded);
  state_ = command_->HasDataSet() ? At::kDataStart : At::kStart;
  return Piece{.kind = Piece::Kind::kCommandComplete, .context = context_};
}

Result<MessageAssembler::Piece> MessageAssembler::AddData(const ul::Received& fragment) {
  Piece piece{.kind = Piece::Kind::kDataFragment,
              .context = context_,
              .bytes = fragment.bytes,
              .first = state_ == At::kDataStart,
              .last = fragment.ends_part()};
  state_ = piece.last ? At::kStart : At::kData;
  return piece;
}

const CommandSet& MessageAssembler::command() const {
  if (!command_) log::Fatal("a command was asked for before one had come");
  return *command_;
}

}  // namespace router::dimse
