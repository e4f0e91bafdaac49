// The dashboard's calls: who asks, what of it may be done, and what is written down of it.
// Private to the folder, but for what a call carries.
//
//     control thread   api_admin_arrive()  is it a page of ours, with a cookie and its CSRF
//     token store thread     finds the session control thread   api_admit()         who is it,
//     may they; what the body wishes password thread  scrypt, when there is a password store
//     thread     the handler, and the audit's row in the same transaction
#pragma once

#include "api/context.h"
#include "api/routes.h"
#include "base/password.h"
#include "store/sign_ins.h"

struct api_admin {
    char hash[SIGN_IN_HASH_LEN + 1]; // of the session that the cookie names; "": none

    // Once it was looked up, or somebody signed in. All strings are in the request's arena.
    bool is_signed_in;
    struct store_sign_in session;

    // What the body wishes, checked. NULL: not sent.
    const char *name;
    const char *password;     // that is
    const char *new_password; // that is to be
    bool has_role;
    enum account_role role;
    char kept[PASSWORD_KEPT_MAX];         // of the new one
    char link_hash[SIGN_IN_HASH_LEN + 1]; // of POST /v2/admin/link
    int64_t link_expires_at;              // ms
    bool is_counted;                      // as a try of a password

    // For the audit.
    bool is_known;      // somebody is known to have tried it: a refusal is written down, too
    bool is_written;    // with the handler's transaction
    const char *target; // the name of what it hits; NULL: looked for
};

// --- admin_cookie.c ---

enum { ADMIN_SECRET_LEN = 43 }; // 32 octets as base64url

// The session's secret, as the request's cookie has it. False when it has none, or several.
bool api_admin_cookie(const struct http_request *request, char secret[ADMIN_SECRET_LEN + 1]);
void api_admin_set_cookie(struct http_request *request, struct http_response *response,
                          const char *secret); // NULL takes it away
void api_admin_hash(const char *secret, char hash[SIGN_IN_HASH_LEN + 1]);
// What the token header of this session's changes is.
void api_admin_csrf(const char *secret, char csrf[ADMIN_SECRET_LEN + 1]);

// --- admin_door.c ---

int api_admin_arrive(const struct api_config *config, struct api_call *call,
                     struct http_response *response);

// --- admin_wish.c ---

// Reads what a row with API_PASSWORD takes.
int api_admin_wish(struct api_context *c);

// --- admin_run.c ---

int api_admin_run(struct api_context *c); // the step that is due

// --- admin_sessions.c ---

// Another session for `account`, with its cookie, in place of the one that the request names.
int api_admin_begin(struct api_context *c, struct store_account *account);
int api_admin_check_password(struct api_context *c);

// --- admin_audit.c ---

int api_admin_note(struct api_context *c); // its row
