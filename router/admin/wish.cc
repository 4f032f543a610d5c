#include "router/admin/wish.h"

#include <fmt/format.h>

#include <algorithm>

#include "router/admin/json.h"

namespace router::admin {
namespace {

constexpr size_t kReasonLength = 500;  // bytes of an operator's reason

bool CanBeActedOn(const store::Row& row, const Wish& wish) {
  if (wish.row && *wish.row != row.id) return false;
  if (!wish.application.empty() && wish.application != row.instance.application) return false;
  return IsOpen(row.state);
}

}  // namespace

Result<Wish> WishOf(std::string_view body) {
  auto bad = [](std::string text) {
    return Fail(Errc::kRefused, Blame::kDownstream, std::move(text));
  };
  Wish wish;
  if (body.empty()) return wish;
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return bad("the body is no JSON object; send {\"reason\": \"...\"}");
  for (const auto& [key, value] : json.items()) {
    if (key == "row" && value.is_number_integer()) {
      wish.row = value.get<store::RowId>();
    } else if (key == "reason" && value.is_string()) {
      wish.reason = value.get<std::string>();
    } else if (key == "application" && value.is_string()) {
      wish.application = value.get<std::string>();
    } else {
      return bad(
          "the body may have reason and application (texts) and row (a number), nothing else");
    }
  }
  if (wish.reason.size() > kReasonLength) {
    return bad(fmt::format("the reason is longer than {} bytes; shorten it", kReasonLength));
  }
  std::ranges::replace_if(wish.reason, [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  return wish;
}

Result<store::Row> Choose(const std::vector<store::HeldRow>& rows, const Uid& uid,
                          const Wish& wish) {
  std::vector<const store::Row*> meant;
  for (const store::HeldRow& held : rows) {
    if (CanBeActedOn(held.row, wish)) meant.push_back(&held.row);
  }
  if (meant.size() == 1) return *meant.front();
  if (meant.empty()) {
    return Fail(Errc::kNotFound, Blame::kDownstream,
                uid.str() + (rows.empty() ? " was never held here" : " is not held any more") +
                    (wish.application.empty() ? "" : " for " + wish.application) +
                    "; `sluice held` lists what is");
  }
  std::string text = uid.str() + " is held more than once:";
  for (const store::Row* row : meant) {
    text +=
        fmt::format(" row {} for {} ({}),", row->id, row->instance.application, NameOf(row->state));
  }
  text.back() = ';';
  return Fail(Errc::kRefused, Blame::kDownstream, text + " name one of them by application or row");
}

Result<> MustFit(HeldAction action, const store::Row& row) {
  const std::string uid = row.instance.sop_instance.str(), &to = row.instance.application;
  auto refuse = [](std::string text) {
    return Fail(Errc::kRefused, Blame::kDownstream, std::move(text));
  };
  if (action == HeldAction::kDiscard) return {};
  if (row.state == store::State::kSending) {
    return refuse(fmt::format(
        "{} is being sent to {} just now: look what became of it (sluice held)", uid, to));
  }
  if (action == HeldAction::kRetry && row.state == store::State::kWaiting) {
    return refuse(fmt::format(
        "{} waits for {} instances that {} does not have, and was not tried yet: `sluice held` "
        "names them; send those, or let it go without them (sluice release)",
        uid, row.missing, to));
  }
  if (action == HeldAction::kRelease && row.state == store::State::kReady) {
    return refuse(fmt::format(
        "{} waits for nothing: it is due for {}. `sluice status` says whether that can be reached, "
        "`sluice retry` sends it without waiting for its turn",
        uid, to));
  }
  return {};
}

}  // namespace router::admin
