// The folder backend's objects: what Storage promises, put together from tree, labels and lists.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/folder/label_store.h"
#include "storage/folder/lister.h"
#include "storage/folder/names_cache.h"
#include "storage/folder/object_tree.h"
#include "storage/folder/record_store.h"
#include "storage/folder/version_keeper.h"
#include "storage/storage.h"

namespace holdfast::storage {

// What a publish made.
struct Published {
  std::string revision;
  std::string version;  // empty in a bucket without versions
};

class FolderObjects {
 public:
  explicit FolderObjects(Core& core)
      : core_(core),
        tree_(core),
        labels_(core),
        names_(core),
        lister_(core, tree_, labels_, names_),
        records_(core),
        versions_(core, tree_, labels_, records_) {}

  ObjectTree& tree() { return tree_; }
  LabelStore& labels() { return labels_; }
  Lister& lister() { return lister_; }
  RecordStore& records() { return records_; }
  VersionKeeper& versions() { return versions_; }

  // The current object, without its version and marks.
  std::optional<OpenObject> open(const ObjectRef& ref) const { return versions_.current(ref); }
  // The version that `ref` names, or the current one. Throws NotFound (codes kNoSuchKey,
  // kNoSuchVersion), InvalidArgument (code kIsDeleteMarker), or Corrupt when its label is damaged.
  OpenObject open_existing(const ObjectRef& ref) const;
  // Throws PreconditionFailed by the object that is there now.
  void check(const Condition& condition, const ObjectRef& ref) const;

  PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                const PutRequest& request);
  CopyResult copy(const Context& context, const ObjectRef& source, const ObjectRef& destination,
                  const CopyRequest& request);
  std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                   const std::vector<RemoveTarget>& targets);

  // Publishes a file whose bytes are all there: gives it its label and marks, syncs it and moves it
  // in place.
  Published publish(const Context& context, const ObjectRef& ref, TemporaryFile& file, Label& label,
                    const Condition& condition, Marks marks);

 private:
  OpenObject open_version(const ObjectRef& ref) const;
  void add_version(const ObjectRef& ref, OpenObject& object) const;
  // Writes a body into a new file; its label lacks what publish() adds.
  Label write(const Context& context, const ObjectRef& ref, Source& body, const PutRequest& request,
              TemporaryFile& file, std::optional<codec::DigestAlgorithm> kind = std::nullopt);
  // A copy that is decrypted or encrypted on its way.
  CopyResult copy_through(const Context& context, const ObjectRef& source, const OpenObject& from,
                          const ObjectRef& destination, const CopyRequest& request);
  CopyResult copy_bytes_of(const Context& context, OpenObject& from, const ObjectRef& destination,
                           const CopyRequest& request);
  bool link_aside(const ObjectRef& source, const OpenObject& from, const std::string& name);
  std::optional<CopyResult> copy_by_link(const Context& context, const ObjectRef& source,
                                         const OpenObject& from, const ObjectRef& destination,
                                         const CopyRequest& request);
  void publish_with(const ObjectRef& ref, TemporaryFile& file, const Condition& condition,
                    const Arrival& arrival, const std::function<void()>& last_step);
  void remove_some(WallTime now, const std::string& bucket, const RemoveTarget* targets,
                   RemoveResult* results, std::size_t count);

  Core& core_;
  ObjectTree tree_;
  LabelStore labels_;
  NamesCache names_;
  Lister lister_;
  RecordStore records_;
  VersionKeeper versions_;
};

}  // namespace holdfast::storage
