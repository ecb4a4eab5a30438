/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: let the nth call of this thread that can fail in the kernel do so. The
 * debug kernel supports this.
 */
#ifndef _FAIL_NTH_H
#define _FAIL_NTH_H

#include "iokmem_utils.h"

#define DEBUGFS		"/sys/kernel/debug/"

static inline bool allow_injection(void)
{
	static const char * const kinds[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	char path[128];
	unsigned int i;

	if (access("/proc/thread-self/fail-nth", W_OK) ||
	    write_file(DEBUGFS "failslab/ignore-gfp-wait", "N"))
		return false;
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_file(DEBUGFS "fail_page_alloc/min-order", "0");
	/* Do not log each injected failure: the other messages matter. */
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/verbose", kinds[i]);
		write_file(path, "0");
	}
	return true;
}

/* Let the @nth call that can fail from here on do so. */
static inline void arm(int control, int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	if (write(control, text, length) != length)
		abort();
}

/* End the injection. Returns true if the nth call was reached, and so has failed. */
static inline bool disarm(int control)
{
	char text[16] = "";
	/* The read itself can fail: then the nth call had not been reached before. */
	bool reached = pread(control, text, sizeof(text) - 1, 0) > 0 &&
		       atoi(text) == 0;

	/* The write can fail, too, but only once. */
	if (pwrite(control, "0", 1, 0) != 1 && pwrite(control, "0", 1, 0) != 1)
		abort();
	return reached;
}

#endif /* _FAIL_NTH_H */
