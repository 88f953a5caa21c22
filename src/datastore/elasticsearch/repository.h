// The snapshot repository in the cluster: registered, verified, and never left half made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/secret.h"
#include "datastore/elasticsearch/server.h"

namespace holdfast::datastore::es {

struct RepositoryOptions {
  std::string name = "sts-backup";
  std::string type = "s3";  // s3, fs, azure
  // What is sent on registration. Secret, because some are: access_key, secret_key.
  std::map<std::string, Secret> settings;
};

// Of settings, what nobody is told.
bool is_secret_setting(const std::string& name);

// Registers the repository when the cluster has none of that name, and checks that every node can
// write there; what a failed check leaves registered is taken away again. One that is there stays
// as it is; a setting of it that is not ours is told, a line each.
std::vector<std::string> ensure_repository(const Context& context, Server& server,
                                           const RepositoryOptions& options);

// Registers it anew with our settings, whatever it has; they are tried under another name first.
// Refused while a snapshot or a restore uses it.
void reconfigure_repository(const Context& context, Server& server,
                            const RepositoryOptions& options);

}  // namespace holdfast::datastore::es
