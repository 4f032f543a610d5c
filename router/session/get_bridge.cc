#include "router/session/get_bridge.h"

#include <algorithm>
#include <array>

#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

using net::Milliseconds, net::Task;

bool IsUncompressed(const Uid& syntax) {
  constexpr std::array kUncompressed = {
      dimse::uid::kExplicitVrLittleEndian, dimse::uid::kImplicitVrLittleEndian,
      dimse::uid::kExplicitVrBigEndian, dimse::uid::kDeflatedExplicitVrLittleEndian};
  return std::ranges::find(kUncompressed, syntax.view()) != kUncompressed.end();
}

// Upstream has its answer; what is whole may still go to the client.
void Tell(CrossingInstance& instance, StoreAnswer answer) {
  if (!instance.answer) return;
  net::Promise<StoreAnswer> promise = std::move(*instance.answer);
  instance.answer.reset();
  promise.Set(std::move(answer));
}

void GiveAnswer(CrossingInstance& instance, StoreAnswer answer) {
  for (CrossingInstance::Piece& piece : instance.pieces) piece.written.Set(false);
  instance.pieces.clear();
  Tell(instance, std::move(answer));
}

StoreAnswer Refusal(std::string_view why) {
  return {dimse::status::kOutOfResources, std::string(why)};
}

}  // namespace

bool Patience::IsExhausted(size_t unread, SteadyTime now) {
  if (unread < unread_) {
    unread_ = unread;
    since_ = now;
  }
  return now - since_ >= at_most_;
}

// ---- the client's loop

GetLine::GetLine(association::Association& client, Milliseconds answer_within)
    : client_(client),
      answer_within_(answer_within),
      came_(client.loop()),
      time_(client.loop()),
      ended_(client.loop()) {}

Task<> GetLine::Run() {
  running_ = true;
  co_await net::Both(Serve(), KeepTime());
  running_ = false;
  ended_.Notify();
}

Task<> GetLine::Serve() {
  while (!closed_) {
    if (waiting_.empty()) {
      co_await came_.Wait();
      continue;
    }
    Instance next = std::move(waiting_.front());
    waiting_.pop_front();
    co_await Deliver(std::move(next));
  }
  RefuseAll("the client has gone");
}

// Looks now and then while there is something to look at.
Task<> GetLine::KeepTime() {
  const Milliseconds look_every = std::max(answer_within_ / 8, Milliseconds(1));
  while (!closed_) {
    const bool idle = !current_ && waiting_.empty();
    co_await time_.Wait(idle ? Milliseconds(-1) : look_every);
    if (!closed_) LookAtTime();
  }
}

void GetLine::LookAtTime() {
  const SteadyTime now = client_.loop().Now();
  std::erase_if(waiting_, [&](const Instance& instance) {
    if (now - instance->entered_at < answer_within_) return false;
    GiveAnswer(*instance, Refusal("the client was busy with other instances"));
    return true;
  });
  if (!current_ || !current_->whole || silent_) return;
  size_t unread = client_.stream().Unacknowledged();
  for (const CrossingInstance::Piece& piece : current_->pieces) unread += piece.bytes.size();
  if (!patience_) patience_.emplace(answer_within_, unread, now);
  if (!patience_->IsExhausted(unread, now)) return;
  silent_ = true;
  if (!current_->begun) current_->broken = true;  // others still have the turn
  Tell(*current_, Refusal("the client has not answered in time"));
  RefuseAll("the client does not answer");
}

void GetLine::Close() {
  if (closed_) return;
  closed_ = true;
  if (in_message_)
    client_.Interrupt({Errc::kInterrupted, Blame::kInternal, true, "a C-GET was broken off"});
  Wake();
  time_.Notify();
}

Task<> GetLine::End() {
  Close();
  while (running_) co_await ended_.Wait();
}

void GetLine::Add(Instance instance) {
  if (closed_ || silent_) {
    const auto why = closed_ ? "the client has gone" : "the client does not answer";
    GiveAnswer(*instance, Refusal(why));
    return;
  }
  instance->entered_at = client_.loop().Now();
  waiting_.push_back(std::move(instance));
  Wake();
  time_.Notify();
}

// What was not begun is refused; what was begun and has still to come ends with the association,
// since half a message cannot be taken back.
void GetLine::Leave(const GetBridge* bridge, bool at_once) {
  std::erase_if(waiting_, [&](const Instance& instance) {
    if (instance->bridge.get() != bridge) return false;
    GiveAnswer(*instance, Refusal("the C-GET has ended"));
    return true;
  });
  if (!current_ || current_->bridge.get() != bridge) return;
  if (in_message_ && current_->whole && !at_once) return;
  current_->broken = true;
  if (in_message_)
    client_.Interrupt({Errc::kInterrupted, Blame::kInternal, true, "a C-GET was broken off"});
  Wake();
}

void GetLine::RefuseAll(std::string_view why) {
  for (const Instance& instance : std::exchange(waiting_, {})) GiveAnswer(*instance, Refusal(why));
}

Task<> GetLine::Deliver(Instance instance) {
  current_ = instance;
  patience_.reset();
  answer_.reset();
  if (++message_id_ == 0) ++message_id_;
  instance->command.SetMessageId(message_id_);
  const bool sent = co_await SendMessage(*instance);
  if (sent) co_await AwaitAnswer(*instance);
  GiveAnswer(*instance, Refusal("the client was lost"));  // unless there was another
  current_ = nullptr;
  silent_ = false;
}

Task<bool> GetLine::SendMessage(CrossingInstance& instance) {
  Buffer encoded = instance.command.Encode();
  auto turn = co_await client_.TakeTurn();
  if (closed_ || instance.broken) co_return false;
  in_message_ = instance.begun = true;
  client_.Append(instance.context, true, encoded, true);
  const bool sent = co_await SendPieces(instance);
  if (!sent)
    client_.BreakOff(
        {Errc::kInterrupted, Blame::kInternal, true, "an instance of a C-GET was broken off"});
  in_message_ = false;
  co_return sent;
}

Task<bool> GetLine::SendPieces(CrossingInstance& instance) {
  for (;;) {
    while (instance.pieces.empty() && !instance.broken && !closed_) co_await came_.Wait();
    if (instance.broken || closed_) co_return false;
    CrossingInstance::Piece piece = std::move(instance.pieces.front());
    instance.pieces.pop_front();
    client_.Append(instance.context, false, piece.bytes, piece.last);
    auto flushed = co_await client_.Flush();
    piece.written.Set(flushed.has_value());
    if (!flushed) co_return false;
    if (piece.last) co_return true;
  }
}

// Until there is one nothing else is sent, however late it is (LookAtTime).
Task<> GetLine::AwaitAnswer(CrossingInstance& instance) {
  while (!answer_ && !closed_) {
    if (instance.broken) GiveAnswer(instance, Refusal("the C-GET has ended"));
    co_await came_.Wait();
  }
  if (answer_) GiveAnswer(instance, std::move(*answer_));
}

bool GetLine::TakesAnswer(const dimse::CommandSet& response) {
  if (!current_ || response.command() != dimse::Command::kCStoreRsp ||
      response.message_id_responded_to() != message_id_)
    return false;
  answer_ = StoreAnswer{response.status(), std::string(response.error_comment())};
  Wake();
  return true;
}

void GetBridge::Take(std::shared_ptr<CrossingInstance> instance, CrossingInstance::Piece piece) {
  instance->whole = piece.last;
  if (instance->answer && !line_) GiveAnswer(*instance, Refusal("the C-GET has ended"));
  if (!instance->answer) {  // it has ended for the client
    piece.written.Set(false);
    return;
  }
  instance->pieces.push_back(std::move(piece));
  if (std::exchange(instance->entered, true))
    line_->Wake();
  else
    line_->Add(std::move(instance));
}

void GetBridge::Break(CrossingInstance& instance) {
  instance.broken = true;
  if (line_) line_->Wake();
}

void GetBridge::Close(bool at_once) {
  if (GetLine* line = std::exchange(line_, nullptr)) line->Leave(this, at_once);
}

// ---- any thread

const ul::AcceptedContext* GetBridge::ContextFor(const Uid& sop_class,
                                                 const Uid& transfer_syntax) const {
  const ul::AcceptedContext* found = nullptr;
  for (const ul::AcceptedContext& context : contexts_) {
    if (context.abstract_syntax != sop_class) continue;
    if (context.transfer_syntax == transfer_syntax) return &context;
    if (!found ||
        (IsUncompressed(context.transfer_syntax) && !IsUncompressed(found->transfer_syntax)))
      found = &context;
  }
  return found;
}

std::optional<Uid> GetBridge::SyntaxFor(const ul::ProposedContext& proposed) const {
  bool converts = false;
  for (const ul::AcceptedContext& context : contexts_) {
    if (context.abstract_syntax != proposed.abstract_syntax) continue;
    if (std::ranges::find(proposed.transfer_syntaxes, context.transfer_syntax) !=
        proposed.transfer_syntaxes.end())
      return context.transfer_syntax;
    converts = converts || IsUncompressed(context.transfer_syntax);
  }
  if (!converts) return std::nullopt;
  auto found = std::ranges::find_if(proposed.transfer_syntaxes, IsUncompressed);
  if (found == proposed.transfer_syntaxes.end()) return std::nullopt;
  return *found;
}

// ---- the loop of upstream's association

Crossing::Crossing(std::shared_ptr<GetBridge> bridge, ul::ContextId context,
                   dimse::CommandSet command)
    : Crossing(std::move(bridge), context, std::move(command), net::MakePromise<StoreAnswer>()) {}

Crossing::Crossing(std::shared_ptr<GetBridge> bridge, ul::ContextId context,
                   dimse::CommandSet command,
                   std::pair<net::Promise<StoreAnswer>, net::Future<StoreAnswer>> answer)
    : bridge_(std::move(bridge)),
      instance_(
          new CrossingInstance{bridge_, context, std::move(command), std::move(answer.first), {}}),
      answer_(std::move(answer.second)) {}

Task<bool> Crossing::Send(Buffer bytes, bool last) {
  auto [promise, future] = net::MakePromise<bool>();
  unwritten_.push_back({bytes.size(), std::move(future)});
  waiting_ += bytes.size();
  CrossingInstance::Piece piece{std::move(bytes), last, std::move(promise)};
  bridge_->loop_.Post([bridge = bridge_, instance = instance_, piece = std::move(piece)]() mutable {
    bridge->Take(std::move(instance), std::move(piece));
  });
  while (!last && waiting_ >= kCredit) {
    Unwritten oldest = std::move(unwritten_.front());
    unwritten_.pop_front();
    const bool written = co_await oldest.written;
    waiting_ -= oldest.bytes;
    if (!written) co_return false;
  }
  co_return true;
}

void Crossing::BreakOff() {
  bridge_->loop_.Post([bridge = bridge_, instance = instance_] { bridge->Break(*instance); });
}

Task<StoreAnswer> Crossing::Answer() { co_return co_await answer_; }

}  // namespace router::session
