// The rate that the loss allows. Some networks lose packets whatever is sent, others when more
// is sent than they carry; which it is shows when rates and losses are seen together. A model
// with two unknowns, the way's capacity and its own loss, is fitted to the last seconds:
//
//     loss(rate) = own + (1 - own) * max(0, rate - capacity) / rate
//
// docs/bwe.md has the whole.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { BWE_LOSS_OBSERVATIONS = 20 };

// What was sent in some 250 ms, and how much of it was lost.
struct bwe_observation {
    double bps;
    double received; // packets
    double lost;
};

struct bwe_loss {
    double bps;
    double share; // lost of what was sent lately
    struct bwe_observation ring[BWE_LOSS_OBSERVATIONS];
    uint32_t count; // ever
    // More is lost, again and again, than the budget of repair makes up for (sfu/repair.h).
    bool heavy;
    uint8_t heavy_bits; // whether it was so in each of the last observations, the last lowest
    // The observation that is being made:
    uint32_t expected;
    uint32_t lost;
    uint64_t octets;
    int64_t began_at;
    int64_t last_at;
};

void bwe_loss_init(struct bwe_loss *l, double bps, int64_t now);
// Another rate was found by a probe. The way's own loss is what it was.
void bwe_loss_restart(struct bwe_loss *l, double bps, int64_t now);
// Feedback came of so many packets and octets, sent until `sent_at`.
void bwe_loss_count(struct bwe_loss *l, uint32_t expected, uint32_t lost, uint64_t octets,
                    int64_t sent_at);
// `limited`: the application sends less than it might, and nothing is learned of more.
void bwe_loss_update(struct bwe_loss *l, bool limited);
