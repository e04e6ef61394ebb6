/* api_routes.c - all that the API has, one table for each subject. */
#include "server/api_peer.h"

const struct api_routes *const api_all_routes[] = {
    &api_config_routes,
    &api_events_routes,
    &api_health_routes,
    &api_history_routes,
    &api_openapi_routes,
    &api_records_routes,
    &api_session_routes,
    &api_sign_routes,
    &api_sessions_routes,
    &api_statistics_routes,
    &api_v1_records_routes,
    &api_v1_streams_routes,
    &api_v1_routes,
};

const size_t api_all_routes_count = sizeof api_all_routes / sizeof *api_all_routes;
