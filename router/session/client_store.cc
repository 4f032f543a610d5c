#include <algorithm>

#include "router/base/fail_point.h"
#include "router/dataset/digest.h"
#include "router/dataset/head.h"
#include "router/dataset/part10.h"
#include "router/delivery/destination.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/hold/gate.h"
#include "router/session/client_session.h"
#include "router/session/held_store.h"
#include "router/session/room.h"
#include "router/store/ledger.h"
#include "router/store/spool.h"

namespace router::session {

// An instance that may have to wait: spooled while it is received, judged when its last byte is
// durable, then sent at once, held, or refused. The client gets 0000H only for what upstream
// answered so or what the ledger has.
Task<Result<>> ClientSession::Hold(Incoming first, dimse::CommandSet command) {
  if (first.last)
    co_return co_await Refuse(first, dimse::status::kCannotUnderstand, "there is no data set");
  const auto since = std::chrono::steady_clock::now();
  const ul::AcceptedContext* context = ContextOf(first.context);
  const Uid transfer_syntax = context->transfer_syntax;
  Buffer header = dataset::MakeFileMetaHeader(MetaOf(command, transfer_syntax));
  StoreAnswer answer;
  auto writer = co_await OpenSpool(services_, std::move(header));
  if (!writer) {
    log::Error("instance refused: the spool cannot take it", {{"why", writer.error().detail}});
    auto drained = co_await Drain(*client_, first.last, MessageSilence());
    if (!drained) co_return std::unexpected(drained.error());
    answer = {dimse::status::kOutOfResources, "Sluice cannot store: " + writer.error().detail};
  } else {
    auto spooled = co_await Spool(first, **writer);
    if (!spooled) co_return std::unexpected(spooled.error());
    if (*spooled) {
      // With one slot in all, ours would keep the sender out.
      if (terminated_ && upstream_open_ && outstanding_.empty() && moves_.empty() &&
          (application_.max_associations == 1 || slot_.IsWanted()))
        co_await EndUpstream(true);
      store::SpoolFile file = std::move(**spooled);
      answer = co_await Settle(command, transfer_syntax, std::move(file), **writer);
    } else {
      answer = {dimse::status::kOutOfResources, "Sluice cannot store: the disk refuses"};
    }
  }
  Count(command, answer.status, since);
  auto response = dimse::CStoreRsp(command, answer.status, answer.comment);
  auto sent = co_await client_->Send(first.context, std::move(response));
  Reach(FailPoint::kAnswered);
  co_return sent;
}

// What was spooled: rules first, then the gate of the application that it goes to.
Task<StoreAnswer> ClientSession::Settle(dimse::CommandSet command, Uid transfer_syntax,
                                        store::SpoolFile file, store::SpoolWriter& received) {
  dataset::Region region{received.path(), file.dataset_offset, transfer_syntax};
  SpooledPart edited;
  if (ruled_.late) {
    auto answer = co_await RuleSpooled(command, region, file.size - file.dataset_offset, &edited);
    if (answer || edited.part) co_await received.Drop();
    if (answer) co_return *answer;
    if (edited.part) file = edited.file;
  }
  store::SpoolWriter& part = edited.part ? *edited.part : received;
  region = {part.path(), file.dataset_offset, transfer_syntax};
  const config::Application& to = ruled_.application ? *ruled_.application : application_;
  ApplicationRuntime& runtime = ruled_.application ? services_.Application(to.name) : runtime_;
  HeldStore held(services_, *config_, to, client_config_, runtime);
  held.instance.sop_instance = command.affected_sop_instance();
  held.instance.sop_class = command.affected_sop_class();
  held.instance.application = to.name;
  held.instance.client = rq_.calling.title();
  held.instance.called = rq_.called.title();
  held.instance.calling_as = ruled_.application
                                 ? config_->CallingTitle(to, &client_config_, rq_.calling.title())
                                 : calling_as_;
  if (!ruled_.calling_as.empty()) held.instance.calling_as = ruled_.calling_as;
  held.instance.transfer_syntax = transfer_syntax;
  held.terms = ruled_.terms;
  held.edits = ruled_.edits;
  if (!ruled_.copy_to.empty()) {
    auto copies = co_await CopiesOf(command, region, file.size - file.dataset_offset);
    if (!copies) {
      co_await part.Drop();
      co_return StoreAnswer{copies.error().code == Errc::kDisk ? dimse::status::kOutOfResources
                                                               : dimse::status::kCannotUnderstand,
                            "a copy cannot be made: " + copies.error().detail};
    }
    held.copies = std::move(*copies);
  }
  StoreAnswer answer = co_await held.Settle(std::move(file), part);
  kept_by_rule_ |= held.kept().has_value() && (ruled_.spools || ruled_.late);
  co_return answer;
}

// Receives the data set into the spool and makes it durable. An error is the client's end; without
// a file the disk refused, and the rest of the data set has been dropped.
Task<Result<std::optional<store::SpoolFile>>> ClientSession::Spool(Incoming first,
                                                                   store::SpoolWriter& writer) {
  bool complete = first.last;
  Result<> written;
  uint64_t since_room = 0;  // bytes
  while (!complete) {
    auto piece = co_await ReceivePiece(*client_, &complete, MessageSilence());
    if (!piece) {
      co_await writer.Drop();
      co_return std::unexpected(piece.error());
    }
    if (!written || piece->empty()) continue;
    const Bytes bytes = *piece;
    written = co_await writer.Append(bytes);
    since_room += bytes.size();
    if (since_room < kKeepRoomEvery) continue;
    since_room = 0;
    co_await KeepRoom(services_);
  }
  if (!written) {
    log::Error("instance refused: the disk cannot take it", {{"why", written.error().detail}});
    co_await writer.Drop();
    co_await MakeRoomForNext(services_, written.error());
    co_return std::nullopt;
  }
  auto file = co_await writer.Finish();
  if (!file) {
    log::Error("instance refused: the disk cannot take it", {{"why", file.error().detail}});
    co_return std::nullopt;
  }
  co_return std::optional<store::SpoolFile>(std::move(*file));
}

}  // namespace router::session
