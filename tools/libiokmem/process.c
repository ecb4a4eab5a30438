// SPDX-License-Identifier: GPL-2.0
/*
 * The identity of the process. fork() copies the library's objects, but not the mappings that
 * they stand for, and other memory may be at these addresses in the child.
 *
 * A process ID does not identify a process: it is reused, and another namespace can have an
 * equal one. So there is a page that the kernel clears in the child, whoever calls fork() or
 * clone().
 */
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* Page with this process's number. */
static unsigned long *mark;
/* The last number that was given. A child starts after its parent's numbers. */
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
	/* Another thread has been first. */
	munmap(page, size);
	return other;
}

/* Return a number that is equal in all threads of the process, or 0, with errno, on failure. */
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
