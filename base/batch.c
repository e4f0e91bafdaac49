#include "base/batch.h"

#include "base/mem.h"

#include <assert.h>

enum {
    CHUNK_SIZE = 64 * 1024,
    CACHE_LINE = 64,
    RESETS_PER_PERIOD = 4096, // some seconds under load
    GIVEN_BACK_MIN = 1024,    // packets: 32 KB are kept
};

struct batch_chunk {
    struct batch_chunk *next;
    size_t used;
    size_t size;
    uint8_t at[];
};

static void free_chunks(struct batch_chunk *chunk)
{
    while (chunk) {
        struct batch_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
}

void batch_dispose(struct batch *b)
{
    batch_reset(b);
    free_chunks(b->store.chunks);
    mem_free(b->packets);
    mem_free(b->paths);
    mem_free(b->runs);
    *b = (struct batch){0};
}

// The arrays grow again as they grew at first. Paths and runs are no more than packets, but for
// plain datagrams, of which there are few.
static void give_back(struct batch *b)
{
    if (b->packet_count > b->peak)
        b->peak = b->packet_count;
    if (++b->resets < RESETS_PER_PERIOD)
        return;
    if (b->packet_cap > GIVEN_BACK_MIN && b->packet_cap / 4 >= b->peak) {
        mem_free(b->packets);
        mem_free(b->paths);
        mem_free(b->runs);
        b->packets = NULL;
        b->paths = NULL;
        b->runs = NULL;
        b->packet_cap = b->path_cap = b->run_cap = 0;
    }
    b->resets = 0;
    b->peak = 0;
}

void batch_reset(struct batch *b)
{
    for (uint32_t i = 0; i < b->path_count; i++)
        b->paths[i]->first = b->paths[i]->last = BATCH_END;
    give_back(b);
    b->packet_count = b->path_count = b->run_count = 0;
    // One chunk serves the usual tick; what an unusual one needed is given back.
    if (b->store.chunks) {
        free_chunks(b->store.chunks->next);
        b->store.chunks->next = NULL;
        b->store.chunks->used = 0;
    }
}

void batch_path_init(struct batch_path *path)
{
    *path = (struct batch_path){.first = BATCH_END, .last = BATCH_END};
}

uint8_t *batch_space(struct batch *b, size_t len)
{
    struct batch_chunk *chunk = b->store.chunks;
    if (!chunk || chunk->size - chunk->used < len) {
        size_t size = len > CHUNK_SIZE ? len : CHUNK_SIZE;
        chunk = mem_resize(NULL, sizeof *chunk + size); // not zeroed: it is written once
        *chunk = (struct batch_chunk){.next = b->store.chunks, .size = size};
        b->store.chunks = chunk;
    }
    uint8_t *at = chunk->at + chunk->used;
    chunk->used += len;
    return at;
}

struct batch_shared *batch_share(struct batch *b)
{
    uint8_t *at = batch_space(b, sizeof(struct batch_shared) + CACHE_LINE - 1);
    return (struct batch_shared *)(((uintptr_t)at + CACHE_LINE - 1) &
                                   ~(uintptr_t)(CACHE_LINE - 1));
}

void batch_add_run(struct batch *b, struct batch_run run)
{
    if (b->run_count == b->run_cap) {
        b->run_cap = b->run_cap ? b->run_cap * 2 : 64;
        b->runs = mem_resize(b->runs, b->run_cap * sizeof *b->runs);
    }
    b->runs[b->run_count++] = run;
}

void batch_datagram(struct batch *b, const struct addr *to, struct bytes datagram)
{
    assert(datagram.len > 0 && datagram.len <= UINT16_MAX);
    uint8_t *at = batch_space(b, datagram.len);
    memcpy(at, datagram.at, datagram.len);
    batch_add_run(b, (struct batch_run){.to = *to,
                                        .at = at,
                                        .len = (uint32_t)datagram.len,
                                        .segment_len = (uint16_t)datagram.len,
                                        .count = 1,
                                        .urgent = true});
}

static void add_path(struct batch *b, struct batch_path *path)
{
    if (b->path_count == b->path_cap) {
        b->path_cap = b->path_cap ? b->path_cap * 2 : 64;
        b->paths = mem_resize(b->paths, b->path_cap * sizeof(struct batch_path *));
    }
    b->paths[b->path_count++] = path;
}

struct batch_packet *batch_media(struct batch *b, struct batch_path *path)
{
    if (b->packet_count == b->packet_cap) {
        b->packet_cap = b->packet_cap ? b->packet_cap * 2 : 256;
        b->packets = mem_resize(b->packets, b->packet_cap * sizeof *b->packets);
    }
    uint32_t number = b->packet_count++;
    struct batch_packet *packet = &b->packets[number];
    packet->next = BATCH_END;
    if (path->first == BATCH_END) {
        path->first = number;
        add_path(b, path);
    } else {
        b->packets[path->last].next = number;
    }
    path->last = number;
    return packet;
}

struct batch_shared *batch_single(struct batch *b, struct batch_path *path,
                                  enum batch_kind kind, struct bytes plain, size_t clear_len,
                                  uint64_t index)
{
    assert(clear_len <= BATCH_HEAD_MAX && clear_len <= plain.len);
    struct batch_shared *shared = batch_share(b);
    size_t payload_len = plain.len - clear_len;
    uint8_t *payload = batch_space(b, payload_len);
    memcpy(shared->head, plain.at, clear_len);
    memcpy(payload, plain.at + clear_len, payload_len);
    shared->payload = (struct bytes){payload, payload_len};
    shared->kind = (uint8_t)kind;
    shared->urgent = kind == BATCH_RTCP;
    shared->head_len = shared->clear_len = (uint8_t)clear_len;
    shared->picture_id_at = shared->tl0_at = 0;
    shared->number_at = shared->frame_number_at = 0;
    shared->exact = false;

    struct batch_packet *p = batch_media(b, path);
    p->shared = shared;
    p->index = index;
    p->renumbered = false;
    p->cluster = 0;
    if (kind == BATCH_RTP) {
        p->timestamp = read_u32(plain.at + 4);
        p->ssrc = read_u32(plain.at + 8);
    }
    return shared;
}
