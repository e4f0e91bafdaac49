// What the server's side of a connection says in tests of descriptions.
#pragma once

#include "rtc/negotiate.h"
#include "test.h"

static inline struct local_description local(void)
{
    static const uint8_t fingerprint[FINGERPRINT_LEN] = {0xab, 0x01};
    static struct addr candidate;
    CHECK_EQ(addr_parse(&candidate, "192.0.2.10:7000"), 0);
    return (struct local_description){
        .ufrag = "ourufrag",
        .pwd = "ourpasswordourpassword01",
        .fingerprint = fingerprint,
        .candidates = &candidate,
        .candidate_count = 1,
        .session_id = 77,
        .session_version = 3,
    };
}
