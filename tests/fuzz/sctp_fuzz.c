// Chunks from a peer, in a packet with the right ports, tag and checksum: once into an
// association that waits for its INIT ACK, and once into an established one.
#include "base/limits.h"
#include "base/mem.h"
#include "rtc/sctp.h"

#include <usrsctp.h>

enum { HEADER_LEN = 12 };

static struct sctp_notices notices;
static struct sctp_association *sides[2];

// Until nothing is said any more.
static void deliver(void)
{
    for (size_t i = 0; i < notices.count; i++) {
        struct sctp_notice n = notices.at[i];
        notices.at[i].at = NULL;
        if (n.kind == SCTP_NOTICE_PACKET && sides[!n.owner])
            sctp_receive(sides[!n.owner], (struct bytes){n.at, n.len}, 0, &notices);
        mem_free(n.at);
    }
    sctp_notices_clear(&notices);
}

static void inject(struct sctp_association *to, const uint8_t *tag, const uint8_t *data,
                   size_t size)
{
    uint8_t packet[DATAGRAM_MAX] = {0};
    write_u16(packet, SCTP_PORT);
    write_u16(packet + 2, SCTP_PORT);
    memcpy(packet + 4, tag, 4);
    memcpy(packet + HEADER_LEN, data, size);
    uint32_t crc = usrsctp_crc32c(packet, HEADER_LEN + size);
    memcpy(packet + 8, &crc, sizeof crc);
    sctp_receive(to, (struct bytes){packet, HEADER_LEN + size}, 0, &notices);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sctp_stack *stack;
    uint8_t tag[4];
    if (size > DATAGRAM_MAX - HEADER_LEN)
        return 0;
    if (!stack)
        stack = sctp_stack_new(0);
    sides[0] = sctp_open(stack, 0, SCTP_PORT, 0, &notices);
    memcpy(tag, notices.at[0].at + 16, sizeof tag); // the initiate tag of the INIT
    inject(sides[0], tag, data, size);
    sctp_close_association(sides[0], 0, &notices);
    sctp_notices_clear(&notices);

    sides[0] = sctp_open(stack, 0, SCTP_PORT, 0, &notices);
    memcpy(tag, notices.at[0].at + 16, sizeof tag);
    sides[1] = sctp_open(stack, 1, SCTP_PORT, 0, &notices);
    deliver();
    inject(sides[0], tag, data, size);
    deliver();
    for (int i = 0; i < 2; i++)
        sctp_close_association(sides[i], 0, &notices);
    sides[0] = sides[1] = NULL;
    sctp_notices_clear(&notices);
    return 0;
}
