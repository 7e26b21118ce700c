/* Pitser's C interface: verify keyless signatures from any language.
 *
 * One shared library, libpitser, with few dependencies: libcrypto, zlib, abseil and the C++
 * runtime. It knows no network, no file and no clock: everything comes from memory, and times are
 * arguments.
 *
 * Use: pitser_signature_parse(), then pitser_verify(), then pitser_signature_free(). The document
 * or its hash go into pitser_verify_options, and so does whom to believe.
 *
 * Ownership: what a _parse or _new function gives is released by the _free function of its name,
 * for which NULL is fine. Pointers that an object shows live as long as the object; names and texts
 * of codes live for ever. The library keeps nothing of what it is given.
 *
 * Strings are UTF-8 and NUL-terminated, unless a size goes with them. Times are Unix seconds, UTC.
 *
 * Errors: a function that can go wrong returns a pitser_status; none throws, aborts or prints. The
 * optional `error` (may be NULL) is set to a sentence in English, cut to its size, and is empty
 * after PITSER_OK. On an error nothing is given out.
 *
 * Threads: objects are immutable once made and may be used by any number of threads at once,
 * hashers excepted: those by one thread at a time. There is no global state.
 *
 * ABI: within a PITSER_ABI_VERSION, no symbol, value or structure below changes its meaning;
 * structures carry their own size and grow at their end only. See docs/c-api.md.
 *
 * Source of the format and its rules: spec/ksi-signature.md; its sections are named below.
 */
#ifndef PITSER_H
#define PITSER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PITSER_API __attribute__((visibility("default")))
#else
#define PITSER_API
#endif

/* Raised when something below changes its meaning; then the library's soname changes as well. */
#define PITSER_ABI_VERSION 1

/* "0.1.0", and the PITSER_ABI_VERSION that the library was built with. */
PITSER_API const char* pitser_version(void);
PITSER_API int pitser_abi_version(void);

typedef enum pitser_status {
  PITSER_OK = 0,
  PITSER_INVALID_ARGUMENT = 1, /* The caller's mistake: a NULL, a size or a name that cannot be. */
  PITSER_MALFORMED = 2,   /* The bytes are not what they should be; the error names the place. */
  PITSER_NOT_TRUSTED = 3, /* A publications file whose signature must not be believed. */
  PITSER_UNSUPPORTED = 4, /* A hash algorithm that this build cannot compute. */
  PITSER_NO_MEMORY = 5,
  PITSER_INTERNAL = 6 /* A bug. Please tell us. */
} pitser_status;

/* Where a function leaves a sentence about what went wrong. */
typedef struct pitser_error {
  char text[512];
} pitser_error;

/* ---- Signatures (spec 2, 3) ---- */

/* A keyless signature: well-formed, not yet verified. */
typedef struct pitser_signature pitser_signature;

/* Parses a .ksig file's bytes. PITSER_MALFORMED names offset and element. */
PITSER_API pitser_status pitser_signature_parse(const uint8_t* data, size_t size,
                                                pitser_signature** signature, pitser_error* error);
PITSER_API void pitser_signature_free(pitser_signature* signature);

/* When the document existed, as the signature says it: true only if it verifies. */
PITSER_API uint64_t pitser_signature_time(const pitser_signature* signature);

/* The imprint that was signed: a byte for the algorithm, then the digest. */
PITSER_API const uint8_t* pitser_signature_imprint(const pitser_signature* signature, size_t* size);
/* Its algorithm: "SHA-256". */
PITSER_API const char* pitser_signature_algorithm(const pitser_signature* signature);

/* Through whom the hash came in, outermost (nearest the calendar) first: the last is the signer's
 * account. Optional parts are NULL or have their has_ flag 0. Source: spec 3.6. */
typedef struct pitser_identity {
  const char* client_id;
  const char* machine_id; /* May be NULL. */
  int has_sequence_number;
  uint64_t sequence_number;
  int has_request_time;
  uint64_t request_time_us; /* Microseconds, as the server wrote them. */
  int is_legacy;            /* A legacy id: a client id alone. */
} pitser_identity;

PITSER_API size_t pitser_signature_identity_count(const pitser_signature* signature);
/* PITSER_INVALID_ARGUMENT beyond the count. */
PITSER_API pitser_status pitser_signature_identity(const pitser_signature* signature, size_t index,
                                                   pitser_identity* identity);

/* ---- Publications files (spec 6) ---- */

/* A publications file whose own signature has been checked. */
typedef struct pitser_publications pitser_publications;

/* Parses a publications file and checks its signature: to one of the root certificates in
 * `anchors_pem`, made by a signer whose subject has every attribute of `constraints`
 * ("email=publications@example.org"; also CN=, O=, OU=, C= or a dotted OID), valid at `at_time`.
 * Only these anchors count, never those of the system.
 * PITSER_NOT_TRUSTED says which check failed. */
PITSER_API pitser_status pitser_publications_parse(const uint8_t* data, size_t size,
                                                   const char* anchors_pem, size_t anchors_size,
                                                   const char* const* constraints,
                                                   size_t constraint_count, uint64_t at_time,
                                                   pitser_publications** publications,
                                                   pitser_error* error);
PITSER_API void pitser_publications_free(pitser_publications* publications);

PITSER_API size_t pitser_publications_count(const pitser_publications* publications);
/* The time of the newest; 0 when there is none. */
PITSER_API uint64_t pitser_publications_latest_time(const pitser_publications* publications);

/* ---- Verification (spec 9) ---- */

typedef enum pitser_policy {
  PITSER_POLICY_GENERAL = 0,  /* 9.10: the strongest of the next three that the evidence allows. */
  PITSER_POLICY_INTERNAL = 1, /* 9.5: consistent in itself; proves nothing to the world. */
  PITSER_POLICY_KEY = 2,      /* 9.6: a key of the publications file vouches for it. */
  PITSER_POLICY_PUBLICATIONS_FILE = 3, /* 9.7 */
  PITSER_POLICY_USER_PUBLICATION = 4   /* 9.8: a publication code that the user has. */
} pitser_policy;

/* Start with PITSER_VERIFY_OPTIONS_INIT. Without a document or its hash, only the signature is
 * judged: that proves nothing about a document. */
typedef struct pitser_verify_options {
  size_t struct_size;      /* sizeof(pitser_verify_options), as the caller was compiled. */
  int policy;              /* A pitser_policy. */
  const uint8_t* document; /* The document itself, hashed as the signature asks; or */
  size_t document_size;
  const uint8_t* document_imprint; /* its imprint (pitser_hasher_finish()). Not both. */
  size_t document_imprint_size;
  unsigned input_level; /* 0, unless the hash is the root of a tree of the caller's. */
  const pitser_publications* publications; /* May be NULL: then no policy but the user's own. */
  const char* publication_code;            /* "AAAAAA-...", printed in a newspaper; or NULL. */
} pitser_verify_options;

#define PITSER_VERIFY_OPTIONS_INIT \
  { sizeof(pitser_verify_options), PITSER_POLICY_GENERAL, NULL, 0, NULL, 0, 0, NULL, NULL }

typedef enum pitser_outcome {
  PITSER_OUTCOME_OK = 0,           /* Proven by the policy. The only yes. */
  PITSER_OUTCOME_INCONCLUSIVE = 1, /* Not enough data or trust; nothing wrong was found. */
  PITSER_OUTCOME_FAILED = 2        /* Proven wrong. */
} pitser_outcome;

/* Start with PITSER_RESULT_INIT. Strings live for ever, but `cause` in the structure itself. */
typedef struct pitser_result {
  size_t struct_size; /* sizeof(pitser_result), as the caller was compiled. */
  pitser_outcome outcome;
  const char* code;                    /* "GEN-01"; empty when OK. Stable. Source: spec 9.4. */
  const char* code_text;               /* "Wrong document" */
  const char* explanation;             /* The same for people, one sentence. */
  const char* policy;                  /* Which decided: "key-based". */
  const char* rule;                    /* Which rule decided; empty when OK. Stable. */
  uint64_t signing_time;               /* As pitser_signature_time(). */
  uint64_t suggested_publication_time; /* Extend the signature to it, to need no key; or 0. */
  char cause[256];                     /* When inconclusive: what is missing. Cut to its size. */
} pitser_result;

/* What nobody overwrites does not mean yes. */
#define PITSER_RESULT_INIT \
  { sizeof(pitser_result), PITSER_OUTCOME_FAILED, "", "", "", "", "", 0, 0, "" }

/* Judges a signature. The verdict is in `result`; the status only says whether there is one.
 * PITSER_MALFORMED when verifying shows the signature malformed (a level beyond 255).
 * Cost: tens of microseconds, and the hash of the document. */
PITSER_API pitser_status pitser_verify(const pitser_signature* signature,
                                       const pitser_verify_options* options, pitser_result* result,
                                       pitser_error* error);

/* ---- Hashing a document that is not in memory ---- */

typedef struct pitser_hasher pitser_hasher;

/* For the algorithm that the signature asks for. PITSER_UNSUPPORTED. */
PITSER_API pitser_status pitser_hasher_new(const pitser_signature* signature,
                                           pitser_hasher** hasher, pitser_error* error);
PITSER_API pitser_status pitser_hasher_update(pitser_hasher* hasher, const uint8_t* data,
                                              size_t size);
/* The imprint of all pieces, for document_imprint; it lives until the hasher's next call or end.
 * The hasher then starts anew. */
PITSER_API const uint8_t* pitser_hasher_finish(pitser_hasher* hasher, size_t* size);
PITSER_API void pitser_hasher_free(pitser_hasher* hasher);

#ifdef __cplusplus
}
#endif

#endif
