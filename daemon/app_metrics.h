/*
 * What the app's own metrics look at: the app, and its health, which is judged once a page.
 */
#ifndef ROIWATCH_DAEMON_APP_METRICS_H
#define ROIWATCH_DAEMON_APP_METRICS_H

#include "daemon/health.h"

struct app;

struct app_look {
    const struct app *app;
    struct health_facts facts;
    struct health health;
    bool ready;
};

#endif
