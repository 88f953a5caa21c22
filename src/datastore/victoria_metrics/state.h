// The state that a folder restores to, by the reading rules of docs/design/victoria-metrics.md,
// compared with one list of what is stored.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datastore/victoria_metrics/manifest.h"
#include "datastore/victoria_metrics/versions.h"

namespace holdfast::datastore::vm {

// Whether a run committed, or dropped its marker, since `folder` was read.
bool has_changed(const Context& context, const Place& place, const Folder& folder);

// The first lines, and how many more there were.
struct Lines {
  std::vector<std::string> lines;
  std::uint64_t more = 0;
  void add(std::string line);
  bool empty() const { return lines.empty(); }
};

struct State {
  Folder folder;
  ManifestHeader header;
  std::shared_ptr<Spool> manifest;  // of the state: the folder's own, or made from the list
  bool described = false;           // made from the list: vmbackup wrote this state
  std::uint64_t unhashed = 0;       // objects without a checksum
  Lines problems;                   // why it cannot be restored
  Lines warnings;  // holdfast restores it rightly, vmrestore might not; what a killed run left
};

// NotFound when there is no such folder. What is broken is told by `problems`. Right also while a
// backup runs: what looks broken is read again if the folder changed meanwhile.
State read_state(const Context& context, const Place& place, const std::string& name);

// Corrupt, naming the first problem, when there are any.
void require_whole(const Place& place, const State& state);

}  // namespace holdfast::datastore::vm
