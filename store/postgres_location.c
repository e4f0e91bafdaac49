// URLs of PostgreSQL databases.
#include "store/postgres_state.h"

#include "base/text.h"

#include <string.h>

bool postgres_owns(const char *location)
{
    return strncmp(location, "postgres://", 11) == 0 ||
           strncmp(location, "postgresql://", 13) == 0;
}

static const char *option(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, name) == 0)
            return options->val ? options->val : "";
    }
    return "";
}

// What libpq says about an URL may quote a part of the password.
void db_show_location(const char *location, struct text *out)
{
    if (!postgres_owns(location)) {
        text_add(out, location);
        return;
    }
    text_add(out, "postgresql://");
    PQconninfoOption *options = PQconninfoParse(location, NULL);
    if (!options)
        return;
    if (option(options, "user")[0])
        text_addf(out, "%s@", option(options, "user"));
    text_add(out, option(options, "host"));
    if (option(options, "port")[0])
        text_addf(out, ":%s", option(options, "port"));
    text_addf(out, "/%s", option(options, "dbname"));
    PQconninfoFree(options);
}

bool db_is_location(const char *location)
{
    if (!postgres_owns(location))
        return true;
    PQconninfoOption *options = PQconninfoParse(location, NULL);
    PQconninfoFree(options);
    return options;
}
