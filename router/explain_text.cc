#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "router/config/values.h"
#include "router/dimse/sop_classes.h"
#include "router/explain.h"
#include "router/explain_words.h"

// For whoever reads it at night: one thing a line, the decision before its details.
namespace router {
namespace {

using config::Write;

constexpr size_t kShownUids = 3, kShownEdits = 20, kShownText = 60;

std::string Shorten(const std::string& text) {
  size_t end = kShownText;
  if (text.size() <= end) return text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // UTF-8
  return text.substr(0, end) + "…";
}

std::string InWords(const std::optional<dataset::Shown>& shown) {
  if (!shown) return "absent";
  return shown->exact ? Quoted(Shorten(shown->text)) : shown->text;
}

std::string By(const std::string& rule) { return rule.empty() ? "" : " by " + rule; }

class Text {
 public:
  explicit Text(const Explanation& explanation) : all_(explanation) {
    for (const ExplainedMessage& message : explanation.messages)
      files_.try_emplace(message.sop_instance, message.file);
  }

  std::string Write() {
    Question();
    Caller();
    for (size_t i = 0; i < all_.messages.size(); ++i)
      if (!all_.IsOfFolder(i)) Message(all_.messages[i]);
    for (const Explanation::Folder& folder : all_.folders) Folder(folder);
    for (const auto& [file, why] : all_.skipped) Line("skipped", file + ": " + why);
    Order();
    return std::move(text_);
  }

 private:
  void Line(std::string_view what, std::string_view said) {
    text_ += fmt::format("{:<12}{}\n", what, said);
  }
  void More(std::string_view said) { Line("", said); }
  void Gap() { text_ += "\n"; }

  void Question() {
    const ExplainQuestion& question = all_.question;
    std::string asked(dimse::ServiceOf(question.command));
    if (!question.destination.empty()) asked += " to " + question.destination;
    if (!question.level.empty()) asked += " at level " + question.level;
    Line("request", asked);
    const ExplainedCaller& caller = all_.caller;
    Line("caller", fmt::format("{} calls {} from {}{}, at {}", question.calling.view(),
                               question.called.view(), caller.from,
                               caller.from_assumed ? " (none was given)" : "", caller.listener));
  }

  void Caller() {
    const ExplainedCaller& caller = all_.caller;
    using As = ExplainedCaller::As;
    if (caller.as == As::kRejected) {
      Line("decision", "the association is rejected: " + caller.answer);
      return More(caller.why);
    }
    if (caller.client)
      Line("client", fmt::format("{} ({})", caller.client->name(), caller.client->place.text));
    if (caller.as == As::kOwnEcho) return;
    const config::Application& to = *caller.application;
    const std::string place =
        fmt::format("{} {} ({})", to.name, to.address ? to.address->str() : "", to.place.text);
    if (caller.as == As::kSubOperations)
      return Line("application", place + ": brings sub-operations of C-MOVEs");
    Line("application", place + By(caller.routed_by));
    std::string titles = fmt::format("as {}{} to {}{}", caller.calling, By(caller.calling_by),
                                     caller.called, By(caller.called_by));
    if (to.profile != config::Profile::kNone)
      titles += fmt::format(", profile {}", NameOf(to.profile));
    Line("upstream", titles + fmt::format(", mode {}", NameOf(to.mode)));
  }

  void Message(const ExplainedMessage& message) {
    Gap();
    if (!message.file.empty()) Line("file", message.file);
    if (message.kind)
      Line("instance", fmt::format("{} {}, {}", dimse::NameOfUid(message.sop_class.view()),
                                   message.sop_instance.view(), NameOf(*message.kind)));
    Rules(message);
    Line("decision", Sentence(message.end));
    End(message.end);
    if (message.would) {
      Line("would be", Sentence(*message.would) + " (mode: enforce)");
      End(*message.would);
    }
    const bool observed = message.would.has_value();
    for (const std::string& limit : message.limits) Line(observed ? "would wait" : "limit", limit);
    for (const ExplainedEnd& copy : message.copies) {
      Line(observed ? "would copy" : "copy", Sentence(copy));
      End(copy);
    }
  }

  void Rules(const ExplainedMessage& message) {
    size_t number = 0;
    for (const ExplainedRule& rule : message.rules) {
      ++number;
      Line(number == 1 ? "rules" : "",
           fmt::format("{} {} ({}): {}", number, Quoted(rule.rule), rule.place, Said(rule)));
    }
  }

  static std::string Said(const ExplainedRule& rule) {
    using enum ExplainedRule::Match;
    std::string said;
    switch (rule.match) {
      case kNotRead:
        return "not read: a rule above it is the last";
      case kNo:
        return "does not match: " + rule.why;
      case kOpen:
        said = "open: " + rule.why;
        break;
      case kYes:
        said = rule.why.empty() ? "matches" : "open: " + rule.why;
    }
    if (!rule.decides.empty()) said += fmt::format("; {}", fmt::join(rule.decides, "; "));
    for (const ExplainedRule::Lost& lost : rule.lost)
      said += fmt::format("; {} was decided by {}", lost.topic, RuleInWords(lost.rule, lost.place));
    return said;
  }

  void End(const ExplainedEnd& end) {
    for (const std::string& note : end.notes) More(note);
    if (!end.priority.empty()) Line("priority", end.priority);
    Edits(end);
    if (end.hold) Hold(end);
  }

  void Edits(const ExplainedEnd& end) {
    bool first = true;
    for (const std::string& edit : end.edits_of_rules)
      Line(std::exchange(first, false) ? "edits" : "", edit);
    size_t shown = 0;
    for (const dataset::Difference& one : end.edits) {
      if (shown++ == kShownEdits) break;
      More(fmt::format("  {}  {} -> {}", one.path, InWords(one.before), InWords(one.after)));
    }
    if (end.edits.size() > kShownEdits)
      More(fmt::format("  and {} more", end.edits.size() - kShownEdits));
  }

  void Hold(const ExplainedEnd& end) {
    const ExplainedHold& hold = *end.hold;
    for (const auto& [name, known] : hold.machines)
      Line("machine", Quoted(name) + (known ? " is known" : " is not known"));
    References(hold);
    if (!hold.asks_first) return;
    Line("deadline", fmt::format("a notice after {}, then at {}: {}",
                                 config::Write(hold.warn_after), config::Write(hold.at_most),
                                 hold.then == config::AfterDeadline::kSend ? "sent all the same"
                                                                           : "quarantined"));
    if (hold.acknowledge) Line("answer", Answer(*hold.acknowledge));
    More(end.application + " is asked when it comes: what exists there already is not waited for");
  }

  static std::string Answer(const config::Acknowledge& acknowledge) {
    const bool refuses = acknowledge.then == config::Acknowledge::Then::kRefuse;
    std::string text = refuses ? "A700H if anything is missing" : "0000H once it is durable here";
    if (acknowledge.wait.count() > 0)
      text += fmt::format(", after up to {} in which all of it may come",
                          config::Write(acknowledge.wait));
    return text;
  }

  // Those of one kind, strength and place together.
  void References(const ExplainedHold& hold) {
    std::vector<std::vector<const store::Requirement*>> groups;
    for (const store::Requirement& one : hold.references) {
      auto same = std::ranges::find_if(groups, [&](const auto& group) {
        const store::Requirement& first = *group.front();
        return first.kind == one.kind && first.strength == one.strength &&
               first.level == one.level && first.site == one.site;
      });
      if (same == groups.end()) same = groups.insert(groups.end(), {{}});
      same->push_back(&one);
    }
    for (bool required : {true, false}) {
      bool first = true;
      for (const auto& group : groups)
        if (required == (group.front()->strength == store::Strength::kRequired))
          Group(std::exchange(first, false) ? (required ? "requires" : "notes") : "", group);
    }
  }

  void Group(std::string_view what, const std::vector<const store::Requirement*>& group) {
    const store::Requirement& first = *group.front();
    std::string said = group.size() == 1 ? std::string(NameOf(first.kind))
                                         : fmt::format("{} {}", group.size(), NameOf(first.kind));
    if (group.size() > 1) said += "s";
    if (first.level != store::Level::kInstance)
      said = fmt::format("any {} of the {}", NameOf(first.kind), LevelName(first.level));
    for (size_t i = 0; i < std::min(group.size(), kShownUids); ++i)
      said += (i == 0 ? " " : ", ") + Named(group[i]->uid);
    if (group.size() > kShownUids) said += ", …";
    Line(what, said + (first.site.empty() ? "" : ": " + first.site));
  }

  // With the file that was named, too, if it is one of them.
  std::string Named(const Uid& uid) const {
    auto file = files_.find(uid);
    if (file == files_.end() || file->second.empty()) return uid.str();
    return uid.str() + " (" + std::filesystem::path(file->second).filename().string() + ")";
  }

  void Folder(const Explanation::Folder& folder) {
    Gap();
    Line("folder", fmt::format("{}: {} instances", folder.path, folder.messages.size()));
    for (size_t index : folder.messages) {
      const ExplainedMessage& message = all_.messages[index];
      More(fmt::format("{}  {}  {}", RelativeTo(folder.path, message.file),
                       message.kind ? NameOf(*message.kind) : "data set", Short(message)));
    }
  }

  static std::string RelativeTo(const std::string& folder, const std::string& file) {
    return std::filesystem::path(file).lexically_relative(folder).string();
  }

  // In a few words, with what it waits for.
  std::string Short(const ExplainedMessage& message) const {
    const ExplainedEnd& end = message.end;
    std::string said = std::string(NameOf(end.outcome));
    if (end.outcome == Outcome::kRefused) said += " " + Hex(end.status);
    if (!end.application.empty() && end.outcome != Outcome::kRefused &&
        end.outcome != Outcome::kDropped)
      said += " " + end.application;
    said += Waits(end);
    if (!end.edits.empty()) said += fmt::format(", edited ({})", end.edits.size());
    for (const ExplainedEnd& copy : message.copies)
      said += fmt::format(", copy {} {}", NameOf(copy.outcome), copy.application);
    if (message.would) said += fmt::format(", would be {}", NameOf(message.would->outcome));
    return said;
  }

  std::string Waits(const ExplainedEnd& end) const {
    if (!end.hold || !end.hold->asks_first) return "";
    std::map<Kind, size_t> counts;
    for (const store::Requirement& one : end.hold->references)
      if (one.strength == store::Strength::kRequired) ++counts[one.kind];
    std::string said;
    for (const auto& [kind, count] : counts)
      said += fmt::format("{}{} {}{}", said.empty() ? ": waits for " : ", ", count, NameOf(kind),
                          count == 1 ? "" : "s");
    return said;
  }

  void Order() {
    if (all_.release_order.empty()) return;
    Gap();
    Line("order", "in which they would be sent:");
    const std::vector<size_t>& order = all_.release_order;
    for (size_t from = 0; from < order.size();) {
      size_t to = from + 1;  // the rest of its series
      while (to < order.size() && IsSameSeries(order[from], order[to])) ++to;
      const ExplainedMessage& first = all_.messages[order[from]];
      const std::string file = std::filesystem::path(first.file).filename().string();
      if (to == from + 1) {
        More(fmt::format("{} {} {}", from + 1, NameOf(*first.kind), file));
      } else {
        const std::string& last = all_.messages[order[to - 1]].file;
        More(fmt::format("{}-{} {}s of one series, {} to {}", from + 1, to, NameOf(*first.kind),
                         file, std::filesystem::path(last).filename().string()));
      }
      from = to;
    }
  }

  bool IsSameSeries(size_t a, size_t b) const {
    const ExplainedMessage& one = all_.messages[a];
    const ExplainedMessage& other = all_.messages[b];
    return one.kind == other.kind && one.kind == Kind::kImage && one.series == other.series;
  }

  const Explanation& all_;
  std::map<Uid, std::string> files_;
  std::string text_;
};

}  // namespace

std::string AsText(const Explanation& explanation) { return Text(explanation).Write(); }

}  // namespace router
