#include <fmt/format.h>

#include <algorithm>

#include "router/base/log.h"
#include "router/dataset/convert.h"
#include "router/dataset/digest.h"
#include "router/delivery/destination.h"
#include "router/delivery/sources.h"

namespace router::delivery {
namespace {

using Source = std::unique_ptr<association::ByteSource>;

Attempt NotSent(Error why) { return {Attempt::Outcome::kNotSent, {}, std::move(why)}; }
Attempt Never(Error why) { return {Attempt::Outcome::kNever, {}, std::move(why)}; }

Error NoContext(const Cargo& cargo) {
  return {Errc::kRefused, Blame::kUpstream, false,
          fmt::format("the application accepts SOP class {} neither in transfer syntax {} nor in "
                      "one that it can be converted to",
                      cargo.sop_class.view(), cargo.transfer_syntax.view())};
}

// Ours to mend, by no repetition: the file is gone, cut short, or no data set.
bool IsAboutFile(const Error& error) {
  return error.code == Errc::kCorrupt || error.code == Errc::kNotFound;
}

}  // namespace

AeTitle Destination::CallingTitle(const store::Instance& instance) const {
  if (!instance.calling_as.empty()) return instance.calling_as;
  return config_->CallingTitle(application(), nullptr, config_->ae_title);
}

// The data set, as it is or converted to the syntax of the context.
Task<Result<Source>> Destination::OpenSource(dataset::Region file,
                                             std::optional<store::SpoolFile> kept,
                                             Uid transfer_syntax) {
  if (file.transfer_syntax == transfer_syntax) {
    co_return co_await FileSource::Open(services_.disk, std::move(file), std::move(kept));
  }
  std::move_only_function<Result<Buffer>()> convert = [file, kept,
                                                       transfer_syntax]() -> Result<Buffer> {
    if (kept) {
      auto digest = dataset::DigestOfBytes(file);
      if (!digest) return std::unexpected(digest.error());
      if (auto whole = CheckDigest(*digest, *kept); !whole) return std::unexpected(whole.error());
    }
    return dataset::ConvertToBytes(file.path, transfer_syntax);
  };
  auto converted = co_await services_.cpu.Run<Result<Buffer>>(std::move(convert));
  if (!converted) co_return std::unexpected(converted.error());
  co_return Source(new MemorySource(std::move(*converted)));
}

// Over an association that has been asked for this. After anything but an answer, a missing
// context or an unreadable file, it is aborted.
Task<Attempt> Destination::SendOver(Leg& leg, store::Instance instance, dataset::Region file,
                                    std::optional<store::SpoolFile> kept) {
  const Cargo cargo{instance.sop_class, file.transfer_syntax};
  const auto choice = Choose(leg.scu->association().agreed(), cargo);
  if (!choice) co_return Never(NoContext(cargo));
  auto source =
      co_await OpenSource(std::move(file), std::move(kept), choice->context->transfer_syntax);
  if (!source) {
    if (source.error().retryable) co_return NotSent(source.error());
    co_return Never(source.error());
  }

  bool sent_whole = false;
  busy_.push_back(leg.scu.get());
  auto answer = co_await leg.scu->Store(*choice->context, instance.sop_class, instance.sop_instance,
                                        **source, &sent_whole);
  std::erase(busy_, leg.scu.get());
  leg.used = services_.clock.Now();
  if (answer) {
    NoteReached();
    co_return Attempt{Attempt::Outcome::kAnswered, std::move(*answer), {}};
  }
  co_await leg.scu->Abort();
  if (sent_whole) {
    co_return Attempt{Attempt::Outcome::kUnknown, {}, answer.error()};
  }
  if (IsAboutFile(answer.error())) co_return Never(answer.error());
  co_return NotSent(answer.error());
}

// An association that an attempt has ended says that the application cannot be reached, unless it
// was our own disk that did not deliver.
void Destination::NoteLost(const Leg& leg, const Attempt& attempt) {
  const bool ours = attempt.error.code == Errc::kDisk || IsAboutFile(attempt.error);
  if (!leg.scu->IsOpen() && !ours) NoteUnreachable(attempt.error);
}

// ---- at once

Task<Attempt> Destination::SendNow(store::Instance instance, dataset::Region file, AtOnce how) {
  return net::RunOn<Attempt>(
      services_.home, [this, instance = std::move(instance), file = std::move(file),
                       how = std::move(how)]() mutable {
        return SendNowHere(std::move(instance), std::move(file), std::move(how));
      });
}

Task<Attempt> Destination::SendNowHere(store::Instance instance, dataset::Region file, AtOnce how) {
  ++callers_;
  if (hooks_.on_at_once) hooks_.on_at_once(instance.sop_instance);
  Attempt attempt = co_await TrySendNow(instance, std::move(file), how.within);
  if (attempt.outcome == Attempt::Outcome::kAnswered &&
      VerdictOf(application().statuses, attempt.answer.status) == Verdict::kDelivered) {
    if (how.on_stored) co_await how.on_stored();
    if (hooks_.on_stored) hooks_.on_stored(instance);
  }
  if (hooks_.on_at_once_ended) hooks_.on_at_once_ended(instance.sop_instance);
  CallerLeft();
  co_return attempt;
}

void Destination::GiveUpOn(Uid sop_instance) {
  services_.home.Post([this, uid = std::move(sop_instance)] {
    for (Urgent& urgent : urgent_)
      if (urgent.sop_instance == uid) urgent.over.Notify();
  });
}

// Interrupts what is being sent, unless it was sent before its time is over.
Task<> Destination::EndInTime(Urgent& urgent, net::Milliseconds within, Leg& leg,
                              net::Signal& ended) {
  co_await urgent.over.Wait(within);
  if (!urgent.sent)
    leg.scu->association().Interrupt(
        {Errc::kTimeout, Blame::kUpstream, true, "no answer while its sender waits for one"});
  ended.Notify();
}

Task<Attempt> Destination::TrySendNow(store::Instance instance, dataset::Region file,
                                      std::optional<net::Milliseconds> within) {
  const SteadyTime began = services_.home.Now();
  if (draining_) co_return NotSent({Errc::kInterrupted, Blame::kInternal, true, "draining"});
  if (!breaker_.MaySend()) {
    co_return NotSent({Errc::kConnect, Blame::kUpstream, true, "not called: " + last_error_});
  }
  auto standing = co_await services_.ledger.StandingOf(instance);
  if (!standing) co_return NotSent(standing.error());
  if (standing->is_behind) {
    Attempt behind = NotSent({Errc::kLimit, Blame::kInternal, true,
                              "the same instance is held, or others of its series are due first"});
    behind.is_behind = true;
    co_return behind;
  }
  std::vector<Cargo> cargo = {{instance.sop_class, file.transfer_syntax}};
  const AeTitle calling = CallingTitle(instance);
  net::Milliseconds wait = application().wait_for;
  if (within) wait = std::min(wait, *within);
  auto leg = co_await TakeLeg(calling, std::move(cargo), wait);
  if (!leg) co_return NotSent(leg.error());
  net::Milliseconds left(-1);
  if (within) {
    const auto taken = std::chrono::ceil<net::Milliseconds>(services_.home.Now() - began);
    left = std::max(*within - taken, net::Milliseconds(0));
  }
  auto urgent = urgent_.emplace(urgent_.end(), instance.sop_instance, services_.home);
  net::Signal ended(services_.home);
  services_.home.Spawn(EndInTime(*urgent, left, **leg, ended));
  std::optional<store::SpoolFile> just_written;  // by us, a moment ago
  Attempt attempt =
      co_await SendOver(**leg, std::move(instance), std::move(file), std::move(just_written));
  urgent->sent = true;
  urgent->over.Notify();
  co_await ended.Wait();
  urgent_.erase(urgent);
  attempt.there_before = standing->there_before;
  NoteLost(**leg, attempt);
  co_await GiveBack(std::move(*leg));
  co_return attempt;
}

}  // namespace router::delivery
