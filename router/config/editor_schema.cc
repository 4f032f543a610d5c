#include "router/config/editor_schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "router/config/load.h"
#include "router/config/meanings.h"
#include "router/config/values.h"

namespace router::config {
namespace {

using Json = nlohmann::ordered_json;
using Form = KeyShape::Form;

bool IsTruth(const ScalarType& type) {
  return type.words == std::vector<std::string>{"true", "false"};
}

// A number, quoted or not; a text that YAML takes for something else; one of some words.
Json OfScalar(const ScalarType& type) {
  if (IsTruth(type)) return {{"type", {"boolean", "string"}}, {"pattern", "^(true|false)$"}};
  if (!type.words.empty()) return {{"enum", type.words}};
  Json schema;
  if (type.number) {
    schema["type"] = {"integer", "string"};
    if (!type.least.empty()) schema["minimum"] = std::stoull(type.least);
    if (!type.most.empty()) schema["maximum"] = std::stoull(type.most);
  } else if (type.any_scalar) {
    schema["type"] = {"string", "number", "boolean"};
  } else {
    schema["type"] = "string";
  }
  schema["pattern"] = type.pattern;
  return schema;
}

Json AsValue(const ScalarType& type, const std::string& text) {
  if (IsTruth(type)) return text == "true";
  if (type.number) return std::stoull(text);
  return text;
}

Json DefaultOf(const KeyShape& shape) {
  if (shape.form == Form::kScalar) return AsValue(shape.type, shape.defaults.front());
  Json list = Json::array();
  for (const std::string& one : shape.defaults) list.push_back(AsValue(shape.type, one));
  return list;
}

// What the page says, without its pointers to the page.
std::string DescriptionOf(const KeyShape& shape) {
  const Meaning* meaning = FindMeaning(shape.key);
  std::string text(meaning ? meaning->text : "");
  constexpr std::string_view kBelow = ", see below.";
  if (text.ends_with(kBelow)) text.replace(text.size() - kBelow.size(), kBelow.size(), ".");
  return text;
}

class Writer {
 public:
  explicit Writer(std::vector<KeyShape> shapes) : shapes_(std::move(shapes)) {}

  // The map whose keys begin with `prefix` ("", "applications.NAME."). No value at all is an empty
  // one.
  Json MapOf(const std::string& prefix, bool may_be_null = true) const {
    Json properties = Json::object(), required = Json::array();
    for (const KeyShape& shape : shapes_) {
      if (!shape.key.starts_with(prefix)) continue;
      const std::string key = shape.key.substr(prefix.size());
      if (key.find('.') != key.npos) continue;
      properties[key] = Of(shape);
      if (shape.needed) required.push_back(key);
    }
    Json map = {{"type", "object"}};
    if (may_be_null) map["type"] = {"object", "null"};
    map["additionalProperties"] = false;
    map["properties"] = std::move(properties);
    if (!required.empty() && !prefix.empty()) map["required"] = std::move(required);
    return map;
  }

 private:
  Json Of(const KeyShape& shape) const {
    Json schema = ValueOf(shape);
    schema["description"] = DescriptionOf(shape);
    const Meaning* meaning = FindMeaning(shape.key);
    const bool same_everywhere = meaning && meaning->by_default.empty();
    if (!shape.defaults.empty() && !shape.needed && same_everywhere && shape.form != Form::kMap)
      schema["default"] = DefaultOf(shape);
    return schema;
  }

  Json ValueOf(const KeyShape& shape) const {
    switch (shape.form) {
      case Form::kScalar:
        return OfScalar(shape.type);
      case Form::kOneOrList:
      case Form::kSomeOrOne: {
        Json list = {{"type", "array"}, {"items", OfScalar(shape.type)}};
        if (shape.form == Form::kSomeOrOne) list["minItems"] = 1;
        return {{"anyOf", {OfScalar(shape.type), std::move(list)}}};
      }
      case Form::kMap:
        return OrShort(shape, MapOf(shape.key + "."));
      case Form::kNames:
        return {{"type", {"object", "null"}},
                {"additionalProperties", MapOf(shape.key + ".NAME.")}};
      case Form::kMaps:
        return {{"type", {"array", "null"}},
                {"items", OrShort(shape, MapOf(shape.key + ".", false))}};
      case Form::kPairs:
        return {{"type", {"object", "null"}}, {"additionalProperties", OfScalar(shape.type)}};
      case Form::kOther:
        break;
    }
    return {{"type", {"array", "null"}}, {"items", {{"$ref", "#/definitions/rule"}}}};
  }

  static Json OrShort(const KeyShape& shape, Json map) {
    if (shape.short_for.empty()) return map;
    return {{"anyOf", {OfScalar(shape.short_for.front()), std::move(map)}}};
  }

  std::vector<KeyShape> shapes_;
};

// What a value must look like is for `sluice check` to say; but conditions may hold conditions.
Json OfRuleKey(const RuleKey& key) {
  const Json conditions = {{"$ref", "#/definitions/when"}};
  Json schema = Json::object();
  if (key.key == "not") schema["allOf"] = Json::array({conditions});
  if (key.key == "any" || key.key == "all") schema = {{"type", "array"}, {"items", conditions}};
  schema["description"] = key.meaning;
  return schema;
}

Json MapOfRuleKeys(const std::vector<RuleKey>& keys) {
  Json properties = Json::object();
  for (const RuleKey& key : keys) properties[key.key] = OfRuleKey(key);
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

Json Definitions(const RuleKeys& rules) {
  Json then = MapOfRuleKeys(rules.then);
  then["minProperties"] = 1;
  const Json truth = OfScalar(TypeOf<bool>());
  then["properties"]["clinical_edit"] = truth;
  then["properties"]["clinical_edit"]["description"] =
      "Says that an edit of a UID, or of a plan, on the way to an application with `profile: aria` "
      "is "
      "what is wanted.";
  return {{"rule",
           {{"type", "object"},
            {"additionalProperties", false},
            {"properties",
             {{"name", OfScalar(TypeOf<std::string>())},
              {"when", {{"$ref", "#/definitions/when"}}},
              {"then", {{"$ref", "#/definitions/then"}}},
              {"last", truth}}},
            {"required", {"name", "then"}}}},
          {"when", MapOfRuleKeys(rules.when)},
          {"then", std::move(then)}};
}

}  // namespace

std::string EditorSchema(const RuleKeys& rules) {
  std::vector<KeyShape> shapes = Shapes();
  Json needed = Json::array();
  for (const KeyShape& shape : shapes)
    if (shape.needed && shape.key.find('.') == shape.key.npos) needed.push_back(shape.key);
  Json schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "Configuration of Sluice"},
      {"description",
       "Generated by sluice_config_docs; do not edit. docs/configuration.md says the same "
       "at more length."}};
  schema.update(Writer(std::move(shapes)).MapOf("", false));
  // A part that is included has neither; who includes others may have them there.
  schema["if"] = {{"required", {"ae_title"}}, {"not", {{"required", {"include"}}}}};
  schema["then"] = {{"required", std::move(needed)}};
  schema["definitions"] = Definitions(rules);
  return schema.dump(1) + "\n";
}

}  // namespace router::config
