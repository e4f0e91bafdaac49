#include "api/layout_theme.h"

#include <string.h>

// Text in `high` and `medium` keeps 4.5:1 on every surface and on the background it may stand
// on (WCAG 2.2, 1.4.3).
static const struct layout_colour dark[] = {
    {"primary_default", "#4fd1c1"},     {"primary_bright", "#7ae0d3"},
    {"primary_dim", "#14433e"},         {"primary_disabled", "#0f2f2b"},
    {"on_primary_high", "#06231f"},     {"on_primary_medium", "#0a3630"},
    {"on_primary_low", "#3a6b64"},      {"secondary_default", "#3d4a46"},
    {"secondary_bright", "#55645f"},    {"secondary_dim", "#232b28"},
    {"secondary_disabled", "#2b3431"},  {"on_secondary_high", "#ffffff"},
    {"on_secondary_medium", "#e3eae7"}, {"on_secondary_low", "#a3b1ab"},
    {"background_default", "#0f1312"},  {"background_dim", "#000000"},
    {"surface_default", "#191f1d"},     {"surface_bright", "#232b28"},
    {"surface_brighter", "#303a36"},    {"surface_dim", "#111614"},
    {"on_surface_high", "#eef3f1"},     {"on_surface_medium", "#b4c0bb"},
    {"on_surface_low", "#7f8d87"},      {"border_default", "#2b3431"},
    {"border_bright", "#3f4a46"},       {"alert_success", "#36b37e"},
    {"alert_warning", "#f3c46b"},       {"alert_error_default", "#d64545"},
    {"alert_error_bright", "#ffb9b3"},  {"alert_error_brighter", "#fdeceb"},
    {"alert_error_dim", "#3b1c1b"},
};

static const struct layout_colour light[] = {
    {"primary_default", "#0f766e"},     {"primary_bright", "#0b5f59"},
    {"primary_dim", "#dcf1ee"},         {"primary_disabled", "#b5dcd7"},
    {"on_primary_high", "#ffffff"},     {"on_primary_medium", "#f0faf9"},
    {"on_primary_low", "#cfe9e6"},      {"secondary_default", "#dfe6e3"},
    {"secondary_bright", "#cdd7d3"},    {"secondary_dim", "#edf1ef"},
    {"secondary_disabled", "#edf1ef"},  {"on_secondary_high", "#15201c"},
    {"on_secondary_medium", "#37443f"}, {"on_secondary_low", "#7d8a85"},
    {"background_default", "#f5f7f6"},  {"background_dim", "#e6ecea"},
    {"surface_default", "#ffffff"},     {"surface_bright", "#edf1ef"},
    {"surface_brighter", "#dfe6e3"},    {"surface_dim", "#f8faf9"},
    {"on_surface_high", "#15201c"},     {"on_surface_medium", "#46534d"},
    {"on_surface_low", "#7d8a85"},      {"border_default", "#d9e0dd"},
    {"border_bright", "#bcc7c3"},       {"alert_success", "#1f7a52"},
    {"alert_warning", "#8a5300"},       {"alert_error_default", "#c22f2f"},
    {"alert_error_bright", "#8f1f1f"},  {"alert_error_brighter", "#5f1414"},
    {"alert_error_dim", "#fdeceb"},
};

const struct layout_theme layout_themes[LAYOUT_THEME_COUNT] = {
    {"dark", "THEME_TYPE_DARK", dark, sizeof dark / sizeof *dark},
    {"light", "THEME_TYPE_LIGHT", light, sizeof light / sizeof *light},
};
