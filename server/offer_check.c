#include "server/offer_check.h"

#include "base/mem.h"
#include "sfu/publisher.h"

static int check(const struct command *command, struct text *why)
{
    struct publish_offer *offer = mem_alloc(sizeof *offer);
    int err = publisher_read_offer(command, offer, why);
    mem_free(offer);
    mem_free(command->offer.sdp);
    return err;
}

// Which of its tracks are published is found by their names: that refuses none.
int offer_check_signal(struct bytes sdp, struct text *why)
{
    struct command command = {.kind = COMMAND_OFFER};
    command.offer.sdp = mem_text_of(sdp);
    return check(&command, why);
}

int offer_check(struct bytes sdp, bool may_send_audio, bool may_send_video, struct text *why)
{
    struct command command = {.kind = COMMAND_OFFER};
    struct command_track tracks[2];
    command.offer.sdp = mem_text_of(sdp);
    command.offer.whole = true;
    command.offer.tracks = tracks;
    if (may_send_audio)
        tracks[command.offer.track_count++] = (struct command_track){.kind = MEDIA_AUDIO};
    if (may_send_video)
        tracks[command.offer.track_count++] = (struct command_track){.kind = MEDIA_VIDEO};
    return check(&command, why);
}
