// What a table of single keys cannot say: settings that follow from others, and settings that do
// not fit together.
#pragma once

#include "config/load.h"

namespace holdfast::config {

// Fills what follows from other settings: the storage kind, the Azure account, the catalog's
// bucket.
void derive(Loaded& loaded);
// Adds to `problems` what cannot work.
void check_rules(Loaded& loaded, const Environment& environment);
// Adds to `warnings` what works but is hardly meant.
void add_warnings(Loaded& loaded);

// Where a key stands, for a problem that is found later.
Problem problem_at(const Loaded& loaded, const std::string& path, std::string why,
                   std::string advice, std::string allowed = "");
bool is_given(const Loaded& loaded, const std::string& path);

// The bucket and folder of everything that is backed up.
struct BucketUse {
  std::string bucket_key;  // backup.stackGraph.bucketName
  std::string bucket, prefix;
  std::string default_bucket;
  bool enabled = false;  // by its own switches, whatever the master switch says
};
std::vector<BucketUse> bucket_uses(const Values& values);

}  // namespace holdfast::config
