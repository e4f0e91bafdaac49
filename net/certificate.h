// What is in a server's certificate file, and whether it goes with its key: looked at, not
// used.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CERTIFICATE_TEXT_MAX = 256 };

struct certificate {
    int64_t begins_at_s, ends_at_s; // Unix time; 0 when it cannot be told
    bool is_pair;                   // the key is there, readable, and of this certificate
    bool covers_host;               // the name that was asked for
    bool is_self_issued;
    bool is_trusted;                     // by this machine's authorities, dates aside
    char distrust[CERTIFICATE_TEXT_MAX]; // why it is not
    char subject[CERTIFICATE_TEXT_MAX];  // "CN=meet.example.org"
};

// Reads the first certificate of `cert_path`, with those behind it as its chain. `host` NULL:
// none is asked for. Returns 0, ERR_IO when the file cannot be read (errno), or ERR_MALFORMED
// when it has no certificate.
int certificate_read(struct certificate *out, const char *cert_path, const char *key_path,
                     const char *host);
