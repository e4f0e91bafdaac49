#include "room/engine.h"

#include <assert.h>

bool engine_grants(const struct engines *engines, const struct role *role, enum permission p)
{
    assert(p < PERMISSION_COUNT);
    if (!role->permissions[p])
        return false;
    switch (p) {
    case PERMISSION_BROWSER_RECORDING:
        return engines->has[ENGINE_RECORDING];
    case PERMISSION_RTMP_STREAMING:
        return engines->has[ENGINE_RTMP];
    case PERMISSION_HLS_STREAMING:
        return engines->has[ENGINE_HLS];
    default:
        return true;
    }
}
