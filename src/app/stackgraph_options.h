// What the values say of StackGraph, as its driver and its retention take it.
#pragma once

#include "config/values.h"
#include "datastore/stackgraph/stackgraph.h"
#include "job/engine.h"

namespace holdfast::app {

datastore::StackGraphOptions stackgraph_options(const config::Values& values);

job::NamedRetention export_retention(const config::Values& values);

}  // namespace holdfast::app
