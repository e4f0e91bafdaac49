#include "base/password.h"
#include "test.h"

#include <string.h>

static struct rng rng;

TEST(what_was_kept_is_known_again_and_nothing_else_is)
{
    char kept[PASSWORD_KEPT_MAX], other[PASSWORD_KEPT_MAX];
    rng = rng_seeded(3);
    password_keep("correct horse", &rng, kept);
    CHECK(password_is("correct horse", kept));
    CHECK(!password_is("correct hors", kept));
    CHECK(!password_is("", kept));
    password_keep("correct horse", &rng, other);
    CHECK(strcmp(kept, other) != 0); // salted
}

// Of Python's hashlib.scrypt(b"battery staple", salt=bytes(range(16)), n=1024, r=8, p=1,
// dklen=32).
TEST(what_others_derived_is_known)
{
    CHECK(password_is("battery staple", "scrypt$10$8$1$AAECAwQFBgcICQoLDA0ODw$"
                                        "wGLauAstVuhMnKqLpyZytwTaz7wv22NoAt2Z6LthZkc"));
}

TEST(what_is_no_text_of_ours_opens_nothing)
{
    static const char *const texts[] = {"",
                                        "plain",
                                        "scrypt$",
                                        "scrypt$15$8$3$",
                                        "scrypt$15$8$3$AAECAwQFBgcICQoLDA0ODw$",
                                        ("scrypt$99$8$1$AAECAwQFBgcICQoLDA0ODw$"
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(!password_is("plain", texts[i]));
    CHECK(!password_is("plain", NULL));
}
