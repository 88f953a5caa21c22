// What the values say of StackGraph and of the settings, as their driver and their retention take
// it.
#pragma once

#include "config/values.h"
#include "datastore/stackgraph/stackgraph.h"
#include "job/engine.h"

namespace holdfast::app {

datastore::StackGraphOptions stackgraph_options(const config::Values& values);
datastore::StackGraphOptions configuration_options(const config::Values& values);

job::NamedRetention stackgraph_retention(const config::Values& values);
job::NamedRetention configuration_retention(const config::Values& values);

}  // namespace holdfast::app
