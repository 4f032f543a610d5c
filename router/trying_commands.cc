#include <algorithm>
#include <iostream>
#include <optional>
#include <vector>

#include "router/base/text.h"
#include "router/commands.h"
#include "router/explain.h"
#include "router/trial.h"
#include "router/worksheet.h"
#include "rules/command.h"

namespace router {
namespace {

struct TestOptions {
  std::string file = kUsualFile;
  std::vector<std::string> names, also_as;
  bool all = false, json = false;
};

// The application of this name or title, or null after a line that says what is the matter.
const config::Application* Named(const config::Config& config, const std::string& name) {
  const config::Application* found = config.FindApplication(name);
  if (!found) found = config.FindApplicationByCalledTitle(AeTitle::FromWire(name));
  if (found && found->address) return found;
  if (found) {
    std::cerr << "sluice: " << found->name << " has no address, so it cannot be called\n";
    return nullptr;
  }
  std::vector<std::string> names;
  for (const config::Application& one : config.applications) names.push_back(one.name);
  const std::string nearest = NearestOf(name, names);
  std::cerr << "sluice: there is no application " << name
            << (nearest.empty() ? "" : "; did you mean " + nearest + "?") << '\n';
  return nullptr;
}

// Those that are asked for, or all that can be called; nullopt after a line for each that is none.
std::optional<std::vector<const config::Application*>> Asked(const config::Config& config,
                                                             const TestOptions& options) {
  std::vector<const config::Application*> applications;
  for (const std::string& name : options.names)
    if (const config::Application* one = Named(config, name)) applications.push_back(one);
  if (applications.size() < options.names.size()) return std::nullopt;
  if (!options.names.empty()) return applications;
  for (const config::Application& one : config.applications)
    if (one.address) applications.push_back(&one);
  if (!applications.empty()) return applications;
  std::cerr << "sluice: no application has an address, so none can be called\n";
  return std::nullopt;
}

// Nobody is called unless all that is asked for makes sense.
int Test(const TestOptions& options) {
  auto config = LoadOrSay(options.file, std::cerr).config;
  if (!config) return 1;
  auto applications = Asked(*config, options);
  TrialOptions how;
  for (const std::string& title : options.also_as) {
    auto parsed = AeTitle::Parse(title);
    if (!parsed) {
      std::cerr << "sluice: --as: " << parsed.error().detail << '\n';
      return 1;
    }
    how.also_as.push_back(*parsed);
  }
  if (!applications) return 1;
  const std::vector<Trial> trials = TryApplications(*config, *applications, how);
  if (options.json) std::cout << AsJson(trials) << '\n';
  for (const Trial& trial : trials)
    if (!options.json) std::cout << AsLine(trial) << '\n';
  return std::ranges::all_of(trials, &Trial::Passed) ? 0 : 1;
}

int PrintWorksheet(const std::string& file, const std::string& address) {
  auto config = LoadOrSay(file, std::cerr).config;
  if (!config) return 1;
  auto named = config::IpAddress::Parse(address);
  if (!address.empty() && !named) {
    std::cerr << "sluice: --address: \"" << address << "\" is no numeric address\n";
    return 1;
  }
  auto sheet = Worksheet(*config, [&](const config::Endpoint& there) -> Result<std::string> {
    return named ? named->str() : RoutedFrom(there);
  });
  if (!sheet) {
    std::cerr << "sluice: " << sheet.error().detail << '\n';
    return 1;
  }
  std::cout << *sheet;
  return 0;
}

struct ExplainOptions {
  std::string file = kUsualFile, calling, called, from, listener, command, destination, level;
  std::vector<std::string> paths;
  bool json = false;
};

// One of `known`, or a line that names the nearest.
bool IsOneOf(const std::string& word, const std::vector<std::string>& known, const char* what) {
  if (std::ranges::find(known, word) != known.end()) return true;
  const std::string nearest = NearestOf(word, known);
  std::string all;
  for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
  std::cerr << "sluice: " << what << " " << word << " is none"
            << (nearest.empty() ? "; there are " + all : "; did you mean " + nearest + "?") << '\n';
  return false;
}

std::optional<dimse::Command> CommandOf(const ExplainOptions& options) {
  // What is said of a destination alone is a C-MOVE, else it is about storing.
  std::string name = options.command;
  if (name.empty())
    name = !options.destination.empty() && options.paths.empty() ? "C-MOVE" : "C-STORE";
  std::vector<std::string> known;
  for (const rules::Command& command : rules::kCommands) known.emplace_back(command.name);
  if (!IsOneOf(name, known, "command")) return std::nullopt;
  if (name == "C-MOVE" && options.destination.empty()) {
    std::cerr << "sluice: a C-MOVE has a destination: say which by --destination\n";
    return std::nullopt;
  }
  const auto found = std::ranges::find(rules::kCommands, name, &rules::Command::name);
  return static_cast<dimse::Command>(found->field);
}

bool TakeTitle(const std::string& text, const char* option, AeTitle* title) {
  auto parsed = AeTitle::Parse(text);
  if (!parsed) std::cerr << "sluice: " << option << ": " << parsed.error().detail << '\n';
  if (parsed) *title = *parsed;
  return parsed.has_value();
}

int RunExplain(const ExplainOptions& options) {
  auto config = LoadOrSay(options.file, std::cerr).config;
  ExplainQuestion question;
  AeTitle destination;
  bool good = config != nullptr;
  good &= TakeTitle(options.calling, "--calling", &question.calling);
  good &= TakeTitle(options.called, "--called", &question.called);
  if (!options.destination.empty())
    good &= TakeTitle(options.destination, "--destination", &destination);
  if (!options.level.empty())
    good &= IsOneOf(options.level, {"PATIENT", "STUDY", "SERIES", "IMAGE"}, "level");
  const auto command = CommandOf(options);
  if (!good || !command) return 1;
  question.from = options.from;
  question.listener = options.listener;
  question.command = *command;
  question.destination = destination.str();
  question.level = options.level;
  question.paths = options.paths;
  auto explained = Explain(config, std::move(question), std::chrono::system_clock::now());
  if (!explained) {
    std::cerr << "sluice: " << explained.error().detail << '\n';
    return 1;
  }
  std::cout << (options.json ? AsJson(*explained) + "\n" : AsText(*explained));
  return 0;
}

void AddExplain(CommandLine& line) {
  auto options = std::make_shared<ExplainOptions>();
  auto* explain = line.Add("explain", "Say what would become of a request, and why");
  explain->add_option("--config", options->file, "The configuration file")->capture_default_str();
  auto add = [&](const char* name, std::string& value, const char* type, const char* what) {
    return explain->add_option(name, value, what)->type_name(type);
  };
  add("--calling", options->calling, "TITLE", "The AE title that calls")->required();
  add("--called", options->called, "TITLE", "The AE title that is called")->required();
  add("--from", options->from, "IP", "Whence; else from where this title may call");
  add("--listener", options->listener, "PORT|IP:PORT", "Where it calls; else the first");
  add("--command", options->command, "C-STORE|C-FIND|…", "The request; else C-STORE");
  add("--destination", options->destination, "TITLE", "The destination of a C-MOVE");
  add("--level", options->level, "PATIENT|STUDY|SERIES|IMAGE", "The level of a query");
  explain->add_option("files", options->paths, "DICOM files, and folders of them")
      ->type_name("FILE|FOLDER");
  explain->add_flag("--json", options->json, "For programs");
  explain->callback([&line, options] { line.run = [options] { return RunExplain(*options); }; });
}

void AddTest(CommandLine& line) {
  auto options = std::make_shared<TestOptions>();
  auto* test = line.Add("test", "Call the applications, and say what to do about each no");
  test->add_option("--config", options->file, "The configuration file")->capture_default_str();
  auto* names = test->add_option("application", options->names, "Which; without any, all of them");
  test->add_flag("--all", options->all, "All of them")->excludes(names);
  test->add_option("--as", options->also_as, "A further calling AE title to try, as of a client")
      ->type_name("TITLE")
      ->allow_extra_args(false);
  test->add_flag("--json", options->json, "For programs");
  test->callback([&line, options] { line.run = [options] { return Test(*options); }; });
}

void AddWorksheet(CommandLine& line) {
  auto file = std::make_shared<std::string>(kUsualFile), address = std::make_shared<std::string>();
  auto* sheet =
      line.Add("worksheet", "Print what to enter in Varian's Trusted Application Entities");
  sheet->add_option("--config", *file, "The configuration file")->capture_default_str();
  sheet
      ->add_option("--address", *address,
                   "Our address as it is seen there; else by the routes here")
      ->type_name("IP");
  sheet->callback(
      [&line, file, address] { line.run = [=] { return PrintWorksheet(*file, *address); }; });
}

}  // namespace

void AddTrying(CommandLine& line) {
  AddTest(line);
  AddWorksheet(line);
  AddExplain(line);
}

}  // namespace router
