// Fills Values from a document by the table of keys. The loop behind load.h.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/tree.h"

namespace holdfast::config {

class Reader {
 public:
  Reader(Loaded& into, const Environment& environment) : into_(into), environment_(environment) {}
  // Reads `document`, the environment and the files of secrets; what is nowhere gets its default.
  void read(const Node& document);

 private:
  struct Given {
    bool file = false;
    std::string spelled;
    NodePtr value;
    int line = 0, column = 0;
  };
  using GivenByKey = std::vector<std::vector<Given>>;

  void read_rows(const std::vector<Key>& keys, const Branch& tree, const Node& section);
  void collect(const std::vector<Key>& keys, const Node& section, const Branch& level,
               const std::string& path, GivenByKey& given);
  void collect_stranger(const std::vector<Key>& keys, const Branch& level, const std::string& path,
                        const Entry& entry);
  void fill(const Key& key, std::vector<Given> given);
  bool disagree(const Key& key, const std::vector<Given>& given);
  bool fill_from_environment(const Key& key);
  void fill_from_secret_file(const Key& key, const std::string& path, const Given& given);
  void take(const Key& key, const Node& value, const Given& given, Origin origin);
  void read_elements(const Key& key, const Given& given);
  void note_variables();
  void add(Problem problem);
  void warn(Problem problem);

  Loaded& into_;
  const Environment& environment_;
  std::set<std::string> variables_;  // every name that a key of ours answers to
};

}  // namespace holdfast::config
