#include "sfu/command.h"

#include "base/mem.h"

#include <string.h>

void command_dispose(struct command *c)
{
    switch (c->kind) {
    case COMMAND_OFFER:
        mem_free(c->offer.sdp);
        mem_free(c->offer.tracks);
        break;
    case COMMAND_ANSWER:
        mem_free(c->answer.sdp);
        break;
    case COMMAND_WATCH:
        mem_free(c->watch.sdp);
        break;
    case COMMAND_FRAGMENT:
        mem_free(c->fragment.text);
        break;
    case COMMAND_CANDIDATES:
        mem_free(c->candidates.list);
        break;
    case COMMAND_SCTP_SEND:
        mem_free(c->sctp.packet);
        break;
    default: // points to nothing
        break;
    }
    *c = (struct command){.kind = c->kind};
}

static size_t cost_of(const char *sdp)
{
    return sdp ? strlen(sdp) / 50 : 0;
}

size_t command_cost(const struct command *c)
{
    switch (c->kind) {
    case COMMAND_OFFER:
        return 1 + cost_of(c->offer.sdp);
    case COMMAND_ANSWER:
        return 1 + cost_of(c->answer.sdp);
    case COMMAND_WATCH:
        return 1 + cost_of(c->watch.sdp);
    case COMMAND_FRAGMENT:
        return 1 + cost_of(c->fragment.text);
    case COMMAND_ENDPOINT_OPEN:
        return 64;
    case COMMAND_ENDPOINT_CLOSE:
    case COMMAND_FIGURES: // of a hundred feeds
        return 32;
    case COMMAND_SCTP_SEND:
        return 8;
    default:
        return 1;
    }
}
