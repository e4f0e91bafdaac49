#include "sfu/substream.h"

#include "base/mem.h"
#include "rtc/rtp.h"

#include <assert.h>

enum { NO_PICTURE = 0x10000 };

void substream_init(struct substream *s, uint32_t size, const struct progress *layer)
{
    assert(size > 0 && (size & (size - 1)) == 0);
    *s = (struct substream){
        .progress = *layer,
        .seq = layer->newest,
        .last_picture = NO_PICTURE,
        .size = size,
    };
    s->marks = mem_alloc_array(size, sizeof *s->marks);
    s->seqs = mem_alloc_array(size, sizeof *s->seqs);
}

void substream_dispose(struct substream *s)
{
    mem_free(s->marks);
    mem_free(s->seqs);
    *s = (struct substream){0};
}

static uint64_t dropped(const struct substream *s)
{
    return s->seq - s->progress.newest;
}

static const struct substream_mark *find(const struct substream *s, uint64_t seq)
{
    const struct substream_mark *mark = &s->marks[seq & (s->size - 1)];
    bool known = seq <= s->seq && s->seq - seq < s->size && mark->part != SUBSTREAM_UNKNOWN &&
                 mark->seq == (uint32_t)seq;
    return known ? mark : NULL;
}

static void keep(struct substream *s, const struct history_slot *slot,
                 struct substream_mark mark)
{
    mark.seq = (uint32_t)slot->seq;
    s->marks[slot->seq & (s->size - 1)] = mark;
    if (mark.part == SUBSTREAM_WITHOUT)
        return;
    s->seqs[(slot->seq - mark.dropped) & (s->size - 1)] = (uint32_t)slot->seq;
    s->progress.packets++;
    if (mark.part == SUBSTREAM_WITH)
        s->progress.octets += (uint32_t)slot->payload.len;
}

static void note_newest(struct substream *s, const struct history_slot *slot, uint16_t pictures)
{
    struct progress *at = &s->progress;
    at->timestamp = slot->timestamp;
    at->arrived_at = slot->arrived_at;
    at->picture_id = (uint16_t)(slot->info.picture_id - pictures);
    at->tl0 = slot->info.tl0;
}

static void note_in_order(struct substream *s, const struct history_slot *slot, bool within,
                          bool uncounted)
{
    struct substream_mark mark = {
        .dropped = dropped(s),
        .pictures = s->pictures,
        .part = within ? SUBSTREAM_WITH : SUBSTREAM_WITHOUT,
    };
    struct progress *at = &s->progress;
    uint64_t newest = slot->seq - mark.dropped - !within;
    assert(newest >= at->newest); // numbers never fall
    at->newest = newest;
    s->seq = slot->seq;
    if (within) {
        note_newest(s, slot, s->pictures);
    } else {
        if (uncounted && s->last_picture != slot->info.picture_id) {
            s->pictures++;
            s->last_picture = slot->info.picture_id;
        }
        // A picture before it may be missing yet: its id is not given to another.
        at->picture_id = (uint16_t)(slot->info.picture_id - s->pictures);
    }
    keep(s, slot, mark);
}

// As much was dropped before it as before the next one that is there: all between them have
// their numbers.
static void note_late(struct substream *s, const struct history_slot *slot, bool within)
{
    struct substream_mark mark = {.dropped = dropped(s), .pictures = s->pictures};
    for (uint64_t next = slot->seq + 1; next <= s->seq; next++) {
        const struct substream_mark *found = find(s, next);
        if (found) {
            mark = *found;
            break;
        }
    }
    mark.part = within ? SUBSTREAM_WITH : SUBSTREAM_EMPTY;
    keep(s, slot, mark);
    // All that overtook it is no part.
    if (within && rtp_timestamp_after(slot->timestamp, s->progress.timestamp))
        note_newest(s, slot, mark.pictures);
}

void substream_note(struct substream *s, const struct history_slot *slot, bool within,
                    bool uncounted)
{
    if (slot->seq > s->seq)
        note_in_order(s, slot, within, uncounted);
    else if (s->seq - slot->seq < s->size)
        note_late(s, slot, within);
    // else nobody remembers what was before it
}

void substream_restart(struct substream *s, uint64_t gap)
{
    s->seq += gap;
    s->progress.newest += gap;
}

struct substream_packet substream_packet(const struct substream *s, uint64_t seq)
{
    const struct substream_mark *mark = find(s, seq);
    if (!mark)
        return (struct substream_packet){.part = SUBSTREAM_UNKNOWN};
    return (struct substream_packet){
        .part = mark->part,
        .number = mark->part == SUBSTREAM_WITHOUT ? 0 : seq - mark->dropped,
        .pictures = mark->pictures,
    };
}

uint64_t substream_seq(const struct substream *s, uint64_t number)
{
    if (number == 0 || number > s->progress.newest || s->progress.newest - number >= s->size)
        return 0;
    uint32_t low = s->seqs[number & (s->size - 1)];
    uint64_t seq = s->seq - (uint32_t)((uint32_t)s->seq - low);
    return substream_packet(s, seq).number == number ? seq : 0;
}
