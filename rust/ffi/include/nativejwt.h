/*
 * The C ABI of nativejwt. Made from rust/ffi by cbindgen; do not edit.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef NATIVEJWT_H
#define NATIVEJWT_H

#include <stddef.h>
#include <stdint.h>

/* Codes of rejects; a number is never given to another reason. */
/* There is no Authorization header, it is not of the Bearer scheme, or it holds no token. */
#define NATIVEJWT_REJECT_NO_BEARER_TOKEN 101
/* The request has more than one Authorization header. */
#define NATIVEJWT_REJECT_SEVERAL_AUTHORIZATION_HEADERS 102
/* The token is longer than max-token-size; it was not read. */
#define NATIVEJWT_REJECT_TOKEN_TOO_LARGE 103
/* The request brings an extra credential of the name that pass-through.credential-name keeps for the token. */
#define NATIVEJWT_REJECT_RESERVED_CREDENTIAL 104
/* The token is not three base64url parts with two dots between them (RFC 7515, section 7.1). */
#define NATIVEJWT_REJECT_MALFORMED_TOKEN 201
/* The token has five parts: it is a JWE, which is never decrypted. */
#define NATIVEJWT_REJECT_ENCRYPTED_TOKEN 202
/* A part is not strict base64url: padding, white space, a foreign character or stray bits (RFC 7515, section 2). */
#define NATIVEJWT_REJECT_MALFORMED_BASE64 203
/* The protected header is not one JSON object with members of the right types. */
#define NATIVEJWT_REJECT_MALFORMED_HEADER 204
/* A JSON object of the token names a member twice (RFC 7519, section 4). */
#define NATIVEJWT_REJECT_DUPLICATE_MEMBER 205
/* The header has no alg (RFC 7515, section 4.1.1). */
#define NATIVEJWT_REJECT_MISSING_ALGORITHM 206
/* alg is none, in whatever case (RFC 8725, section 3.1). */
#define NATIVEJWT_REJECT_UNSECURED_TOKEN 207
/* alg names no algorithm that is supported. */
#define NATIVEJWT_REJECT_UNSUPPORTED_ALGORITHM 208
/* The third part, the signature, is empty. */
#define NATIVEJWT_REJECT_MISSING_SIGNATURE 209
/* The header has crit: it demands an extension, and none is supported (RFC 7515, section 4.1.11). */
#define NATIVEJWT_REJECT_CRITICAL_HEADER 210
/* The header has zip, which a JWS must not have. */
#define NATIVEJWT_REJECT_COMPRESSED_TOKEN 211
/* The header has cty: the payload is another token or no set of claims. */
#define NATIVEJWT_REJECT_NESTED_TOKEN 212
/* The header has b64 (RFC 7797), which is not supported. */
#define NATIVEJWT_REJECT_UNENCODED_PAYLOAD 213
/* alg is not one of allowed-algorithms (RFC 8725, section 3.1). */
#define NATIVEJWT_REJECT_ALGORITHM_NOT_ALLOWED 214
/* typ is not required-token-type (RFC 8725, section 3.11). */
#define NATIVEJWT_REJECT_WRONG_TOKEN_TYPE 215
/* The header has no kid, and the key source has no other way to choose a key. */
#define NATIVEJWT_REJECT_KEY_ID_REQUIRED 301
/* No key has the kid of the header. */
#define NATIVEJWT_REJECT_UNKNOWN_KEY_ID 302
/* The token is signed with HMAC, and the key is a public one. */
#define NATIVEJWT_REJECT_NO_HMAC_KEY 303
/* The token is signed with a private key, and the key is an HMAC secret. */
#define NATIVEJWT_REJECT_NO_PUBLIC_KEY 304
/* The key's type, curve or length does not fit alg, or its JWK is bound to another use (RFC 7518, section 3.1). */
#define NATIVEJWT_REJECT_KEY_ALGORITHM_MISMATCH 305
/* There is no JWK set: it was not fetched yet, or the last good fetch is too long ago. */
#define NATIVEJWT_REJECT_KEYS_UNAVAILABLE 306
/* The key file of this kid exists but holds no usable key. */
#define NATIVEJWT_REJECT_UNUSABLE_KEY_FILE 307
/* The signature is not the key's signature of this header and payload. */
#define NATIVEJWT_REJECT_SIGNATURE_MISMATCH 310
/* The payload is not one JSON object. */
#define NATIVEJWT_REJECT_MALFORMED_CLAIMS 401
/* A registered claim has a wrong type or an impossible value. */
#define NATIVEJWT_REJECT_INVALID_CLAIM 402
/* exp has passed (RFC 7519, section 4.1.4). */
#define NATIVEJWT_REJECT_TOKEN_EXPIRED 403
/* nbf has not come yet (RFC 7519, section 4.1.5). */
#define NATIVEJWT_REJECT_TOKEN_NOT_YET_VALID 404
/* required-issuer is set and the token has no iss. */
#define NATIVEJWT_REJECT_MISSING_ISSUER 405
/* iss is not the required one. */
#define NATIVEJWT_REJECT_WRONG_ISSUER 406
/* required-audience is set and the token has no aud. */
#define NATIVEJWT_REJECT_MISSING_AUDIENCE 407
/* aud does not hold the required audience. */
#define NATIVEJWT_REJECT_WRONG_AUDIENCE 408
/* No file of config-files has iss as its required-issuer, and all of them have one. */
#define NATIVEJWT_REJECT_UNKNOWN_ISSUER 409
/* require-expiration or max-token-lifetime is set and the token has no exp. */
#define NATIVEJWT_REJECT_MISSING_EXPIRATION 410
/* max-token-lifetime is set and the token has no iat. */
#define NATIVEJWT_REJECT_MISSING_ISSUED_AT 411
/* exp lies further from iat than max-token-lifetime. */
#define NATIVEJWT_REJECT_LIFETIME_TOO_LONG 412
/* The token expires before pass-through.minimum-lifetime has passed. */
#define NATIVEJWT_REJECT_LIFETIME_TOO_SHORT 413
/* max-token-lifetime is set and iat lies in the future. */
#define NATIVEJWT_REJECT_ISSUED_IN_THE_FUTURE 414
/* max-token-lifetime is set and exp lies before iat. */
#define NATIVEJWT_REJECT_EXPIRES_BEFORE_ISSUED 415
/* The token has no claim that principal-field names. */
#define NATIVEJWT_REJECT_MISSING_PRINCIPAL 501
/* The claim that principal-field names is not a string. */
#define NATIVEJWT_REJECT_PRINCIPAL_NOT_A_STRING 502
/* The principal is longer than 4096 bytes. */
#define NATIVEJWT_REJECT_PRINCIPAL_TOO_LONG 503
/* The claim that groups-field names is neither a string nor an array of strings, or holds too many of them. */
#define NATIVEJWT_REJECT_GROUPS_NOT_TEXT 504
/* The principal holds a control character, or begins or ends with a blank, so that it could be confused with another user. */
#define NATIVEJWT_REJECT_PRINCIPAL_UNUSABLE 505
/* No rule of the user mapping matches the principal. */
#define NATIVEJWT_REJECT_NO_MAPPING_MATCHES 601
/* The rule that matches the principal says that it is not allowed. */
#define NATIVEJWT_REJECT_PRINCIPAL_NOT_ALLOWED 602
/* A rule matched, and what it made of the principal is empty. */
#define NATIVEJWT_REJECT_MAPPED_USER_EMPTY 603
/* The patterns of the user mapping took together more steps than the budget of one login. */
#define NATIVEJWT_REJECT_MAPPING_LIMIT 604
/* What the rule made of the principal is too long or no valid text. */
#define NATIVEJWT_REJECT_MAPPED_USER_UNUSABLE 605
/* Tokens are passed through, and the user has a hyphen in it, by which Iceberg could take another user for it (pass-through.allow-user-with-hyphen). */
#define NATIVEJWT_REJECT_USER_WITH_HYPHEN 606
/* A defect in this software; the log holds more. The token was refused to be safe. */
#define NATIVEJWT_REJECT_INTERNAL_ERROR 999


/*
 The version of the functions and of the record. Both sides compare it before anything else.
 */
#define NATIVEJWT_ABI_VERSION 6

/*
 A record buffer of this size holds every verdict.
 */
#define NATIVEJWT_RECORD_CAPACITY 65536

/*
 `code` of a record that reports errors of a configuration; no verdict has it.
 */
#define NATIVEJWT_CODE_CONFIGURATION 1000

/*
 A flag of opening: the caller hands a principal on and no identity, so that `groups-field` and
 `pass-through.credential-name` are errors.
 */
#define NATIVEJWT_OPEN_WITHOUT_IDENTITY 1

/*
 A flag of opening: of the servers of JWK sets, those are trusted that `trusted_certificates` says, and not those of the
 system's certificates. For a caller that was told whom to trust, such as a JVM by `javax.net.ssl.trustStore`.
 */
#define NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE 2

/*
 A flag of a description: keys are fetched from a server, or can be after a change of one of `config-files`.
 */
#define NATIVEJWT_DESCRIBED_FETCHES_KEYS 1

/*
 A flag of a description: opening takes `trusted_certificates` into account.
 */
#define NATIVEJWT_DESCRIBED_USES_TRUSTED_CERTIFICATES 2

/*
 A flag of a description: sessions can get groups or the token.
 */
#define NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER 4

/*
 A flag of a description: `pass-through.allow-user-with-hyphen` is true.
 */
#define NATIVEJWT_DESCRIBED_ALLOWS_USER_WITH_HYPHEN 8

/*
 A flag of authenticating: the caller remembers identities by `cache_slot` and `cache_generation`, and needs no texts of
 a token that was accepted before.
 */
#define NATIVEJWT_AUTHENTICATE_REMEMBERED 1

/*
 A flag of authenticating: the time is the system's, and `now_millis` is not looked at. For a token that was accepted
 before this costs less than to ask the clock and hand it over.
 */
#define NATIVEJWT_AUTHENTICATE_NOW 2

/*
 A flag of a record: the token is kept, and `cache_slot` and `cache_generation` say where.
 */
#define NATIVEJWT_RECORD_KEPT 1

/*
 A flag of a record: it has no texts. If the caller does not remember the identity, it calls once more, without
 `NATIVEJWT_AUTHENTICATE_REMEMBERED`.
 */
#define NATIVEJWT_RECORD_WITHOUT_TEXTS 2

/*
 An authenticator, as callers hold it. They see a pointer and nothing else.
 */
typedef struct nativejwt_authenticator nativejwt_authenticator;

/*
 The head of a record, in native byte order. Offsets count bytes from the head's first one; texts are UTF-8 without
 a terminator.
 */
typedef struct nativejwt_record {
  /*
   0 if the token was accepted, else the stable number of the reject.
   */
  uint32_t code;
  /*
   Of a verdict, `NATIVEJWT_RECORD_KEPT` and `NATIVEJWT_RECORD_WITHOUT_TEXTS`, added up; of a description, the
   `NATIVEJWT_DESCRIBED_…` that hold.
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
   The mapped user, of an accepted token. Where it is the principal itself, the same text.
   */
  uint32_t user_offset;
  /*
   Bytes of the user.
   */
  uint32_t user_length;
  /*
   What the client is told of a refused token; or errors, or events, one a line; or, of a description,
   `pass-through.credential-name`.
   */
  uint32_t message_offset;
  /*
   Bytes of the message.
   */
  uint32_t message_length;
  /*
   The name of the reject, in ASCII.
   */
  uint32_t reason_offset;
  /*
   Bytes of the name.
   */
  uint32_t reason_length;
  /*
   The groups, of an accepted token: for each its number of bytes, 4 bytes in native order, then the bytes.
   */
  uint32_t groups_offset;
  /*
   Bytes of all groups with their numbers.
   */
  uint32_t groups_length;
  /*
   Where the token stands in the header's value, of an accepted token that is to be passed through.
   */
  uint32_t token_offset;
  /*
   Bytes of the token; 0 where tokens are not passed through.
   */
  uint32_t token_length;
  /*
   The slot of a token that is kept, less than `nativejwt_cache_slots`. Another token may get it later.
   */
  uint32_t cache_slot;
  /*
   Bytes that a JVM takes for the identity, of a kept token whose texts are here; what a caller remembers must not take
   more than `nativejwt_cache_room` in all.
   */
  uint32_t identity_bytes;
  /*
   Tells the verdicts apart that are kept in one slot one after the other: the same slot and the same generation are
   the same identity. It does not come again while the authenticator is open.
   */
  uint64_t cache_generation;
} nativejwt_record;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of these functions and of the record. Compare it with the `NATIVEJWT_ABI_VERSION` that you compiled against.
 */
uint32_t nativejwt_abi_version(void);

/*
 Copies the library's version, ASCII without a terminator, into `buffer`, cut to `capacity`. Returns its whole length.

 # Safety
 `buffer` has room for `capacity` bytes.
 */
size_t nativejwt_library_version(uint8_t *buffer,
                                 size_t capacity);

/*
 Says what a caller has to know of a configuration before it opens it, so that it need not read the properties itself.
 `config` is as for `nativejwt_open`. The record's flags are the `NATIVEJWT_DESCRIBED_…` that hold, its message is the name of
 the credential that connectors get the token as, empty where they get none. No file is read, and most errors are told by
 opening alone. Returns the record's code: 0, or `NATIVEJWT_CODE_CONFIGURATION` with the reasons in the message.

 # Safety
 `config` and `record` point to as many bytes as their lengths say, and `record` is not used by others.
 */
uint32_t nativejwt_describe(const uint8_t *config,
                            size_t config_length,
                            uint8_t *record,
                            size_t record_capacity);

/*
 Opens an authenticator. `config` is UTF-8 text in the format of `java.util.Properties` with the keys
 `http-server.authentication.jwt.*` and `jwk.http-client.*`; `source` names the file it came from, for error messages,
 and may be empty. `trusted_certificates` is a PEM text with the certificates that the caller trusts besides the
 system's where JWK sets are fetched and no trust store is configured; it may be empty. `flags` is the sum of
 `NATIVEJWT_OPEN_WITHOUT_IDENTITY` and `NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE`, as wanted. Returns null if anything is wrong: then the record's message names all of it, one error
 a line, and its code is `NATIVEJWT_CODE_CONFIGURATION`.

 # Safety
 `config`, `source`, `trusted_certificates` and `record` point to as many bytes as their lengths say, and `record` is not used by others.
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
 Judges the value of an Authorization header at the time `now_millis` (milliseconds since 1970), writes a record and
 returns its code: 0 if the token is accepted. `flags` is the sum of `NATIVEJWT_AUTHENTICATE_REMEMBERED` and
 `NATIVEJWT_AUTHENTICATE_NOW`, as wanted. Any number of threads may call it at once, each with its own record of at least
 `NATIVEJWT_RECORD_CAPACITY` bytes.

 # Safety
 `authenticator` is open; `header` and `record` point to as many bytes as their lengths say.
 */
uint32_t nativejwt_authenticate(const struct nativejwt_authenticator *authenticator,
                                const uint8_t *header,
                                size_t header_length,
                                int64_t now_millis,
                                uint32_t flags,
                                uint8_t *record,
                                size_t record_capacity);

/*
 Returns how many accepted tokens are kept at most: each `cache_slot` is less than it. 0 if none is kept.

 # Safety
 `authenticator` is open.
 */
uint32_t nativejwt_cache_slots(const struct nativejwt_authenticator *authenticator);

/*
 Returns how many bytes a caller may take now for all the identities that it remembers by `cache_slot` and
 `cache_generation`, each counted by its `identity_bytes`: then they and the library's part of the cache stay below
 `token-cache.max-size` together. A caller asks before it remembers one more, and forgets others until there is room.

 # Safety
 `authenticator` is open.
 */
uint64_t nativejwt_cache_room(const struct nativejwt_authenticator *authenticator);

/*
 Forgets all accepted tokens, so that each is verified again, also one whose verification is under way.

 # Safety
 `authenticator` is open.
 */
void nativejwt_forget_tokens(const struct nativejwt_authenticator *authenticator);

/*
 Writes what the authenticator has to say since the last call into the record's message, each event a line
 `LEVEL<tab>text` with LEVEL one of ERROR, WARN, INFO. Returns the number of lines.

 # Safety
 `authenticator` is open; `record` points to as many bytes as `record_capacity` says.
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
