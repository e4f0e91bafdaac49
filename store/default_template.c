#include "store/document.h"

// Back ends look the two role names up, in lower case. A host may do everything; a guest
// speaks, shows, shares and answers polls. The streaming permissions, which the hosted service
// gives to everyone, stay with the host. Both see who is in before they join. A camera is sent
// in three sizes, so that each who looks gets what its line has room for.
#define PUBLISH                                                                                \
    "\"publishParams\":{\"allowed\":[\"audio\",\"video\",\"screen\"],"                         \
    "\"audio\":{\"bitRate\":32,\"codec\":\"opus\"},"                                           \
    "\"video\":{\"bitRate\":1200,\"codec\":\"vp8\",\"frameRate\":30,"                          \
    "\"width\":1280,\"height\":720},"                                                          \
    "\"screen\":{\"bitRate\":2500,\"codec\":\"vp8\",\"frameRate\":15,"                         \
    "\"width\":1920,\"height\":1080},"                                                         \
    "\"simulcast\":{\"video\":{\"layers\":["                                                   \
    "{\"rid\":\"f\",\"scaleResolutionDownBy\":1,\"maxBitrate\":1200,\"maxFramerate\":30},"     \
    "{\"rid\":\"h\",\"scaleResolutionDownBy\":2,\"maxBitrate\":400,\"maxFramerate\":30},"      \
    "{\"rid\":\"q\",\"scaleResolutionDownBy\":4,\"maxBitrate\":120,\"maxFramerate\":15}]}}},"  \
    "\"subscribeParams\":{\"subscribeToRoles\":[\"host\",\"guest\"],"                          \
    "\"maxSubsBitRate\":3200,\"subscribeDegradation\":{\"packetLossThreshold\":25,"            \
    "\"degradeGracePeriodSeconds\":1,\"recoverGracePeriodSeconds\":4}},"

const char store_document_default[] =
    "{\"roles\":{"
    "\"host\":{\"name\":\"host\"," PUBLISH
    "\"permissions\":{\"endRoom\":true,\"removeOthers\":true,\"mute\":true,\"unmute\":true,"
    "\"changeRole\":true,\"sendRoomState\":true,\"pollRead\":true,\"pollWrite\":true,"
    "\"browserRecording\":true,\"rtmpStreaming\":true,\"hlsStreaming\":true},"
    "\"priority\":1,\"maxPeerCount\":0},"
    "\"guest\":{\"name\":\"guest\"," PUBLISH
    "\"permissions\":{\"endRoom\":false,\"removeOthers\":false,\"mute\":false,"
    "\"unmute\":false,\"changeRole\":false,\"sendRoomState\":true,\"pollRead\":true,"
    "\"pollWrite\":false,\"browserRecording\":false,\"rtmpStreaming\":false,"
    "\"hlsStreaming\":false},"
    "\"priority\":2,\"maxPeerCount\":0}},"
    "\"settings\":{\"region\":\"auto\",\"recording\":null,"
    "\"roomState\":{\"messageInterval\":5,\"sendPeerList\":true,"
    "\"stopRoomStateOnJoin\":true,\"enabled\":true},\"retry\":{}},"
    "\"destinations\":{},\"plugins\":{}}";
