// Settings of `parlor serve`: one table says what each is called, what it means and what it is
// without being set. A flag beats the environment, which beats the configuration file.
//
//     --media-port 7100     PARLOR_MEDIA_PORT=7100     media-port = 7100
#pragma once

#include "base/text.h"
#include "server/settings.h"

#include <stdbool.h>

// Reads all three sources. Returns 0, or ERR_MALFORMED with what is wrong in `why`.
// `environment` is environ, `arguments` those behind the subcommand.
int config_read(struct config *config, int argument_count, char *const *arguments,
                char *const *environment, struct text *why);
void config_dispose(struct config *config);

// Whether all addresses that are listened on are this machine's own.
bool config_is_local(const struct config *config);

// Adds where the database is: `database` if it is not empty, else in the folder.
void config_database(const char *data, const char *database, struct text *location);

// How many media workers there are: as set, else one for each processor.
unsigned config_worker_count(const struct config *config);

// The files of the certificate that is used, also of one that the server makes itself; empty
// without TLS.
enum { CONFIG_PATH_MAX = 4096 }; // Linux's PATH_MAX
void config_certificate(const struct config *config, char cert[CONFIG_PATH_MAX],
                        char key[CONFIG_PATH_MAX]);

// The name in `public-url`, in `host`; NULL when it has none: it is not set, or an address.
enum { CONFIG_HOST_MAX = 254 }; // RFC 1035 section 3.1, with the octet that ends it
const char *config_public_host(const struct config *config, char host[CONFIG_HOST_MAX]);

// As a configuration file, without passwords and secrets.
void config_print(const struct config *config, struct text *out);
void config_help(struct text *out); // the rows of --help
