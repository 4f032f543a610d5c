// sluice_config_docs schema < docs/rules.md: writes deploy/sluice.schema.json to standard output.
// sluice_config_docs page < docs/configuration.md: the same page with its tables of keys made anew.
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "router/config/editor_schema.h"
#include "router/config/page.h"
#include "router/rule_keys.h"

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what != "schema" && what != "page") {
    std::cerr << "usage: sluice_config_docs schema|page\n";
    return 1;
  }
  const std::string page(std::istreambuf_iterator<char>(std::cin), {});
  std::cout << (what == "schema" ? router::config::EditorSchema(router::RuleKeysOn(page))
                                 : router::config::PageWithKeys(page));
  return std::cout.flush().good() ? 0 : 1;
}
