// Single objects: reading them, writing them, their conditions.
#pragma once

#include <memory>
#include <optional>

#include "storage/azure/azure_endpoint.h"
#include "storage/azure/azure_label.h"

namespace holdfast::storage {

// A blob as the head of an answer describes it. Throws Failed when it lacks what Azure always
// sends. The size is that of the whole blob.
AzureBlob read_blob(const http::Exchange& exchange, const ObjectRef& ref);

// The blob and what it is to S3 clients. Conditions are judged here, on what the answer says.
struct AzureObject {
  AzureBlob blob;
  ObjectInfo info;
};
AzureObject head_azure_object(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                              const Condition& condition, bool for_copy = false);
// ObjectInfo::part_list of the object that was looked at: the names of its blocks tell. Empty when
// they do not, or when another object is there by now.
std::vector<ObjectPart> read_part_list(AzureEndpoint& endpoint, const Context& context,
                                       const ObjectRef& ref, const ObjectInfo& info);

// The same as a step of a write, repeated after passing trouble: around writes nobody else repeats.
AzureObject look_before_write(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                              const Condition& condition = {});

// The object, if it is there and was made by the upload `tag`.
std::optional<AzureObject> find_made_by(AzureEndpoint& endpoint, const Context& context,
                                        const ObjectRef& ref, const std::string& tag);

std::unique_ptr<Reader> open_azure_reader(AzureEndpoint& endpoint, const Context& context,
                                          const ObjectRef& ref, const GetRequest& request);

// A condition on what a write replaces, as headers of that write. S3's ETags are not Azure's: for
// etag_is and must_exist the object is looked at, and the write bound to the very version that was
// seen.
void add_write_condition(AzureEndpoint& endpoint, const Context& context, AzureCall& write,
                         const Condition& condition);

// One request for what fits into one block; more is staged and committed.
PutResult put_azure_object(AzureEndpoint& endpoint, const Context& context, const ObjectRef& ref,
                           Source& body, const PutRequest& request);

}  // namespace holdfast::storage
