// A double of a cluster for what no cluster of the tests has: snapshot lifecycle management and
// data streams (their modules are not free of their own build). It answers as docs/design says that
// a real one does, and keeps what it was asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

class ScriptedCluster : public Server {
 public:
  // The answer to every request of that line, "GET /_slm/policy/x"; a query is not looked at.
  void answer(const std::string& request, nlohmann::json body) {
    answers_[request] = std::move(body);
  }

  nlohmann::json call(const Context& context, const std::string& method, const std::string& path,
                      const nlohmann::json& body) override {
    context.check("ask the double");
    const std::string line = method + " " + path.substr(0, path.find('?'));
    if (method != "GET") changes.emplace_back(line, body);
    auto found = answers_.find(line);
    if (found == answers_.end()) {
      throw NotFound::with_code("resource_not_found_exception", line, "the double knows it not");
    }
    return found->second;
  }

  std::vector<std::pair<std::string, nlohmann::json>> changes;  // all but GET, in order

 private:
  std::map<std::string, nlohmann::json> answers_;
};

}  // namespace holdfast::datastore::es
