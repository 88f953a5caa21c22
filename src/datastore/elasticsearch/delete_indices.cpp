#include "datastore/elasticsearch/delete_indices.h"

#include "base/error.h"
#include "datastore/elasticsearch/cluster.h"
#include "datastore/elasticsearch/names.h"
#include "datastore/elasticsearch/restore_journal.h"

namespace holdfast::datastore::es {

namespace {

// The index that a data stream writes to cannot be deleted; a rollover makes another one that.
void roll_over(const Context& context, Server& server, const std::vector<std::string>& names) {
  for (const std::string& stream : look_at_cluster(context, server).data_streams) {
    for (const std::string& name : names) {
      if (!is_backing(name, {stream})) continue;
      server.call(context, "POST", "/" + in_path(stream) + "/_rollover", nullptr);
      break;
    }
  }
}

}  // namespace

std::vector<Elasticsearch::IndexRow> rows_of(const Context& context, Server& server,
                                             const std::string& pattern) {
  if (const std::string why = why_not_delete(pattern); !why.empty()) {
    throw Refused("delete the indices " + pattern, why, "name them, or give a narrower pattern");
  }
  std::vector<Elasticsearch::IndexRow> out;
  nlohmann::json rows;
  try {
    rows = server.get(context, "/_cat/indices/" + in_path(pattern) +
                                   "?format=json&expand_wildcards=all&s=index&h=health,status,"
                                   "index,uuid,pri,rep,docs.count,docs.deleted,store.size,"
                                   "pri.store.size");
  } catch (const NotFound&) {
    return out;
  }
  std::vector<std::string> streams;
  for (const std::string& stream : look_at_cluster(context, server).data_streams) {
    if (fits(pattern, stream)) streams.push_back(stream);
  }
  for (const auto& row : rows) {
    // A pattern may fit what is hidden: that stays out, unless it backs a stream that was meant.
    const std::string name = text_or_empty(row, "index");
    if (name.starts_with('.') && !is_backing(name, streams)) continue;
    out.push_back({text_or_empty(row, "health"), text_or_empty(row, "status"),
                   text_or_empty(row, "index"), text_or_empty(row, "uuid"),
                   text_or_empty(row, "pri"), text_or_empty(row, "rep"),
                   text_or_empty(row, "docs.count"), text_or_empty(row, "docs.deleted"),
                   text_or_empty(row, "store.size"), text_or_empty(row, "pri.store.size")});
  }
  return out;
}

void delete_by_hand(const Context& context, Server& server, const std::vector<std::string>& names,
                    Progress& progress) {
  progress.phase("delete", 0, names.size());
  roll_over(context, server, names);
  for (const std::string& name : names) {
    delete_indices(context, server, {name});
    progress.advance(0, 1);
  }
}

}  // namespace holdfast::datastore::es
