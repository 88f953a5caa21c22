// Are the parts of a backup without manifest whole? An object that is missing as a whole leaves no
// gap between pieces; vmrestore does not notice it and the server then dies on the data. Pure;
// memory grows with the number of parts.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::datastore::vm {

class PartCheck {
 public:
  void add_file(const std::string& path);
  // A list of live parts, as servers from 1.91 on write it: `{"Small":[...],"Big":[...]}` beside
  // data parts, `[...]` beside index parts.
  void add_part_list(const std::string& path, std::string_view json);
  // What is missing.
  std::vector<std::string> problems() const;

 private:
  std::map<std::string, std::set<std::string>> files_of_;  // part folder -> names
  std::set<std::string> listed_;                           // part folders that must be there
  std::vector<std::string> unreadable_;
};

}  // namespace holdfast::datastore::vm
