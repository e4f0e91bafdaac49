// A token from outside: the first octet of the input says whether the rest is taken as it is,
// or as the payload of a token that is signed well, so that what is behind the signature is
// reached.
#include "base/base64.h"
#include "base/jwt.h"

static const struct jwt_key key = {"64a1b2c3d4e5f60718293a4b",
                                   {"0123456789abcdef0123456789abcdef"}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jwt_claims claims;
    struct text token = {0};
    if (!size || size > 6000)
        return 0;
    if (data[0] == 'p') {
        uint8_t mac[JWT_MAC_LEN];
        text_add(&token, "eyJhbGciOiJIUzI1NiJ9.");
        base64url_add(&token, (struct bytes){data + 1, size - 1});
        jwt_hmac(bytes_of(key.secrets[0]), text_bytes(&token), mac);
        text_add_char(&token, '.');
        base64url_add(&token, (struct bytes){mac, sizeof mac});
    } else {
        text_add_bytes(&token, (struct bytes){data + 1, size - 1});
    }
    jwt_verify(text_bytes(&token), &(struct jwt_keys){&key, 1}, 1700000000, &claims);
    text_dispose(&token);
    return 0;
}
