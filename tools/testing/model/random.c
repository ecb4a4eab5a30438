// SPDX-License-Identifier: GPL-2.0-only
/*
 * random SECONDS [SEED]: run random sequences of steps on the module's logic, and compare each
 * step with the model, for some seconds. Equal seeds give equal sequences. A sequence that
 * fails is cut down to the steps that it takes. A sequence that ends the program, as a
 * sanitizer does, is left in the file "died".
 *
 * random FILE: run only the sequence in that file, and print each step.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sanitizer/common_interface_defs.h>

#include "logic.h"

#define STEPS		400
#define BYTES		(STEPS * STEP_BYTES)

static __u8 running[BYTES];
static size_t running_size;
static struct sequence sequence;

static bool runs(const __u8 *bytes, size_t size, FILE *log)
{
	memcpy(running, bytes, size);
	running_size = size;
	return logic_run(&sequence, running, size, log);
}

/* Save the sequence and print its last step. A sanitizer that ends the program calls this. */
static void tell_death(void)
{
	FILE *file = fopen("died", "w");

	if (file) {
		fwrite(running, 1, running_size, file);
		fclose(file);
	}
	printf("# the program ended; random died tells the steps, of which the last is\n");
	sequence_print(stdout, &sequence);
	fflush(stdout);
}

/*
 * Leave out steps that the failure does not need, in ever smaller pieces. Returns the new
 * size.
 */
static size_t shrink(__u8 *bytes, size_t size)
{
	__u8 shorter[BYTES];
	size_t piece, at;

	/* Steps after the failure do not matter. */
	size = sequence.steps * STEP_BYTES;
	for (piece = size / STEP_BYTES / 2; piece; piece /= 2) {
		for (at = 0; at + piece * STEP_BYTES <= size;) {
			size_t rest = size - at - piece * STEP_BYTES;

			memcpy(shorter, bytes, at);
			memcpy(shorter + at, bytes + size - rest, rest);
			if (runs(shorter, at + rest, NULL)) {
				at += STEP_BYTES;
				continue;
			}
			size = sequence.steps * STEP_BYTES;
			memcpy(bytes, shorter, size);
		}
	}
	return size;
}

static void tell_failure(__u8 *bytes, size_t size)
{
	printf("# the shortest sequence of this kind:\n");
	size = shrink(bytes, size);
	runs(bytes, size, stdout);
	sequence_print(stdout, &sequence);
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "r");
	__u8 bytes[BYTES];
	size_t size;

	if (!file) {
		perror(path);
		return 2;
	}
	size = fread(bytes, 1, BYTES, file);
	fclose(file);
	/* The sequence may end the program, so print each line at once. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (runs(bytes, size, stdout))
		return 0;
	tell_failure(bytes, size);
	return 1;
}

static int run_random(time_t until, __u64 seed)
{
	unsigned long sequences = 0, steps = 0, seen[MODEL_NEW + 1] = { 0 };
	__u8 bytes[BYTES];
	int i;

	do {
		for (i = 0; i < BYTES; i++)
			bytes[i] = step_random(&seed);
		if (!runs(bytes, BYTES, NULL)) {
			tell_failure(bytes, BYTES);
			return 1;
		}
		sequences++;
		steps += sequence.steps;
		for (i = 0; i <= MODEL_NEW; i++)
			seen[i] += sequence.seen[i];
	} while (time(NULL) < until);

	printf("# %lu sequences, %lu steps\n", sequences, steps);
	printf("# requests: %lu failed, %lu waited, %lu old maps, %lu sub-maps, %lu new mappings\n",
	       seen[MODEL_FAILS], seen[MODEL_WAITS], seen[MODEL_OLD],
	       seen[MODEL_SUB], seen[MODEL_NEW]);
	/* A run in which one of the outcomes never happens proves nothing about it. */
	for (i = 0; i <= MODEL_NEW; i++)
		if (!seen[i])
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	__u64 seed = time(NULL);
	char *end;
	long seconds;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: random SECONDS [SEED], or random FILE\n");
		return 2;
	}
	__sanitizer_set_death_callback(tell_death);
	seconds = strtol(argv[1], &end, 10);
	if (*end)
		return run_file(argv[1]);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	/* A seed of zero would stay zero. */
	seed = seed ? seed : 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return run_random(time(NULL) + seconds, seed);
}
