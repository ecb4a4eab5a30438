// SPDX-License-Identifier: GPL-2.0-only
/* Kernel accesses to pages: the kernel can pin those of pinnable maps, and of no others. */
#include "torture.h"

#include <sys/uio.h>

/* The part of the RAM disk that is used. */
#define DISK_SIZE	(32 * MIB)

/* Return whether the kernel can pin the pages of the map, as far as that is known. */
enum answer { NO, YES, PERHAPS };

static enum answer can_pin(const struct reference *ref)
{
	if (ref->options & IOKMEM_MAP_PINNABLE)
		return YES;
	/* Pageable memory has ordinary pages, unless the map holds it. */
	return is_pageable(&ref->shape) || is_multi(&ref->shape) ||
	       ref->redirected ? PERHAPS : NO;
}

/*
 * Check the result of a transfer of one page. Where memory is short, the page may be
 * unavailable.
 */
static bool is_right(const struct thread *thread, const struct reference *ref, ssize_t n,
		     int err)
{
	if (n == PAGE)
		return can_pin(ref) != NO;
	if (n >= 0)
		return false;
	if (err != -EFAULT)
		return err == -ENOMEM;
	return can_pin(ref) != YES || thread->process->pressed;
}

/*
 * Put the page into a pipe, which keeps it whatever becomes of the map, and read it from
 * there.
 */
void op_splice(struct thread *thread)
{
	struct reference *ref = any_reference(thread), copy;
	__u64 bytes[NR_WORDS];
	struct iovec iov;
	bool written;
	__u32 page;
	ssize_t n;
	int err;

	if (!ref)
		return;
	page = below(thread, ref->pages);
	iov.iov_base = (void *)(uintptr_t)word_address(ref, page, 0);
	iov.iov_len = PAGE;
	written = is_written(ref, page);
	n = vmsplice(thread->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);
	err = n < 0 ? -errno : 0;
	trace(thread, "vmsplice", ref->shape.identity, (uintptr_t)iov.iov_base, PAGE, 0,
	      ref->options, err);
	copy = *ref;
	if (sure(ref)) {
		world->checks++;
		if (!is_right(thread, ref, n, err))
			fail(thread, "vmsplice of #%llu, options %#x: %zd (%s)",
			     ref->shape.identity, ref->options, n, strerror(-err));
	} else {
		copy.pages = 0;
	}
	if (n <= 0)
		return;
	if (!below(thread, 3))
		drop_reference(thread, ref);
	if (read(thread->pipe[0], bytes, n) != n) {
		fail(thread, "a pipe has lost a page");
		return;
	}
	if (copy.pages) {
		check_value(thread, &copy, page, FIRST_WORD, bytes[FIRST_WORD], written);
		check_value(thread, &copy, page, LAST_WORD, bytes[LAST_WORD], written);
	}
}

/*
 * Each thread has its own page of the disk. A child and a new program share the slot of their
 * parent, so the slot does not tell.
 */
static off_t place_on_disk(const struct thread *thread)
{
	unsigned long long place = thread->process->number * (NR_THREADS + 1) + thread->index;

	return place % (DISK_SIZE / PAGE) * PAGE;
}

/* Write the page to the disk, and read it back into the page. */
static void read_back(struct thread *thread, int disk, const struct reference *ref, __u32 page)
{
	char *address = (char *)(uintptr_t)word_address(ref, page, 0);
	__u32 in_buffer;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);
	__u64 begun;
	ssize_t n;

	change_begin(piece->buffer, &begun);
	n = pread(disk, address, PAGE, place_on_disk(thread));
	change_end(piece->buffer, begun, false);
	/* The kernel has pinned the page before, but the page may have lost its entry since. */
	if (ref->read_only ? n >= 0 || errno != EFAULT : !is_right(thread, ref, n, -errno))
		fail(thread, "direct I/O into %s map of #%llu: %zd (%s)",
		     ref->read_only ? "a read-only" : "a", ref->shape.identity, n,
		     strerror(errno));
}

void op_direct_io(struct thread *thread)
{
	__u64 space[2 * NR_WORDS], *bytes = (void *)round_up((uintptr_t)space, PAGE);
	struct reference *ref = any_own_reference(thread);
	int disk = open("/dev/ram0", O_RDWR | O_DIRECT | O_CLOEXEC);
	bool written;
	__u32 page;
	ssize_t n;

	/* The machine may have no disk. */
	if (disk < 0)
		return;
	if (!ref || !hold(thread, ref))
		goto out;
	page = below(thread, ref->pages);
	written = is_written(ref, page);
	n = pwrite(disk, (void *)(uintptr_t)word_address(ref, page, 0), PAGE,
		   place_on_disk(thread));
	trace(thread, "direct write", ref->shape.identity, ref->address, PAGE, page * PAGE,
	      ref->options, n < 0 ? -errno : n);
	world->checks++;
	if (!is_right(thread, ref, n, -errno))
		fail(thread, "direct I/O from #%llu, options %#x: %zd (%s)", ref->shape.identity,
		     ref->options, n, strerror(errno));
	if (n == PAGE) {
		if (pread(disk, bytes, PAGE, place_on_disk(thread)) != PAGE)
			fail(thread, "the disk does not give back what it was given");
		else
			check_value(thread, ref, page, FIRST_WORD, bytes[FIRST_WORD], written);
		/* A stamp that was written meanwhile must not be lost. */
		if (bytes[FIRST_WORD] && bytes[LAST_WORD])
			read_back(thread, disk, ref, page);
	}
	let_go(thread);
out:
	close(disk);
}
