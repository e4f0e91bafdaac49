#include "base/map.h"

#include "base/mem.h"

#include <assert.h>

enum { SIZE_FIRST = 8 };

static char gone_mark;
#define MAP_GONE ((void *)&gone_mark)

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t read_little(const uint8_t *p, size_t len)
{
    uint64_t x = 0;
    for (size_t i = 0; i < len; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

// J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012.
uint64_t map_hash(struct bytes b, const uint64_t key[2])
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    size_t whole = b.len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = read_little(b.at + i, 8);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)b.len << 56;
    if (b.len > whole)
        last |= read_little(b.at + whole, b.len - whole);
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_dispose(struct map *m)
{
    mem_free(m->slots);
    m->slots = NULL;
    m->size = m->used = m->count = 0;
}

static struct map_slot *find(const struct map *m, struct bytes key, uint64_t hash)
{
    if (m->size == 0)
        return NULL;
    for (size_t i = hash & (m->size - 1);; i = (i + 1) & (m->size - 1)) {
        struct map_slot *slot = &m->slots[i];
        if (!slot->value)
            return NULL;
        if (slot->value != MAP_GONE && slot->hash == hash && bytes_equal(slot->key, key))
            return slot;
    }
}

void *map_get(const struct map *m, struct bytes key)
{
    const struct map_slot *slot = find(m, key, map_hash(key, m->seed));
    return slot ? slot->value : NULL;
}

static void insert_new(struct map *m, struct map_slot entry)
{
    size_t i = entry.hash & (m->size - 1);
    while (m->slots[i].value && m->slots[i].value != MAP_GONE)
        i = (i + 1) & (m->size - 1);
    if (!m->slots[i].value)
        m->used++;
    m->slots[i] = entry;
    m->count++;
}

// At most three quarters of the slots are in use, so that every search meets a free one.
static void grow(struct map *m)
{
    if ((m->used + 1) * 4 <= m->size * 3)
        return;
    struct map old = *m;
    m->size = SIZE_FIRST;
    while (m->size < (old.count + 1) * 2)
        m->size *= 2;
    m->slots = mem_alloc_array(m->size, sizeof *m->slots);
    m->used = m->count = 0;
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].value && old.slots[i].value != MAP_GONE)
            insert_new(m, old.slots[i]);
    mem_free(old.slots);
}

void *map_put(struct map *m, struct bytes key, void *value)
{
    assert(value);
    uint64_t hash = map_hash(key, m->seed);
    struct map_slot *slot = find(m, key, hash);
    if (slot) {
        void *old = slot->value;
        slot->key = key;
        slot->value = value;
        return old;
    }
    grow(m);
    insert_new(m, (struct map_slot){key, value, hash});
    return NULL;
}

void *map_remove(struct map *m, struct bytes key)
{
    struct map_slot *slot = find(m, key, map_hash(key, m->seed));
    if (!slot)
        return NULL;
    void *value = slot->value;
    slot->value = MAP_GONE;
    m->count--;
    return value;
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at < m->size) {
        void *value = m->slots[(*at)++].value;
        if (value && value != MAP_GONE)
            return value;
    }
    return NULL;
}
