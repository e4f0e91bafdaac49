// libparlor: the management API for C programs. Makes tokens, rooms, their codes and templates,
// with a Parlor server or any other that speaks the same API. `parlor room`, `parlor template`
// and `parlor token` are written on it.
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

// --- Tokens ---

// Whom a token is for. Without a room it is a management token, for this API.
struct parlor_token_options {
    const char *room_id; // 24 hex digits: a token to join this room with,
    const char *role;    // in this role,
    const char *user_id; // as this user; NULL: a new one
    long lifetime_s;     // 0: 24 hours
};

// Makes a token, good for any number of calls until it expires. `options` may be NULL. Returns
// a string that the caller frees with free(), or NULL when the key is not 24 hex digits, the
// secret is empty, or the options make no sense. The other functions make their own.
PARLOR_EXPORT char *parlor_token(const char *access_key, const char *app_secret,
                                 const struct parlor_token_options *options);
// A management token for 24 hours.
PARLOR_EXPORT char *parlor_management_token(const char *access_key, const char *app_secret);

// --- Calls ---
//
// What has many fields comes as JSON: a string that the caller frees with free(); NULL is a
// refusal, with `error`. What returns int returns 0, or -1 with `error`.

// Any call of the API: `method` is "GET", "POST" or "DELETE", `path` comes after base_url
// ("/rooms?limit=100"), `body` is JSON or NULL. Returns the answer, which the caller frees with
// free(): JSON, or "" where there is none; NULL with `error` for a refusal.
PARLOR_EXPORT char *parlor_call(const struct parlor_server *server, const char *method,
                                const char *path, const char *body, struct parlor_error *error);

// --- Rooms ---

// What a room is to be. NULL stands for the server's choice.
struct parlor_room_options {
    const char *name;        // of a-z A-Z 0-9 . - : _  A name that exists gives that room.
    const char *description; // at most 4096 octets
    const char *template_id; // 24 hex digits
    int size;                // people at most; 0: the server's choice
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

// Codes for all roles of the room's template:
// {"data":[{"role":"host","code":"xxx-yyyy-zzz",...}]}.
PARLOR_EXPORT char *parlor_list_room_codes(const struct parlor_server *server,
                                           const char *room_id, struct parlor_error *error);

// The id of a room that is named by its id or its name; `error->status` is 404 when there is
// none of that name. An id is not looked up.
PARLOR_EXPORT int parlor_find_room(const struct parlor_server *server, const char *id_or_name,
                                   char id[PARLOR_ID_LEN + 1], struct parlor_error *error);
PARLOR_EXPORT char *parlor_get_room(const struct parlor_server *server, const char *room_id,
                                    struct parlor_error *error);

// A page, newest first: {"limit","data":[...],"last"}. `limit` is 1 to 100, 0 for 100; `start`
// is the "last" of the page before, NULL for the first one.
PARLOR_EXPORT char *parlor_list_rooms(const struct parlor_server *server, int limit,
                                      const char *start, struct parlor_error *error);

// Ends the meeting for all; with `lock` the room is disabled too. 404: nobody is in it.
// `reason` may be NULL.
PARLOR_EXPORT int parlor_end_room(const struct parlor_server *server, const char *room_id,
                                  const char *reason, int lock, struct parlor_error *error);
// Deletes the room with its codes. 409: somebody is in it.
PARLOR_EXPORT int parlor_delete_room(const struct parlor_server *server, const char *room_id,
                                     struct parlor_error *error);

// --- Templates ---

PARLOR_EXPORT int parlor_find_template(const struct parlor_server *server,
                                       const char *id_or_name, char id[PARLOR_ID_LEN + 1],
                                       struct parlor_error *error);
PARLOR_EXPORT char *parlor_get_template(const struct parlor_server *server,
                                        const char *template_id, struct parlor_error *error);
PARLOR_EXPORT char *parlor_list_templates(const struct parlor_server *server, int limit,
                                          const char *start, struct parlor_error *error);
// Makes the template that `template_json` describes, or overwrites the one of its name.
PARLOR_EXPORT char *parlor_apply_template(const struct parlor_server *server,
                                          const char *template_json,
                                          struct parlor_error *error);

#ifdef __cplusplus
}
#endif
