// Makes a meeting and prints its two codes:
//
//     PARLOR_ACCESS_KEY=... PARLOR_APP_SECRET=... ./parlor-example http://localhost:8080/v2
#include "client/parlor.h" // <parlor.h> once it is installed

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct parlor_server server = {
        .base_url = argc > 1 ? argv[1] : "http://localhost:8080/v2",
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
