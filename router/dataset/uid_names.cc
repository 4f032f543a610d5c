#include "router/dataset/uid_names.h"

#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcuid.h>

#include <cctype>
#include <string_view>

namespace router::dataset {
namespace {

bool IsUpper(char letter) { return std::isupper(static_cast<unsigned char>(letter)); }
bool IsLower(char letter) { return std::islower(static_cast<unsigned char>(letter)); }
bool IsDigit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)); }

// Does a word begin at `at`? "RTImage": RT, Image; "XRay3DAngiographic": X, Ray, 3D, Angiographic.
bool BeginsWord(std::string_view name, size_t at) {
  if (at == 0) return false;
  const char before = name[at - 1], here = name[at],
             after = at + 1 < name.size() ? name[at + 1] : ' ';
  if (IsDigit(here)) return !IsDigit(before);
  if (!IsUpper(here)) return false;
  if (at >= 2 && before == 'D' && IsDigit(name[at - 2])) return true;
  if (IsDigit(before)) return here != 'D' || IsLower(after);
  return IsLower(before) || IsLower(after);
}

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), by);
}

std::string WordOf(std::string_view keyword) {
  std::string word;
  for (size_t at = 0; at < keyword.size(); ++at) {
    if (BeginsWord(keyword, at)) word += '_';
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(keyword[at])));
  }
  Replace(word, "__", "_");
  Replace(word, "x_ray", "xray");
  Replace(word, "_storage", "");
  return word;
}

std::vector<StorageClassName> ReadAll() {
  std::vector<StorageClassName> all;
  for (int at = 0; at < numberOfDcmAllStorageSOPClassUIDs; ++at) {
    const char* uid = dcmAllStorageSOPClassUIDs[at];
    std::string_view keyword = dcmFindNameOfUID(uid, "");
    StorageClassName name;
    name.uid = uid;
    name.is_retired = keyword.find('_') != std::string_view::npos;  // "RETIRED_", "DICOS_"
    name.word = WordOf(keyword);
    name.is_image =
        keyword.find("ImageStorage") != std::string_view::npos && keyword != "RTImageStorage";
    all.push_back(std::move(name));
  }
  return all;
}

}  // namespace

const std::vector<StorageClassName>& StorageClassNames() {
  static const auto* names = new std::vector<StorageClassName>(ReadAll());  // never destroyed
  return *names;
}

}  // namespace router::dataset
