// libparlor: the management API for C programs. Makes rooms and gets their codes, from a Parlor
// server or any other that speaks the same API.
//
//     struct parlor_server server = {
//         .base_url = "https://meet.example.org/v2",
//         .access_key = "64a1b2c3d4e5f60718293a4b",
//         .app_secret = "...", // `parlor key show` prints both
//     };
//     struct parlor_room room;
//     struct parlor_codes codes;
//     struct parlor_error error;
//     if (parlor_create_room(&server, NULL, &room, &error) ||
//         parlor_get_room_codes(&server, room.id, &codes, &error))
//         fprintf(stderr, "%s\n", error.message);
//     else
//         printf("host %s, guest %s\n", codes.host, codes.guest);
//
// Compile with `pkg-config --cflags --libs parlor`. Every function may be called from any
// thread; each call is one HTTP request and waits for its answer, at most 15 seconds. Call
// curl_global_init() first in a program with several threads.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#define PARLOR_EXPORT __attribute__((visibility("default")))

enum {
    PARLOR_ID_LEN = 24,
    PARLOR_CODE_LEN = 12,
    PARLOR_NAME_LEN_MAX = 200,
    PARLOR_MESSAGE_MAX = 256,
};

// Where the server is and who asks. Borrowed for the call.
struct parlor_server {
    const char *base_url;   // with the version: "http://localhost:8080/v2"
    const char *access_key; // 24 hex digits
    const char *app_secret; // as it is: never decoded
};

// What went wrong. Always filled when a function returns -1.
struct parlor_error {
    int status;                       // of the HTTP answer; 0 when there was none
    char message[PARLOR_MESSAGE_MAX]; // for people, in English
};

// Makes a management token, good for 24 hours and any number of calls. Returns a string that
// the caller frees with free(), or NULL when the key is not 24 hex digits or the secret is
// empty. The other functions make their own: this one is for calls that libparlor does not
// have.
PARLOR_EXPORT char *parlor_management_token(const char *access_key, const char *app_secret);

// Any call of the API: `method` is "GET", "POST" or "DELETE", `path` comes after base_url
// ("/rooms?limit=100"), `body` is JSON or NULL. Returns the answer, which the caller frees with
// free(): JSON, or "" where there is none; NULL with `error` for a refusal.
PARLOR_EXPORT char *parlor_call(const struct parlor_server *server, const char *method,
                                const char *path, const char *body, struct parlor_error *error);

// What a room is to be. NULL stands for the server's choice.
struct parlor_room_options {
    const char *name;        // of a-z A-Z 0-9 . - : _  A name that exists gives that room.
    const char *description; // at most 4096 octets
    const char *template_id; // 24 hex digits
};

struct parlor_room {
    char id[PARLOR_ID_LEN + 1];
    char name[PARLOR_NAME_LEN_MAX + 1];
    char template_id[PARLOR_ID_LEN + 1];
    int enabled;
};

// Creates a room, or finds and updates the one of that name. `options` may be NULL.
// Returns 0, or -1 with `error`.
PARLOR_EXPORT int parlor_create_room(const struct parlor_server *server,
                                     const struct parlor_room_options *options,
                                     struct parlor_room *room, struct parlor_error *error);

// "xxx-yyyy-zzz", or "" when the room's template has no such role.
struct parlor_codes {
    char host[PARLOR_CODE_LEN + 1];
    char guest[PARLOR_CODE_LEN + 1];
};

// The codes of a room for the roles `host` and `guest`, made when there are none yet.
// Returns 0, or -1 with `error`.
PARLOR_EXPORT int parlor_get_room_codes(const struct parlor_server *server, const char *room_id,
                                        struct parlor_codes *codes, struct parlor_error *error);

#ifdef __cplusplus
}
#endif
