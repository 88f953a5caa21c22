// The settings of notifications as the job room takes them.
#pragma once

#include <set>

#include "config/values.h"
#include "job/notify/channel.h"

namespace holdfast::app {

job::ChannelOptions channel_options(const config::Notifications& values);
std::set<job::Occasion> occasions(const config::Notifications& values);

}  // namespace holdfast::app
