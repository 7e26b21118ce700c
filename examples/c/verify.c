/* Verifies a document against its signature, offline, in C: all bytes come from memory.
 *
 * usage: verify DOCUMENT TRUST [SIGNATURE]
 * TRUST is a folder that `pitser trust fetch` made; SIGNATURE is DOCUMENT.ksig. Ends with 0 when it is verified, 1 when not.
 *
 *   cc -std=c99 verify.c $(pkg-config --cflags --libs pitser) -o verify
 */
#include <pitser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct file {
  unsigned char* data; /* One more byte than `size`: a zero, so that it can be a text. */
  size_t size;
};

static struct file read_file(const char* folder, const char* name) {
  char path[4096];
  struct file file = {NULL, 0};
  FILE* in;
  long size;
  snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
  in = fopen(path, "rb");
  if (in == NULL || fseek(in, 0, SEEK_END) != 0 || (size = ftell(in)) < 0) {
    perror(path);
    exit(2);
  }
  rewind(in);
  file.data = calloc(1, (size_t)size + 1);
  file.size = file.data == NULL ? 0 : fread(file.data, 1, (size_t)size, in);
  fclose(in);
  if (file.size != (size_t)size) {
    fprintf(stderr, "%s: cannot be read\n", path);
    exit(2);
  }
  return file;
}

/* The first line that is no comment. */
static const char* first_line(char* text) {
  while (*text == '#') {
    text += strcspn(text, "\n");
    if (*text == '\n') ++text;
  }
  text[strcspn(text, "\n")] = '\0';
  return text;
}

static void check(pitser_status status, const pitser_error* error) {
  if (status == PITSER_OK) return;
  fprintf(stderr, "verify: %s\n", error->text);
  exit(2);
}

int main(int argc, char** argv) {
  pitser_signature* signature;
  pitser_publications* publications;
  pitser_verify_options options = PITSER_VERIFY_OPTIONS_INIT;
  pitser_result result = PITSER_RESULT_INIT;
  pitser_identity identity;
  pitser_error error;
  struct file document, bytes, anchors, constraint, trusted;
  const char* constraints[1];
  char beside[4096];

  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: verify DOCUMENT TRUST [SIGNATURE]\n");
    return 2;
  }
  document = read_file("", argv[1]);
  snprintf(beside, sizeof beside, "%s.ksig", argv[1]);
  bytes = read_file("", argc == 4 ? argv[3] : beside);
  check(pitser_signature_parse(bytes.data, bytes.size, &signature, &error), &error);

  /* Whom we believe: the root certificate, and who may sign the publications file. */
  anchors = read_file(argv[2], "root.pem");
  constraint = read_file(argv[2], "constraint");
  constraints[0] = first_line((char*)constraint.data);
  trusted = read_file(argv[2], "publications.bin");
  check(pitser_publications_parse(trusted.data, trusted.size, (char*)anchors.data, anchors.size,
                                  constraints, 1, (uint64_t)time(NULL), &publications, &error),
        &error);

  options.document = document.data;
  options.document_size = document.size;
  options.publications = publications;
  check(pitser_verify(signature, &options, &result, &error), &error);
  if (result.outcome == PITSER_OUTCOME_OK) {
    printf("verified: existed at %llu", (unsigned long long)result.signing_time);
    if (pitser_signature_identity_count(signature) > 0 &&
        pitser_signature_identity(signature, pitser_signature_identity_count(signature) - 1,
                                  &identity) == PITSER_OK) {
      printf(", signed through the account %s", identity.client_id);
    }
    printf(" (%s)\n", result.policy);
  } else {
    printf("%s: %s (%s) %s\n",
           result.outcome == PITSER_OUTCOME_FAILED ? "NOT verified" : "inconclusive",
           result.explanation, result.code, result.cause);
  }
  pitser_publications_free(publications);
  pitser_signature_free(signature);
  free(document.data);
  free(bytes.data);
  free(anchors.data);
  free(constraint.data);
  free(trusted.data);
  return result.outcome == PITSER_OUTCOME_OK ? 0 : 1;
}
