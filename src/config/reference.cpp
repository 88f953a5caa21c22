#include <fmt/format.h>
#include <set>

#include "config/environment.h"
#include "config/key.h"
#include "config/report.h"

namespace holdfast::config {

namespace {

constexpr std::string_view kHead = R"(# Every value that holdfast reads

This page is made from the table that the program itself reads values with; a test keeps them equal.

`-c` takes the `values.yaml` of a StackState installation. Only the keys below are read; everything else in the file
belongs to others and is left alone. Inside `backup`, `global.backup`, `victoria-metrics-N.backup`,
`victoria-metrics-N.restore`, `clickhouse.backup`, `clickhouse.restore` and `holdfast` a key that is not on this page is an
error; elsewhere one that is nearly the name of one of these is a warning. `holdfast config check` tells all errors and
warnings at once, `holdfast config show` the values in effect.

- A key without a value (or with `null`) has its default.
- A key may be written in any of its spellings, but not in two that differ.
- Whole numbers may be written in quotes. `true` and `false` may not.
- Anchors, aliases and merge keys (`<<`) work. The file has at most 8 MiB.

## Secrets

Keys marked *secret* are never shown. Each can be given in four ways; the environment wins over the file:

- in the values, as the key itself;
- in the values, by the key with `File` behind it (`secretKeyFile`), which names a file that holds it; a newline at its
  end is not part of it;
- by a variable: `HOLDFAST_` and the key's path in capitals, without a leading `holdfast.`, with `_` for all that is
  neither letter nor digit: `minio.secretKey` is `HOLDFAST_MINIO_SECRETKEY`, `holdfast.victoria-metrics-0.snapshotAuthKey`
  is `HOLDFAST_VICTORIA_METRICS_0_SNAPSHOTAUTHKEY`;
- by the same variable with `FILE` behind it, which names a file: `HOLDFAST_MINIO_SECRETKEYFILE`.

An empty variable counts as none. Every spelling of a key has its variable.
)";

constexpr std::string_view kSwitches = R"(
## What the switches mean

- `backup.enabled` false: nothing runs. `backup` and `restore` end with status 2 and name it.
- `<store>.enabled` (for VictoriaMetrics and ClickHouse `<store>.backup.enabled`) false: the store is not backed up, by
  schedule or by hand (status 4).
- `backup.stackGraph.scheduled.enabled`, `backup.elasticsearch.scheduled.enabled` false: only by hand.
- `<store>.restore.enabled` false, which is the default for VictoriaMetrics and ClickHouse: a restore is refused by any way
  (status 4); on the command line `--override-disabled` lifts this one.

Exactly one storage kind is chosen by `minio.persistence.enabled`, `minio.s3gateway.enabled` or
`minio.azuregateway.enabled`. Outside Kubernetes none of them means the folder `holdfast.storage.folder`; in Kubernetes
that is an error while `backup.enabled` is true. With `azuregateway` the account's name and key in `minio.accessKey` and
`minio.secretKey` are also the gateway's root pair.
)";

std::string cell(std::string text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string row_of(const Key& key) {
  std::string name = "`" + key.family + "`";
  for (const std::string& alias : key.aliases) name += "<br>`" + alias + "`";
  const std::string note = key.credential ? " (*secret*)" : "";
  return fmt::format("| {} | `{}` | {} | {}{} |\n", name, cell(key.default_text), cell(key.allowed),
                     cell(key.doc), note);
}

std::string title_of(std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view first = path.substr(0, dot);
  if (first != "backup" && first != "holdfast") return std::string(first);
  const std::size_t next = path.find('.', dot + 1);
  // Single keys of a section stand together under the section's own name.
  return std::string(next == std::string_view::npos ? first : path.substr(0, next));
}

void add_rows(std::string& page, const std::vector<Key>& keys, std::set<std::string>& seen,
              std::string& title) {
  for (const Key& key : keys) {
    if (key.ignored || !seen.insert(key.family).second) continue;
    const std::string own = title_of(key.family);
    if (own != title) {
      title = own;
      page += fmt::format(
          "\n## {}\n\n| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n", title);
    }
    page += row_of(key);
    if (key.elements) add_rows(page, key.elements(0), seen, title);
  }
}

}  // namespace

std::string reference_page() {
  std::string page(kHead);
  page += kSwitches;
  std::set<std::string> seen;
  std::string title;
  add_rows(page, all_keys(), seen, title);
  page +=
      "\n## Accepted and not used\n\nKeys of the charts that stand among ours. They may hold "
      "anything.\n\n";
  for (const Key& key : all_keys()) {
    if (key.ignored) page += fmt::format("- `{}`: {}\n", key.path, key.doc);
  }
  return page;
}

}  // namespace holdfast::config
