// 16-bit sequence numbers extended to 64 bits, so that all others compare and subtract them
// without thinking of the wrap.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Zero-initialised has seen nothing. The first number is extended by 65536, so extended
// numbers are never 0, also when an older packet arrives after the first one. (The index that
// srtp_unprotect() gives starts elsewhere: do not mix the two.)
struct seq {
    uint64_t highest; // extended; 0 before the first number
};

// The extended number that is nearest to the highest seen; moves `highest` forward.
uint64_t seq_extend(struct seq *s, uint16_t number);

// The same without moving anything: for the numbers in a NACK or in feedback, which are the
// peer's to choose. 0 before the first number.
uint64_t seq_peek(const struct seq *s, uint16_t number);

// The 16 bits that go on the wire: (uint16_t)extended.
