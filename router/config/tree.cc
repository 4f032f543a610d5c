#include "router/config/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

namespace router::config {
namespace {

// Builds the tree from yaml-cpp's events: its nodes would drop duplicate keys and resolve aliases
// before anybody could object.
class Builder : public YAML::EventHandler {
 public:
  Builder(Tree& tree, std::string_view file, std::string_view text)
      : tree_(tree), file_(file), text_(text) {}

  int documents() const { return documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ != 2) return;
    bool marked =
        text_.substr(std::min(text_.size(), static_cast<size_t>(mark.pos))).starts_with("---");
    Say(mark, marked ? "a second document; one file holds one configuration"
                     : "this does not belong to what stands above it");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Positioned node = NodeAt(mark, Positioned::Form::kNull);
    Refuse(mark, "?", anchor);
    if (!open_.empty() && open_.back().pending) {  // yaml-cpp places it at the token after
      node.line = open_.back().key.line;
      node.column = open_.back().key.column;
    }
    Add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Say(mark, "aliases are not allowed; write the value out");
    tree_.faults.back().replaces = true;
    Add(NodeAt(mark, Positioned::Form::kNull));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Refuse(mark, tag, anchor);
    Positioned node = NodeAt(mark, Positioned::Form::kScalar);
    node.scalar = value;
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Refuse(mark, tag, anchor);
    open_.push_back({NodeAt(mark, Positioned::Form::kList), {}, false});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Refuse(mark, tag, anchor);
    open_.push_back({NodeAt(mark, Positioned::Form::kMap), {}, false});
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Open {
    Positioned node;
    Positioned key;  // of a map: read, its value still to come
    bool pending;
  };

  Positioned NodeAt(const YAML::Mark& mark, Positioned::Form form) const {
    Positioned node;
    node.file = file_;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    node.form = form;
    return node;
  }

  void Say(const YAML::Mark& mark, std::string message) {
    tree_.faults.push_back({mark.line + 1, mark.column + 1, std::move(message), false, file_});
  }

  // "?" is a plain scalar or a collection, "!" a quoted scalar; anything else was written.
  void Refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) Say(mark, "anchors are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") Say(mark, "tags are not allowed");
  }

  void Close() {
    Positioned node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(Positioned node) {
    if (open_.empty()) {
      if (documents_ == 1) tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.form == Positioned::Form::kList) {
      parent.node.values.push_back(std::move(node));
    } else if (!parent.pending) {
      parent.key = std::move(node);
      parent.pending = true;
    } else {
      parent.pending = false;
      AddPair(parent, std::move(node));
    }
  }

  void AddPair(Open& parent, Positioned value) {
    const Positioned& key = parent.key;
    YAML::Mark mark;
    mark.line = key.line - 1;
    mark.column = key.column - 1;
    if (key.form != Positioned::Form::kScalar) return Say(mark, "a key must be a word");
    auto same = std::ranges::find(parent.node.keys, key.scalar, &Positioned::scalar);
    if (same != parent.node.keys.end())
      return Say(mark, "duplicate key \"" + key.scalar + "\"; it stands in line " +
                           std::to_string(same->line) + " already");
    parent.node.keys.push_back(key);
    parent.node.values.push_back(std::move(value));
  }

  Tree& tree_;
  std::string file_;
  std::string_view text_;
  std::vector<Open> open_;
  int documents_ = 0;
};

}  // namespace

Tree ParseTree(std::string_view file, std::string_view text) {
  Tree tree;
  tree.root.file = file;
  tree.root.line = tree.root.column = 1;
  auto unreadable = [&](int line, int column, std::string message) {
    tree.readable = false;
    tree.faults.push_back({line, column, std::move(message), false, std::string(file)});
  };
  if (text.size() > kLargestText) {
    unreadable(1, 1, "the file is larger than 4 MiB; this is no configuration");
    return tree;
  }
  Builder builder(tree, file, text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    // No further than the second document, which is an error: at a stray bracket yaml-cpp 0.7 finds
    // documents without end.
    while (builder.documents() < 2 && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    unreadable(e.mark.line + 1, e.mark.column + 1, "not YAML: " + e.msg);
  } catch (const std::exception& e) {
    unreadable(1, 1, std::string("not YAML: ") + e.what());
  }
  return tree;
}

}  // namespace router::config
