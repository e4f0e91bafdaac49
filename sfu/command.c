#include "sfu/command.h"

#include "base/mem.h"

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
    case COMMAND_SCTP_SEND:
        mem_free(c->sctp.packet);
        break;
    default: // points to nothing
        break;
    }
    *c = (struct command){.kind = c->kind};
}
