// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same for a fuzzer (libFuzzer), which looks for bytes that reach something new.
 * What it finds, random FILE tells.
 */
#include <stdlib.h>

#include "logic.h"

/* The name that libFuzzer calls it by. */
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
