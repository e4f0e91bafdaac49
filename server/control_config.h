// What the control thread is given when it is made.
#pragma once

#include "api/api.h"
#include "net/http_server.h"
#include "server/hooks.h"
#include "server/jobs.h"
#include "server/logbook.h"
#include "server/worker.h"

#include <stddef.h>

struct control_config {
    struct http_server_config http; // without the loop and the paths
    const struct api_config *api;   // borrowed
    struct jobs *jobs;              // borrowed
    struct worker *const *workers;  // borrowed
    size_t worker_count;
    struct inbox *notices;      // borrowed: struct notice, from the workers
    struct inbox *counters;     // borrowed: struct worker_counters; NULL: no metrics are served
    struct addr metrics_listen; // with the former
    bool metrics_may_fail;      // the same: they are not served where that address is taken
    const char *public_host;    // borrowed: the name in the public address; NULL: it has none
    bool removed_may_return;
    size_t peers_per_token;
    int64_t max_session_s; // the longest that any meeting may last; 0: for ever
    int64_t memory_max;    // octets; 0: memory_percent of what there is
    int memory_percent;
    struct logbook_config log;
    struct hooks_config hooks;
    void (*reload)(void *context); // on SIGHUP, on this thread
    int addresses_watch;           // of server/addresses.h; -1: none
    // The machine's addresses may have changed. True: so has the certificate's file.
    bool (*readdress)(void *context);
    void *context;
};
