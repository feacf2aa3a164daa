// SPDX-License-Identifier: Apache-2.0
/*
 * Uses the C ABI like a C program: compiled with the committed header, and linked with the release library.
 * Token and key are the example of RFC 7515, appendix A.1. The time is an argument, so the token does not expire.
 */
#include "nativejwt.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_CAPACITY 4096
#define THREADS 8
#define ROUNDS 1000

static const char KEY[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==\n";
static const char HEADER[] =
    "Bearer eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const int64_t EXPIRES_AT_MILLIS = INT64_C(1300819380000);

static int passed;
static int failed;

static void check(int holds, const char *what) {
    if (holds) {
        passed++;
    } else {
        failed++;
        printf("FAILED: %s\n", what);
    }
}

static uint8_t *new_record(void) {
    uint8_t *record = malloc(NATIVEJWT_RECORD_CAPACITY);
    if (record == NULL) {
        exit(2);
    }
    /* What the library does not write must not look like a result. */
    memset(record, 0xee, NATIVEJWT_RECORD_CAPACITY);
    return record;
}

static nativejwt_record head(const uint8_t *record) {
    nativejwt_record head;
    memcpy(&head, record, sizeof head);
    return head;
}

static int text_is(const uint8_t *record, uint32_t offset, uint32_t length, const char *expected) {
    return offset >= sizeof(nativejwt_record) && (uint64_t)offset + length <= NATIVEJWT_RECORD_CAPACITY &&
           length == strlen(expected) && memcmp(record + offset, expected, length) == 0;
}

static int text_has(const uint8_t *record, uint32_t offset, uint32_t length, const char *part) {
    size_t part_length = strlen(part);
    for (uint32_t i = 0; i + part_length <= length; i++) {
        if (memcmp(record + offset + i, part, part_length) == 0) {
            return 1;
        }
    }
    return 0;
}

static nativejwt_authenticator *open_with(const char *config, const char *source, uint8_t *record) {
    return nativejwt_open((const uint8_t *)config, strlen(config), (const uint8_t *)source, strlen(source), NULL, 0, 0,
                          record, NATIVEJWT_RECORD_CAPACITY);
}

static uint32_t describe(const char *config, uint8_t *record) {
    return nativejwt_describe((const uint8_t *)config, strlen(config), record, NATIVEJWT_RECORD_CAPACITY);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

static uint32_t authenticate_with(const nativejwt_authenticator *authenticator, const char *header, int64_t now,
                           uint32_t flags, uint8_t *record) {
    return nativejwt_authenticate(authenticator, (const uint8_t *)header, strlen(header), now, flags, record,
                                  NATIVEJWT_RECORD_CAPACITY);
}

static uint32_t authenticate(const nativejwt_authenticator *authenticator, const char *header, int64_t now, uint8_t *record) {
    return authenticate_with(authenticator, header, now, 0, record);
}

static void *authenticate_often(void *argument) {
    const nativejwt_authenticator *authenticator = argument;
    uint8_t *record = new_record();
    intptr_t wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (authenticate(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, record) != 0 ||
            authenticate(authenticator, HEADER, EXPIRES_AT_MILLIS + 1, record) != NATIVEJWT_REJECT_TOKEN_EXPIRED) {
            wrong++;
        }
    }
    free(record);
    return (void *)wrong;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: smoke KEY-FILE CONFIG-FILE VERSION\n");
        return 2;
    }
    const char *key_file = arguments[1];
    const char *config_file = arguments[2];
    const char *workspace_version = arguments[3];
    write_file(key_file, KEY);

    check(nativejwt_abi_version() == NATIVEJWT_ABI_VERSION, "the library has the header's ABI version");
    uint8_t version[64];
    size_t version_length = nativejwt_library_version(version, sizeof version);
    check(version_length == strlen(workspace_version) && memcmp(version, workspace_version, version_length) == 0,
          "the library has the workspace's version");
    version[1] = '#';
    check(nativejwt_library_version(version, 1) == version_length && version[1] == '#',
          "a version is cut to the buffer");

    uint8_t *record = new_record();
    static const char misspelt[] = "# a comment\nhttp-server.authentication.jwt.key-fiel=x\n";
    write_file(config_file, misspelt);
    nativejwt_authenticator *none = open_with(misspelt, config_file, record);
    nativejwt_record errors = head(record);
    check(none == NULL && errors.code == NATIVEJWT_CODE_CONFIGURATION, "an unknown property is an error");
    check(text_has(record, errors.message_offset, errors.message_length, "key-fiel") &&
              text_has(record, errors.message_offset, errors.message_length, config_file) &&
              text_has(record, errors.message_offset, errors.message_length, ":2: "),
          "the error names property, file and line");

    char config[CONFIG_CAPACITY];
    snprintf(config, sizeof config,
             "http-server.authentication.jwt.key-file=%s\nhttp-server.authentication.jwt.principal-field=iss\n"
             "http-server.authentication.jwt.groups-field=iss\n",
             key_file);
    uint32_t described = describe(config, record);
    nativejwt_record description = head(record);
    check(described == 0 && description.code == 0 &&
              description.flags == NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER && description.message_length == 0,
          "a description says that groups are returned and keys are not fetched");
    described = describe("http-server.authentication.jwt.key-file=OIDC:https://idp.example\n"
                         "http-server.authentication.jwt.pass-through.credential-name=token\n",
                         record);
    description = head(record);
    check(described == 0 && description.flags == (NATIVEJWT_DESCRIBED_USES_HTTP_CLIENT |
                                                  NATIVEJWT_DESCRIBED_USES_TRUSTED_CERTIFICATES |
                                                  NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER) &&
              text_is(record, description.message_offset, description.message_length, "token"),
          "or that keys are fetched, and the credential's name");
    check(describe("a=\\u00", record) == NATIVEJWT_CODE_CONFIGURATION, "a malformed property text is an error");

    nativejwt_authenticator *authenticator = open_with(config, "", record);
    check(authenticator != NULL, "a valid configuration opens an authenticator");
    if (authenticator == NULL) {
        nativejwt_record why = head(record);
        printf("%.*s\n", (int)why.message_length, (const char *)record + why.message_offset);
        printf("%d passed, %d failed\n", passed, failed);
        return 1;
    }

    uint32_t code = authenticate(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, record);
    nativejwt_record accepted = head(record);
    check(code == 0 && accepted.code == 0, "the token of the RFC is accepted before it expires");
    check(text_is(record, accepted.principal_offset, accepted.principal_length, "joe"), "the principal is joe");
    check(text_is(record, accepted.user_offset, accepted.user_length, "joe"), "the user is joe");
    check(accepted.expires_at_millis == EXPIRES_AT_MILLIS, "exp is returned in milliseconds");
    uint32_t group_length = 0;
    if (accepted.groups_length == sizeof group_length + 3) {
        memcpy(&group_length, record + accepted.groups_offset, sizeof group_length);
    }
    check(group_length == 3 && text_is(record, accepted.groups_offset + (uint32_t)sizeof group_length, 3, "joe"),
          "the only group is joe");
    check(accepted.reason_length == 0 && accepted.message_length == 0, "an accepted token has no reason");

    check((accepted.flags & NATIVEJWT_RECORD_KEPT) != 0 && (accepted.flags & NATIVEJWT_RECORD_WITHOUT_TEXTS) == 0 &&
              accepted.cache_slot < nativejwt_cache_slots(authenticator),
          "the token is kept in a slot of the cache");
    check(accepted.identity_bytes > 0 && accepted.identity_bytes < nativejwt_cache_room(authenticator),
          "and the cache has room for it");

    code = authenticate_with(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, NATIVEJWT_AUTHENTICATE_REMEMBERED, record);
    nativejwt_record known = head(record);
    check(code == 0 && known.flags == (NATIVEJWT_RECORD_KEPT | NATIVEJWT_RECORD_WITHOUT_TEXTS | NATIVEJWT_RECORD_KNOWN) &&
              known.principal_length == 0 && known.user_length == 0,
          "the second time, the record has no texts");
    check(known.cache_slot == accepted.cache_slot && known.cache_generation == accepted.cache_generation,
          "and the same slot");
    code = authenticate(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, record);
    nativejwt_record again = head(record);
    check(code == 0 && again.cache_generation == accepted.cache_generation &&
              text_is(record, again.principal_offset, again.principal_length, "joe"),
          "without the flag REMEMBERED, the record has the texts");
    nativejwt_forget_tokens(authenticator);
    code = authenticate_with(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, NATIVEJWT_AUTHENTICATE_REMEMBERED, record);
    nativejwt_record anew = head(record);
    check(code == 0 && anew.cache_generation != accepted.cache_generation &&
              text_is(record, anew.principal_offset, anew.principal_length, "joe"),
          "after forgetting, the token is verified again, with texts");

    code = authenticate_with(authenticator, HEADER, EXPIRES_AT_MILLIS + 1, NATIVEJWT_AUTHENTICATE_REMEMBERED, record);
    nativejwt_record expired = head(record);
    check(code == NATIVEJWT_REJECT_TOKEN_EXPIRED && expired.code == code, "the token is rejected after it expired");
    check(text_is(record, expired.reason_offset, expired.reason_length, "TOKEN_EXPIRED"), "with the name of the reason");
    check(text_has(record, expired.message_offset, expired.message_length, "JWT expired 1 milliseconds ago"),
          "and a message");

    uint32_t known_and_now = NATIVEJWT_AUTHENTICATE_REMEMBERED + NATIVEJWT_AUTHENTICATE_NOW;
    check(authenticate(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, record) == 0 &&
              authenticate_with(authenticator, HEADER, EXPIRES_AT_MILLIS - 1, known_and_now, record) ==
                  NATIVEJWT_REJECT_TOKEN_EXPIRED,
          "by the system clock the token has expired, whatever time the caller passes");

    check(authenticate(authenticator, "", 0, record) == NATIVEJWT_REJECT_NO_BEARER_TOKEN, "an empty header has no token");
    check(nativejwt_authenticate(authenticator, NULL, 0, 0, 0, record, NATIVEJWT_RECORD_CAPACITY) ==
              NATIVEJWT_REJECT_NO_BEARER_TOKEN,
          "and neither has a null header");
    check(authenticate(authenticator, "Bearer a.b.c.d.e", 0, record) == NATIVEJWT_REJECT_ENCRYPTED_TOKEN,
          "a JWE is rejected");

    static uint8_t text[65536];
    size_t length =
        nativejwt_describe_token(authenticator, (const uint8_t *)HEADER, strlen(HEADER), text, sizeof text);
    check(length > 22 && length < sizeof text && memcmp(text + length - 22, "trace=", 6) == 0,
          "a line of the log can name a token");
    check(nativejwt_describe_token(authenticator, NULL, 0, text, sizeof text) == 0, "and nothing without one");
    length = nativejwt_recent_rejections(authenticator, text, sizeof text);
    check(length > 2 && length < sizeof text && text[0] == '[' && text[length - 1] == ']',
          "the last rejections are a JSON array");
    check(nativejwt_recent_rejections(authenticator, NULL, 0) == length, "whose length is known before");
    check(nativejwt_refresh_keys(authenticator) == 0, "no key is fetched");

    uint32_t logout = nativejwt_log_out(authenticator, (const uint8_t *)"a.b.c", 5, record, NATIVEJWT_RECORD_CAPACITY);
    nativejwt_record off = head(record);
    check(logout == NATIVEJWT_LOGOUT_OFF && off.code == logout && off.message_length > 0,
          "without back-channel logout, no logout token is accepted");
    check(nativejwt_log_out(NULL, NULL, 0, NULL, 0) == NATIVEJWT_LOGOUT_UNAVAILABLE, "nor without an authenticator");

    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, authenticate_often, authenticator) != 0) {
            return 2;
        }
    }
    intptr_t wrong = 0;
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (intptr_t)result;
    }
    check(wrong == 0, "threads share an authenticator");

    check(nativejwt_drain_events(authenticator, record, NATIVEJWT_RECORD_CAPACITY) == 2,
          "one event says where keys come from, one what is in force");
    check(nativejwt_drain_events(authenticator, record, NATIVEJWT_RECORD_CAPACITY) == 0, "and there are no further events");
    nativejwt_close(authenticator);
    nativejwt_close(NULL);
    free(record);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
