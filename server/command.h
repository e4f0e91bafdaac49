// The small commands of the program: everything but `serve`. A command is a file with a
// function for each of its verbs; what they share is here.
#pragma once

#include "base/text.h"
#include "client/parlor.h"
#include "store/keys.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3, // the server says 404
    EXIT_CONFLICT = 4,  // and 409
};

// An option that takes a value, or, with `flag`, none. The rest of the words are arguments.
struct option {
    const char *name; // without the dashes
    const char **value;
    bool *flag;
};

enum { ARGUMENTS_MAX = 2, OPTIONS_MAX = 12 };

// A verb of a command, "room create".
struct verb {
    const char *name;
    const char *usage; // printed by --help
    size_t arguments;  // how many it takes
    int (*run)(const char *const *arguments);
    struct option options[OPTIONS_MAX]; // beside --data, --server, --json and --help
};

// What every verb knows after the options were read.
struct command_settings {
    const char *data;   // folder
    bool data_is_given; // by --data
    const char *server; // "http://127.0.0.1:8080"
    bool json;
};
extern struct command_settings command;

int command_run(const char *name, const struct verb *verbs, size_t count, int argc,
                char **argv);
// A command that is its own only verb: what is behind its name.
int command_run_verb(const struct verb *verb, int argc, char **argv);
int command_complain(const char *what, const char *which);

// Of the data folder. Complains itself.
int command_keys(struct keys *keys);

// The running server, for calls of libparlor.
struct command_link {
    struct keys keys;
    struct text base_url;
    struct parlor_server server;
    struct parlor_error error;
};

// EXIT_OK, or another after a complaint; then nothing is open.
int command_connect(struct command_link *link);
// `good` is whether the last call was: else complains of `error`. Returns the exit status.
int command_disconnect(struct command_link *link, bool good);

int command_admin(int argc, char **argv);
int command_token(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_key(int argc, char **argv);
int command_room(int argc, char **argv);
int command_template(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_migrate(int argc, char **argv);
