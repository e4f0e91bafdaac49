// Makes a meeting and prints its two codes:
//
//     PARLOR_URL=http://localhost:8080 PARLOR_ACCESS_KEY=... PARLOR_APP_SECRET=...
//     parlor-example
#include "client/parlor.h" // <parlor.h> once it is installed

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const char *url = getenv("PARLOR_URL");
    char base_url[1024];
    snprintf(base_url, sizeof base_url, "%s/v2", url ? url : "http://localhost:8080");
    struct parlor_server server = {
        .base_url = base_url,
        .access_key = getenv("PARLOR_ACCESS_KEY"),
        .app_secret = getenv("PARLOR_APP_SECRET"),
    };
    struct parlor_room room;
    struct parlor_codes codes;
    struct parlor_error error;

    if (parlor_create_room(&server, NULL, &room, &error) ||
        parlor_get_room_codes(&server, room.id, &codes, &error)) {
        fprintf(stderr, "parlor-example: %s\n", error.message);
        return 1;
    }
    printf("{\"Host_Code\":\"%s\",\"Guest_Code\":\"%s\"}\n", codes.host, codes.guest);
    return 0;
}
