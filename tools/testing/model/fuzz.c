// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of a fuzzer (libFuzzer), which looks for bytes that reach something new. "random
 * FILE" prints the steps of a sequence that it has found.
 */
#include <stdlib.h>

#include "logic.h"

/* libFuzzer calls the function by this name. */
int fuzz_one(const __u8 *bytes, size_t size) __asm__("LLVMFuzzerTestOneInput");

int fuzz_one(const __u8 *bytes, size_t size)
{
	struct sequence sequence;

	if (!logic_run(&sequence, bytes, size, NULL)) {
		sequence_print(stdout, &sequence);
		fflush(stdout);
		abort();
	}
	return 0;
}
