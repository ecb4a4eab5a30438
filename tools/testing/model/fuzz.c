// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same for a fuzzer (libFuzzer), which looks for the bytes that reach something new.
 * With IOKMEM_FUZZ_LOG in the environment each step is told: for one file that failed.
 */
#include <stdlib.h>

#include "logic.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	FILE *log = getenv("IOKMEM_FUZZ_LOG") ? stdout : NULL;
	struct sequence sequence;

	if (!logic_run(&sequence, bytes, size, log)) {
		sequence_print(stdout, &sequence);
		fflush(stdout);
		abort();
	}
	return 0;
}
