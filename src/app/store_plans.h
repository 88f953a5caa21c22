// What runs by itself, as the values say it.
#pragma once

#include <optional>
#include <vector>

#include "config/values.h"
#include "job/leftovers.h"
#include "job/task.h"

namespace holdfast::app {

// The stores that something is scheduled for, in the order of kAllStores.
std::vector<config::Store> scheduled_stores(const config::Values& values);

// Its schedules, with the zone that each is read in: holdfast.run.timeZone, and UTC for
// Elasticsearch's own. No tasks: nothing is scheduled for that store.
job::StorePlan plan_of(const config::Values& values, config::Store store);

// Where holdfast itself uploads that store's backups; nowhere for Elasticsearch, which writes by
// itself and removes what it wrote.
std::optional<job::UploadPlace> uploads_of(const config::Values& values, config::Store store);

}  // namespace holdfast::app
