// SPDX-License-Identifier: GPL-2.0
/*
 * Which process this is. fork() copies the library's objects, but not the mappings
 * they stand for, and other memory may be at the same addresses in the child.
 *
 * A process ID would not do: it comes again, and can be the same in another
 * namespace. So there is a page that the kernel empties in the child, whoever calls
 * fork() or clone() and however.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* Where this process's number is. */
static unsigned long *mark;
/* The last number that was given. The child's start after its parent's. */
static unsigned long last;

static unsigned long *make_mark(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	unsigned long *page, *other = NULL;
	int err;

	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, size, MADV_WIPEONFORK)) {
		err = errno;
		munmap(page, size);
		errno = err;
		return NULL;
	}
	if (__atomic_compare_exchange_n(&mark, &other, page, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return page;
	/* Another thread was first. */
	munmap(page, size);
	return other;
}

/* A number, the same for every thread of the process; 0, with errno, if there is none. */
unsigned long __iokmem_process(void)
{
	unsigned long *number = __atomic_load_n(&mark, __ATOMIC_ACQUIRE);
	unsigned long known, next;

	if (!number)
		number = make_mark();
	if (!number)
		return 0;
	known = __atomic_load_n(number, __ATOMIC_RELAXED);
	if (known)
		return known;
	next = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n(number, &known, next, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED) ?
	       next : known;
}
