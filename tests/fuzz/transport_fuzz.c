// Datagrams for a transport from an address that it has checked: the first octet decides who
// reads them, DTLS records meet their gate. The input is a sequence of datagrams, each behind
// its length in two octets.
#include "base/mem.h"
#include "rtc/dtls.h"
#include "rtc/stun.h"
#include "rtc/transport.h"

#include <stdio.h>

static void pass_check(struct transport *t, const struct addr *from, struct batch *out)
{
    char name[64];
    snprintf(name, sizeof name, "%s:x", transport_ufrag(t));
    struct stun_check check = {
        .username = bytes_of(name), .password = bytes_of(transport_pwd(t)), .nominate = true};
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    struct transport_received received;
    stun_put_check(&w, &check);
    transport_receive(t, from, w.at, w.len, 0, out, &received);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct transport_config config;
    static struct rng rng;
    if (!config.engine)
        config = (struct transport_config){
            .engine = srtp_engine_best(), .identity = dtls_identity_new(), .rng = &rng};
    rng = rng_seeded(1);
    struct transport *t = transport_new(&config, 0);
    struct batch out = {0};
    struct addr from = {.port = 9};
    pass_check(t, &from, &out);
    while (size >= 2) {
        size_t len = read_u16(data) < size - 2 ? read_u16(data) : size - 2;
        uint8_t *datagram = mem_alloc(len);
        struct transport_received received;
        memcpy(datagram, data + 2, len);
        transport_receive(t, &from, datagram, len, 1, &out, &received);
        while (transport_more(t, &received))
            ;
        mem_free(datagram);
        data += 2 + len;
        size -= 2 + len;
    }
    batch_dispose(&out);
    transport_free(t);
    return 0;
}
