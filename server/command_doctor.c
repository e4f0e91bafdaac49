// parlor doctor: what is wrong with this host or its settings, and what to do.
#include "server/command.h"

#include "base/mem.h"
#include "server/doctor.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of this command alone: a script tells what may wait from what may not.
enum { EXIT_WARNINGS = 1, EXIT_ERRORS = 2 };

static const char usage[] =
    "Usage: parlor doctor [OPTION of serve...] [--json]\n"
    "  Looks at ports, addresses, certificates, the clock, limits, disk, secrets and the "
    "database, and\n"
    "  says what to do. Changes nothing, also beside a running server. Give it the options of "
    "the server,\n"
    "  or its --config, and run it as the server's user.\n"
    "Exit status: 0 all is well, 1 there are warnings, 2 there are errors, or the options are "
    "not understood.\n";

static int tell(const struct config *config, bool as_json)
{
    struct doctor_report *report = mem_alloc(sizeof *report);
    struct text out = {0};
    doctor_examine(config, report);
    if (as_json)
        doctor_write_json(report, &out);
    else
        doctor_write_text(report, &out);
    fputs(out.at, stdout);
    if (as_json)
        putchar('\n');
    enum doctor_state worst = doctor_worst(report);
    text_dispose(&out);
    doctor_dispose(report);
    mem_free(report);
    return worst == DOCTOR_ERROR     ? EXIT_ERRORS
           : worst == DOCTOR_WARNING ? EXIT_WARNINGS
                                     : EXIT_OK;
}

int command_doctor(int argc, char **argv)
{
    struct config config;
    struct text why = {0};
    bool as_json = false;
    int count = 0;
    char **options = mem_alloc((size_t)(argc + 1) * sizeof *options);
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            as_json = true;
        else
            options[count++] = argv[i];
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    setenv("RES_OPTIONS", "timeout:2 attempts:2", 0); // a dead name server is not waited for
    int status = EXIT_OK;
    int err = config_read(&config, count, options, environ, &why);
    if (config.help_only) {
        fputs(usage, stdout);
    } else if (err) {
        fprintf(stderr, "parlor: %s\n", why.at);
        status = EXIT_USAGE;
    } else {
        status = tell(&config, as_json);
    }
    config_dispose(&config);
    text_dispose(&why);
    mem_free(options);
    return status;
}
