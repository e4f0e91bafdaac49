// Documents of live sessions, as a damaged database could hold them. What is taken has to be
// written again, and read again.
#include "base/mem.h"
#include "store/snapshot.h"

#include <stdlib.h>

static const struct moment now = {1000000, 1700000000000};

static struct template *make_template(void)
{
    struct template *t = template_new();
    template_set_roles(t, 2);
    t->roles[0].name = "host";
    t->roles[1].name = "guest";
    return t;
}

static bool restore(struct rooms *rooms, struct bytes document, struct text *written)
{
    static const struct room_record record = {
        .id = "64b000000000000000000001", .enabled = true, .chat_history = 3};
    struct event_list events = {0};
    size_t left_out;
    int err = store_snapshot_restore(rooms, &record, make_template(), document, now, &events,
                                     &left_out);
    event_list_dispose(&events);
    if (err) {
        if (rooms->by_id.count || rooms->peers.count || !list_empty(&rooms->detached))
            abort(); // something was left behind
        return false;
    }
    struct room *room = rooms_find(rooms, record.id);
    room->store.last_version -= 1024 * 1024; // it grows with each restart
    store_snapshot_write(room, written);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rng rng = rng_seeded(1);
    struct rooms rooms;
    struct text once = {0}, twice = {0};

    rooms_init(&rooms, &rng);
    bool taken = restore(&rooms, (struct bytes){data, size}, &once);
    rooms_dispose(&rooms);
    if (taken) {
        rooms_init(&rooms, &rng);
        if (!restore(&rooms, text_bytes(&once), &twice) || once.len != twice.len)
            abort(); // our own document was not understood
        rooms_dispose(&rooms);
    }
    text_dispose(&once);
    text_dispose(&twice);
    return 0;
}
