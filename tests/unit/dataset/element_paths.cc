#include "element_paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

ElementStep StepFrom(std::string text) {
  ElementStep step;
  if (text.starts_with('(')) {  // "(0009,xx01)[ACME]"
    std::string numbers = text.substr(0, 11);
    if (size_t block = numbers.find("xx"); block != std::string::npos) {
      numbers.replace(block, 2, "00");
      const size_t begin = text.find('['), end = text.find(']');
      step.creator = text.substr(begin + 1, end - begin - 1);
      text.erase(begin, end - begin + 1);
    }
    text.replace(0, 11, numbers);
  }
  if (size_t item = text.find('['); item != std::string::npos) {
    step.item = static_cast<uint32_t>(std::stoul(text.substr(item + 1)));
    text.erase(item);
  }
  auto tag = TagOf(text);
  EXPECT_TRUE(tag) << text;
  step.tag = tag.value_or(0);
  return step;
}

}  // namespace

ElementPath PathFrom(std::string_view text) {
  ElementPath path;
  path.text = text;
  std::string step;
  int brackets = 0;
  for (char letter : text) {
    brackets += letter == '[' ? 1 : letter == ']' ? -1 : 0;
    if (letter == '.' && brackets == 0) {
      path.steps.push_back(StepFrom(std::exchange(step, "")));
    } else {
      step += letter;
    }
  }
  path.steps.push_back(StepFrom(step));
  return path;
}

}  // namespace router::dataset
