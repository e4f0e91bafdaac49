#include "sfu/key_budget.h"

enum { SAVED_US = 30 * 1000 * 1000 };

static const int64_t cost_us[] = {
    [KEY_ASKED] = 6 * 1000 * 1000, [KEY_LOST] = 3 * 1000 * 1000, [KEY_CHOSEN] = 1500 * 1000};

bool key_budget_take(struct key_budget *b, unsigned layer, int64_t came_at,
                     enum key_cause cause, int64_t now)
{
    bool again = b->passed_at != 0 && b->layer == layer && came_at <= b->passed_at;
    int64_t earned_at = b->earned_at > now ? b->earned_at : now;
    if (!again && earned_at + cost_us[cause] > now + SAVED_US) {
        if (b->owed_at == 0 || b->owed_layer != layer)
            b->owed_at = now;
        b->owed_layer = (uint8_t)layer;
        return false;
    }
    b->owed_at = 0;
    if (again)
        return true;
    b->earned_at = earned_at + cost_us[cause];
    b->passed_at = now;
    b->layer = (uint8_t)layer;
    return true;
}
