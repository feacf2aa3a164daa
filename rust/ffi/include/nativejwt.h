/*
 * The C ABI of nativejwt. Generated from rust/ffi by cbindgen; do not edit.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef NATIVEJWT_H
#define NATIVEJWT_H

#include <stddef.h>
#include <stdint.h>

/* The reasons of rejections. The number of a reason never changes, and is never reused. */
/* There is no Authorization header, its scheme is not Bearer, or it contains no token. */
#define NATIVEJWT_REJECT_NO_BEARER_TOKEN 101
/* The request has more than one Authorization header. */
#define NATIVEJWT_REJECT_SEVERAL_AUTHORIZATION_HEADERS 102
/* The token is longer than max-token-size. It was not decoded. */
#define NATIVEJWT_REJECT_TOKEN_TOO_LARGE 103
/* The client sent an extra credential with the name that pass-through.credential-name reserves for the token. */
#define NATIVEJWT_REJECT_RESERVED_CREDENTIAL 104
/* The token is not three base64url parts with two dots between them (RFC 7515, section 7.1). */
#define NATIVEJWT_REJECT_MALFORMED_TOKEN 201
/* The token has five parts: it is a JWE, which is never decrypted. */
#define NATIVEJWT_REJECT_ENCRYPTED_TOKEN 202
/* A part is not strict base64url: it has padding, white space, a foreign character or stray bits (RFC 7515, section 2). */
#define NATIVEJWT_REJECT_MALFORMED_BASE64 203
/* The protected header is not one JSON object with members of the right types. */
#define NATIVEJWT_REJECT_MALFORMED_HEADER 204
/* A JSON object of the token contains a duplicate member (RFC 7519, section 4). */
#define NATIVEJWT_REJECT_DUPLICATE_MEMBER 205
/* The protected header has no alg (RFC 7515, section 4.1.1). */
#define NATIVEJWT_REJECT_MISSING_ALGORITHM 206
/* alg is none, in upper or lower case (RFC 8725, section 3.1). */
#define NATIVEJWT_REJECT_UNSECURED_TOKEN 207
/* alg is not a supported algorithm. */
#define NATIVEJWT_REJECT_UNSUPPORTED_ALGORITHM 208
/* The third part, the signature, is empty. */
#define NATIVEJWT_REJECT_MISSING_SIGNATURE 209
/* The protected header has crit: it requires an extension, and none is supported (RFC 7515, section 4.1.11). */
#define NATIVEJWT_REJECT_CRITICAL_HEADER 210
/* The protected header has zip, which a JWS must not have. */
#define NATIVEJWT_REJECT_COMPRESSED_TOKEN 211
/* The protected header has cty: the payload is another token, or is not a set of claims. */
#define NATIVEJWT_REJECT_NESTED_TOKEN 212
/* The protected header has b64 (RFC 7797), which is not supported. */
#define NATIVEJWT_REJECT_UNENCODED_PAYLOAD 213
/* alg is not one of allowed-algorithms (RFC 8725, section 3.1). */
#define NATIVEJWT_REJECT_ALGORITHM_NOT_ALLOWED 214
/* typ is not required-token-type (RFC 8725, section 3.11). */
#define NATIVEJWT_REJECT_WRONG_TOKEN_TYPE 215
/* The protected header has no kid, which is needed to choose a key. */
#define NATIVEJWT_REJECT_KEY_ID_REQUIRED 301
/* No key has the kid of the protected header. */
#define NATIVEJWT_REJECT_UNKNOWN_KEY_ID 302
/* The token is signed with HMAC, but the key is a public key. */
#define NATIVEJWT_REJECT_NO_HMAC_KEY 303
/* The token is signed with a private key, but the key is an HMAC secret. */
#define NATIVEJWT_REJECT_NO_PUBLIC_KEY 304
/* The key's type, curve or length does not fit alg, or its JWK restricts it to another use (RFC 7518, section 3.1). */
#define NATIVEJWT_REJECT_KEY_ALGORITHM_MISMATCH 305
/* There are no keys: the JWK Set was not fetched yet, or the last successful fetch is too long ago. */
#define NATIVEJWT_REJECT_KEYS_UNAVAILABLE 306
/* The key file of this kid exists, but contains no usable key. */
#define NATIVEJWT_REJECT_UNUSABLE_KEY_FILE 307
/* The key does not verify the signature of this protected header and payload. */
#define NATIVEJWT_REJECT_SIGNATURE_MISMATCH 310
/* The payload is not one JSON object. */
#define NATIVEJWT_REJECT_MALFORMED_CLAIMS 401
/* A registered claim has a wrong type or an impossible value. */
#define NATIVEJWT_REJECT_INVALID_CLAIM 402
/* exp has passed (RFC 7519, section 4.1.4). */
#define NATIVEJWT_REJECT_TOKEN_EXPIRED 403
/* nbf is in the future (RFC 7519, section 4.1.5). */
#define NATIVEJWT_REJECT_TOKEN_NOT_YET_VALID 404
/* required-issuer is set and the token has no iss. */
#define NATIVEJWT_REJECT_MISSING_ISSUER 405
/* iss is not the required issuer. */
#define NATIVEJWT_REJECT_WRONG_ISSUER 406
/* required-audience is set and the token has no aud. */
#define NATIVEJWT_REJECT_MISSING_AUDIENCE 407
/* aud does not contain a required audience. */
#define NATIVEJWT_REJECT_WRONG_AUDIENCE 408
/* No file of config-files has iss as its required-issuer, and each of them has one. */
#define NATIVEJWT_REJECT_UNKNOWN_ISSUER 409
/* require-expiration or max-token-lifetime is set and the token has no exp. */
#define NATIVEJWT_REJECT_MISSING_EXPIRATION 410
/* max-token-lifetime is set and the token has no iat. */
#define NATIVEJWT_REJECT_MISSING_ISSUED_AT 411
/* The time from iat to exp is longer than max-token-lifetime. */
#define NATIVEJWT_REJECT_LIFETIME_TOO_LONG 412
/* The token expires before pass-through.minimum-lifetime has passed. */
#define NATIVEJWT_REJECT_LIFETIME_TOO_SHORT 413
/* max-token-lifetime is set and iat is in the future. */
#define NATIVEJWT_REJECT_ISSUED_IN_THE_FUTURE 414
/* max-token-lifetime is set and exp is before iat. */
#define NATIVEJWT_REJECT_EXPIRES_BEFORE_ISSUED 415
/* scope and scp together lack a scope of required-scopes. */
#define NATIVEJWT_REJECT_MISSING_SCOPE 416
/* A claim of required-claims is absent or has a value that is not listed. */
#define NATIVEJWT_REJECT_REQUIRED_CLAIM 417
/* The first claim rule that matches the token has allow=false. */
#define NATIVEJWT_REJECT_DENIED_BY_RULE 418
/* No claim rule matches the token, and otherwise has allow=false. */
#define NATIVEJWT_REJECT_NO_RULE_MATCHES 419
/* The patterns of the claim rules needed more steps than one authentication may take. */
#define NATIVEJWT_REJECT_RULE_LIMIT 420
/* The claim rule that matches the token sets the user, but the claim is absent or gives no valid user. */
#define NATIVEJWT_REJECT_RULE_WITHOUT_USER 421
/* An entry of revocation-file names the token, its sub, sid or iss, or the kid of its protected header, or its session or user has logged out. */
#define NATIVEJWT_REJECT_TOKEN_REVOKED 422
/* The token is a logout token of OpenID Connect, which reports a logout and is not an access token. */
#define NATIVEJWT_REJECT_LOGOUT_TOKEN 423
/* The token has no claim that principal-field names. */
#define NATIVEJWT_REJECT_MISSING_PRINCIPAL 501
/* The claim that principal-field names is not a string. */
#define NATIVEJWT_REJECT_PRINCIPAL_NOT_A_STRING 502
/* The principal is longer than 4096 bytes. */
#define NATIVEJWT_REJECT_PRINCIPAL_TOO_LONG 503
/* The claim that groups-field names is neither a string nor an array of strings, or contains too many groups. */
#define NATIVEJWT_REJECT_GROUPS_NOT_TEXT 504
/* The principal contains a control character, or begins or ends with a blank, so that it could be confused with another user. */
#define NATIVEJWT_REJECT_PRINCIPAL_UNUSABLE 505
/* No rule of the user mapping matches the principal. */
#define NATIVEJWT_REJECT_NO_MAPPING_MATCHES 601
/* The rule that matches the principal has allow=false. */
#define NATIVEJWT_REJECT_PRINCIPAL_NOT_ALLOWED 602
/* The rule that matches maps the principal to an empty user. */
#define NATIVEJWT_REJECT_MAPPED_USER_EMPTY 603
/* The patterns of the user mapping together needed more steps than one authentication may take. */
#define NATIVEJWT_REJECT_MAPPING_LIMIT 604
/* The rule maps the principal to a user that is too long or not valid Unicode text. */
#define NATIVEJWT_REJECT_MAPPED_USER_UNUSABLE 605
/* Tokens are passed through, and the user contains a hyphen, so that Iceberg could confuse it with another user (pass-through.allow-user-with-hyphen). */
#define NATIVEJWT_REJECT_USER_WITH_HYPHEN 606
/* STS refuses the exchange of the token for credentials of the object store (storage.sts-endpoint). */
#define NATIVEJWT_REJECT_STORAGE_DENIED 701
/* STS cannot be reached, and storage.when-unavailable is refuse. */
#define NATIVEJWT_REJECT_STORAGE_UNAVAILABLE 702
/* A defect in this software; the log has details. The token was rejected to be safe. */
#define NATIVEJWT_REJECT_INTERNAL_ERROR 999


/*
 The version of the functions and of the record. A caller compares it before it calls any other function.
 */
#define NATIVEJWT_ABI_VERSION 10

/*
 The size of a record buffer that has room for every verdict.
 */
#define NATIVEJWT_RECORD_CAPACITY 65536

/*
 `code` of a record with errors of a configuration. No verdict has it.
 */
#define NATIVEJWT_CODE_CONFIGURATION 1000

/*
 A flag for `nativejwt_open`: the caller passes a principal to Trino and no identity, so `groups-field` and
 `pass-through.credential-name` are errors.
 */
#define NATIVEJWT_OPEN_WITHOUT_IDENTITY 1

/*
 A flag for `nativejwt_open`: only `trusted_certificates` are trusted for servers of JWK Sets, and the system's certificates
 are not. For a caller with its own trust store, such as a JVM with `javax.net.ssl.trustStore`.
 */
#define NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE 2

/*
 A flag for `nativejwt_open`: issuers cannot send logout tokens to the caller, so `backchannel-logout.client-id` is an error.
 */
#define NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT 4

/*
 A flag for `nativejwt_open`: the built-in authenticator reads the same configuration. With `shadow`, what that cannot read is
 an error.
 */
#define NATIVEJWT_OPEN_BESIDE_BUILT_IN 8

/*
 A flag of `nativejwt_describe`: a server is asked, for keys (perhaps after a change of one of `config-files`) or for storage
 credentials.
 */
#define NATIVEJWT_DESCRIBED_USES_HTTP_CLIENT 1

/*
 A flag of `nativejwt_describe`: `nativejwt_open` uses `trusted_certificates`.
 */
#define NATIVEJWT_DESCRIBED_USES_TRUSTED_CERTIFICATES 2

/*
 A flag of `nativejwt_describe`: sessions can get groups, the token or storage credentials.
 */
#define NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER 4

/*
 A flag of `nativejwt_describe`: `pass-through.allow-user-with-hyphen` is true.
 */
#define NATIVEJWT_DESCRIBED_ALLOWS_USER_WITH_HYPHEN 8

/*
 A flag of `nativejwt_describe`: the record of an accepted token has storage credentials, or none if they are withheld. A
 session without them must get values that every store refuses.
 */
#define NATIVEJWT_DESCRIBED_GIVES_STORAGE_CREDENTIALS 16

/*
 A flag of `nativejwt_describe`: `shadow` is true, so the caller lets the built-in authenticator answer, and calls
 `nativejwt_judge_shadow` instead of `nativejwt_authenticate`.
 */
#define NATIVEJWT_DESCRIBED_IS_SHADOW 32

/*
 For `nativejwt_count`: the caller rejected a request by itself. The number is that of the reason, one of
 `NATIVEJWT_REJECT_…`.
 */
#define NATIVEJWT_COUNT_REJECTION 1

/*
 For `nativejwt_count`: so many lines were left out of the log.
 */
#define NATIVEJWT_COUNT_SWALLOWED_LINES 2

/*
 For `nativejwt_count`: so many requests were not judged in shadow mode, because too many waited.
 */
#define NATIVEJWT_COUNT_SHADOW_SKIPPED 3

/*
 A flag of `NativejwtShadowRequest`: the request has several Authorization headers.
 */
#define NATIVEJWT_SHADOW_SEVERAL_HEADERS 1

/*
 An outcome of `NativejwtShadowRequest`: the caller does not see the verdict of the built-in authenticator.
 */
#define NATIVEJWT_BUILT_IN_UNKNOWN 0

/*
 An outcome of `NativejwtShadowRequest`: the built-in authenticator accepted the token.
 */
#define NATIVEJWT_BUILT_IN_ACCEPTED 1

/*
 An outcome of `NativejwtShadowRequest`: the built-in authenticator rejected the request.
 */
#define NATIVEJWT_BUILT_IN_REJECTED 2

/*
 An outcome of `NativejwtShadowRequest`: the built-in authenticator failed, and the answer has status 500.
 */
#define NATIVEJWT_BUILT_IN_FAILED 3

/*
 An outcome of `NativejwtShadowRequest`: as `NATIVEJWT_BUILT_IN_FAILED`, because its stack overflowed.
 */
#define NATIVEJWT_BUILT_IN_OVERFLOWED 4

/*
 A result of `nativejwt_judge_shadow`: the verdicts differ, and the record has the row that explains it.
 */
#define NATIVEJWT_SHADOW_EXPLAINED 1

/*
 A result of `nativejwt_judge_shadow`: the verdicts differ, and nothing explains it.
 */
#define NATIVEJWT_SHADOW_UNEXPLAINED 2

/*
 A flag for `nativejwt_authenticate`: the caller remembers identities by `cache_slot` and `cache_generation`, and needs no
 texts for a token that was already cached.
 */
#define NATIVEJWT_AUTHENTICATE_REMEMBERED 1

/*
 A flag for `nativejwt_authenticate`: the time is the system's, and `now_millis` is ignored. For a cached token this takes
 less time than reading the clock in the caller.
 */
#define NATIVEJWT_AUTHENTICATE_NOW 2

/*
 A result of `nativejwt_log_out`: the logout token is not valid, or it was used before.
 */
#define NATIVEJWT_LOGOUT_INVALID 1

/*
 A result of `nativejwt_log_out`: there were too many logouts in this second.
 */
#define NATIVEJWT_LOGOUT_TOO_MANY 2

/*
 A result of `nativejwt_log_out`: the logout token cannot be verified or stored now. The issuer should try again.
 */
#define NATIVEJWT_LOGOUT_UNAVAILABLE 3

/*
 A result of `nativejwt_log_out`: `backchannel-logout.client-id` is not set.
 */
#define NATIVEJWT_LOGOUT_OFF 4

/*
 A flag of a record: the token is cached, and `cache_slot` and `cache_generation` are its place.
 */
#define NATIVEJWT_RECORD_KEPT 1

/*
 A flag of a record: it has no texts. If the caller does not remember the identity, it calls again, without
 `NATIVEJWT_AUTHENTICATE_REMEMBERED`.
 */
#define NATIVEJWT_RECORD_WITHOUT_TEXTS 2

/*
 A flag of a record: the token was in the cache before this request.
 */
#define NATIVEJWT_RECORD_KNOWN 4

/*
 An authenticator that a caller holds by an opaque pointer.
 */
typedef struct nativejwt_authenticator nativejwt_authenticator;

/*
 The head of a record, in native byte order. Offsets count bytes from the start of the head. Texts are UTF-8 without a
 terminator.
 */
typedef struct nativejwt_record {
  /*
   0 if the token was accepted, otherwise the stable number of the reason. Of a logout, the result.
   */
  uint32_t code;
  /*
   For a verdict, the sum of `NATIVEJWT_RECORD_KEPT`, `NATIVEJWT_RECORD_WITHOUT_TEXTS` and `NATIVEJWT_RECORD_KNOWN`, if they
   apply. For a description, the sum of the `NATIVEJWT_DESCRIBED_…` that apply.
   */
  uint32_t flags;
  /*
   `exp` in milliseconds since 1970; `INT64_MAX` if there is none.
   */
  int64_t expires_at_millis;
  /*
   The principal, of an accepted token.
   */
  uint32_t principal_offset;
  /*
   Bytes of the principal.
   */
  uint32_t principal_length;
  /*
   The mapped user, of an accepted token. If it equals the principal, both have the same offset.
   */
  uint32_t user_offset;
  /*
   Bytes of the user.
   */
  uint32_t user_length;
  /*
   For a rejected token, the message for the client. For a failed logout, the message for the issuer. Otherwise the errors
   or events, one a line, or, for a description, `pass-through.credential-name`.
   */
  uint32_t message_offset;
  /*
   Bytes of the message.
   */
  uint32_t message_length;
  /*
   The name of the reason, in ASCII.
   */
  uint32_t reason_offset;
  /*
   Bytes of the name.
   */
  uint32_t reason_length;
  /*
   The groups, of an accepted token: for each its length in 4 bytes in native order, then its bytes.
   */
  uint32_t groups_offset;
  /*
   Bytes of all groups with their lengths.
   */
  uint32_t groups_length;
  /*
   The offset of the token in the header's value, of an accepted token that is passed through.
   */
  uint32_t token_offset;
  /*
   Bytes of the token; 0 if tokens are not passed through.
   */
  uint32_t token_length;
  /*
   The slot of a cached token, less than `nativejwt_cache_slots`. Another token may get it later.
   */
  uint32_t cache_slot;
  /*
   Bytes that the identity takes in a JVM, of a cached token whose texts are in this record. The identities that a caller
   remembers must not take more than `nativejwt_cache_room` together.
   */
  uint32_t identity_bytes;
  /*
   Distinguishes the verdicts that are in one slot one after the other: the same slot and the same generation mean the
   same identity. It is unique while the authenticator is open.
   */
  uint64_t cache_generation;
  /*
   The storage credentials of the caller: the access key's ID, its secret and the session's token, each its length in 4 bytes
   in native order, then its bytes.
   */
  uint32_t storage_offset;
  /*
   Bytes of the three with their lengths; 0 if there are none.
   */
  uint32_t storage_length;
} nativejwt_record;

/*
 What the built-in authenticator did with a request, for `nativejwt_judge_shadow`, in native byte order. Three texts in UTF-8
 follow: user, principal, and the message of a rejection.
 */
typedef struct NativejwtShadowRequest {
  /*
   0 or `NATIVEJWT_SHADOW_SEVERAL_HEADERS`.
   */
  uint32_t flags;
  /*
   One of `NATIVEJWT_BUILT_IN_…`.
   */
  uint32_t outcome;
  /*
   The instant of the request, in milliseconds since 1970.
   */
  int64_t now_millis;
  /*
   How long the built-in authenticator took.
   */
  uint64_t built_in_nanos;
  /*
   Bytes of the user, of an accepted token.
   */
  uint32_t user_length;
  /*
   Bytes of the principal, of an accepted token.
   */
  uint32_t principal_length;
  /*
   Bytes of the message, of a rejected request.
   */
  uint32_t message_length;
  /*
   0.
   */
  uint32_t reserved;
} NativejwtShadowRequest;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of these functions and of the record. Compare it with the `NATIVEJWT_ABI_VERSION` that you compiled against.
 */
uint32_t nativejwt_abi_version(void);

/*
 Copies the library's version, in ASCII without a terminator, into `buffer`, cut to `capacity`. Returns its full length.

 # Safety
 `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_library_version(uint8_t *buffer,
                                 size_t capacity);

/*
 Describes a configuration before it is opened, so that the caller need not interpret the properties itself. `config` is as
 for `nativejwt_open`. The record's flags are the sum of the `NATIVEJWT_DESCRIBED_…` that apply. Its message is the name of
 the extra credential that connectors get the token as, or empty. The function reads no file, and leaves most errors to
 `nativejwt_open`. Returns the record's code: 0, or `NATIVEJWT_CODE_CONFIGURATION` with the errors in the message.

 # Safety
 `config` and `record` point to as many bytes as their lengths say, and nothing else uses `record` during the call.
 */
uint32_t nativejwt_describe(const uint8_t *config,
                            size_t config_length,
                            uint8_t *record,
                            size_t record_capacity);

/*
 Opens an authenticator. `config` is UTF-8 text in the format of `java.util.Properties` with the properties
 `http-server.authentication.jwt.*` and `jwk.http-client.*`. `source` is the name of its file, for error messages; it may be
 empty. `trusted_certificates` is PEM text with the certificates that the caller trusts in addition to the system's. They
 are used if a JWK Set is fetched and no trust store is configured; it may be empty. `flags` is 0 or the sum of
 `NATIVEJWT_OPEN_WITHOUT_IDENTITY`, `NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE`,
 `NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT` and `NATIVEJWT_OPEN_BESIDE_BUILT_IN`. Returns null if the configuration is invalid. The record's code is then
 `NATIVEJWT_CODE_CONFIGURATION`, and its message contains all errors, one a line.

 # Safety
 `config`, `source`, `trusted_certificates` and `record` point to as many bytes as their lengths say, and nothing else uses
 `record` during the call.
 */
struct nativejwt_authenticator *nativejwt_open(const uint8_t *config,
                                               size_t config_length,
                                               const uint8_t *source,
                                               size_t source_length,
                                               const uint8_t *trusted_certificates,
                                               size_t trusted_certificates_length,
                                               uint32_t flags,
                                               uint8_t *record,
                                               size_t record_capacity);

/*
 Authenticates the value of an Authorization header at the time `now_millis` (milliseconds since 1970), writes a record and
 returns its code: 0 if the token is accepted. `flags` is 0 or the sum of `NATIVEJWT_AUTHENTICATE_REMEMBERED` and
 `NATIVEJWT_AUTHENTICATE_NOW`. Any number of threads may call it at the same time, each with its own record of at least
 `NATIVEJWT_RECORD_CAPACITY` bytes.

 # Safety
 `authenticator` is open. `header` and `record` point to as many bytes as their lengths say.
 */
uint32_t nativejwt_authenticate(const struct nativejwt_authenticator *authenticator,
                                const uint8_t *header,
                                size_t header_length,
                                int64_t now_millis,
                                uint32_t flags,
                                uint8_t *record,
                                size_t record_capacity);

/*
 Judges a request that the built-in authenticator has judged, with `shadow`, and counts whether both agree. `request` is a
 `NativejwtShadowRequest` with its texts. Returns the record's code: 0, or `NATIVEJWT_SHADOW_EXPLAINED` or
 `NATIVEJWT_SHADOW_UNEXPLAINED` if the verdicts differ. The record's message is then a line for the log, without the token, and
 its reason has the two verdicts. Any number of threads may call it at the same time, each with its own record of at least
 `NATIVEJWT_RECORD_CAPACITY` bytes. It may wait for keys, so no answer to a client should wait for it.

 # Safety
 `authenticator` is open. `header`, `request` and `record` point to as many bytes as their lengths say.
 */
uint32_t nativejwt_judge_shadow(const struct nativejwt_authenticator *authenticator,
                                const uint8_t *header,
                                size_t header_length,
                                const uint8_t *request,
                                size_t request_length,
                                uint8_t *record,
                                size_t record_capacity);

/*
 Writes the report of shadow mode into `buffer`, as Markdown in UTF-8 without a terminator, if `capacity` is at least its
 length, which it returns. Otherwise it writes nothing. 0 without `shadow`.

 # Safety
 `authenticator` is open. `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_shadow_report(const struct nativejwt_authenticator *authenticator,
                               uint8_t *buffer,
                               size_t capacity);

/*
 Carries out the logout that a logout token (OpenID Connect Back-Channel Logout 1.0) asks for, by the system's clock. When it
 returns 0, the tokens of the session or of the user are rejected, and the logout is on disk. Otherwise it returns one of
 `NATIVEJWT_LOGOUT_…`, and the record's message says why, in one line without the token. The call may wait for keys of the
 issuer and for the disk. Any number of threads may call it at the same time, each with its own record of at least
 `NATIVEJWT_RECORD_CAPACITY` bytes.

 # Safety
 `authenticator` is open. `token` and `record` point to as many bytes as their lengths say.
 */
uint32_t nativejwt_log_out(const struct nativejwt_authenticator *authenticator,
                           const uint8_t *token,
                           size_t token_length,
                           uint8_t *record,
                           size_t record_capacity);

/*
 Writes the metrics into `buffer`, in UTF-8 without a terminator, if `capacity` is at least their length, which it returns.
 Otherwise it writes nothing. Each line begins with `metric` or `sample`; its other fields follow after tabs: name, kind and
 meaning of a metric; MBean, attribute, name, labels and value of a sample. Labels are written as in OpenMetrics.

 # Safety
 `authenticator` is open. `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_metrics(const struct nativejwt_authenticator *authenticator,
                         uint8_t *buffer,
                         size_t capacity);

/*
 Writes what an operator's log says about the token of an Authorization value into `buffer`, in UTF-8 without a terminator, if
 `capacity` is at least its length, which it returns: `issuer="…" kid="…" algorithm="…" trace=…`, as the token says, without what
 it does not say. At most some thousand bytes. 0 if there is no token.

 # Safety
 `authenticator` is open. `header` points to `header_length` bytes. `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_describe_token(const struct nativejwt_authenticator *authenticator,
                                const uint8_t *header,
                                size_t header_length,
                                uint8_t *buffer,
                                size_t capacity);

/*
 Writes the last rejected tokens into `buffer`, the newest first, as a JSON array in UTF-8 without a terminator, if `capacity` is
 at least its length, which it returns. Otherwise it writes nothing. Each element has `at` (RFC 3339), `reason`, `number`,
 `issuer`, `kid`, `algorithm` (as the token says; they may be null), `trace` (may be null) and `count`.

 # Safety
 `authenticator` is open. `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_recent_rejections(const struct nativejwt_authenticator *authenticator,
                                   uint8_t *buffer,
                                   size_t capacity);

/*
 Asks for a fetch of all JWK Sets now, and returns their number. It does not wait for the fetches.

 # Safety
 `authenticator` is open.
 */
uint32_t nativejwt_refresh_keys(const struct nativejwt_authenticator *authenticator);

/*
 Counts something that happened in the caller, so that the metrics have it. `what` is one of `NATIVEJWT_COUNT_…`, which say
 what `number` is.

 # Safety
 `authenticator` is open.
 */
void nativejwt_count(const struct nativejwt_authenticator *authenticator,
                     uint32_t what,
                     uint64_t number);

/*
 Returns the maximum number of cached tokens; each `cache_slot` is less than it. 0 without a cache.

 # Safety
 `authenticator` is open.
 */
uint32_t nativejwt_cache_slots(const struct nativejwt_authenticator *authenticator);

/*
 Returns how many bytes a caller may use now for all identities that it remembers by `cache_slot` and `cache_generation`,
 each counted by its `identity_bytes`. Together with the library's part of the cache they then stay below
 `token-cache.max-size`. Before a caller remembers another identity, it calls this function and removes others until all
 fit.

 # Safety
 `authenticator` is open.
 */
uint64_t nativejwt_cache_room(const struct nativejwt_authenticator *authenticator);

/*
 Removes all tokens from the cache. A token whose validation is in progress is not cached either.

 # Safety
 `authenticator` is open.
 */
void nativejwt_forget_tokens(const struct nativejwt_authenticator *authenticator);

/*
 Writes the events since the last call into the record's message, each as a line `LEVEL<tab>text`, where LEVEL is ERROR,
 WARN or INFO. Returns the number of lines.

 # Safety
 `authenticator` is open. `record` points to as many bytes as `record_capacity` says.
 */
uint32_t nativejwt_drain_events(const struct nativejwt_authenticator *authenticator,
                                uint8_t *record,
                                size_t record_capacity);

/*
 Closes an authenticator. Null is ignored.

 # Safety
 `authenticator` is open, and no call uses it now or later.
 */
void nativejwt_close(struct nativejwt_authenticator *authenticator);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NATIVEJWT_H */
