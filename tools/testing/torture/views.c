// SPDX-License-Identifier: GPL-2.0-only
/* Use of maps: their content, accesses that they refuse, and calls that must not change them. */
#include "torture.h"

void op_query_map(struct thread *thread)
{
	struct reference *ref = any_reference(thread);
	struct iokmem_query_mapping mapping;
	int err;

	if (!ref || ref->fd < 0)
		return;
	err = query_map(ref->fd, (void *)(uintptr_t)ref->address, ref->length, &mapping);
	if (!sure(ref)) {
		if (err && err != -ENOENT)
			fail(thread, "QUERY_MAPPING of a map that may have gone: %s",
			     strerror(-err));
		return;
	}
	world->checks++;
	if (err || !mapping.references || (ref->own && mapping.references != 1))
		fail(thread, "QUERY_MAPPING of #%llu at %#llx: %s, %llu references",
		     ref->shape.identity, (unsigned long long)ref->address, strerror(-err),
		     mapping.references);
}

void op_read(struct thread *thread)
{
	struct reference *ref = any_reference(thread);
	int i;

	for (i = 0; ref && i < 4; i++)
		look_at(thread, ref, below(thread, ref->pages));
}

void op_write(struct thread *thread)
{
	struct reference *ref = any_reference(thread);

	if (ref)
		nudge(thread, ref, below(thread, ref->pages));
}

void op_stamp(struct thread *thread)
{
	struct reference *ref = any_reference(thread);
	__u32 page, end;

	if (!ref || !hold(thread, ref))
		return;
	page = below(thread, ref->pages);
	for (end = page + 1 + below(thread, 8); page < end && page < ref->pages; page++) {
		put_stamp(thread, ref, page);
		look_at(thread, ref, page);
	}
	let_go(thread);
}

/* Find another map of this thread that shows the page. Returns the page's number in it. */
static struct reference *other_view(struct thread *thread, const struct reference *ref,
				    __u32 page, __u32 *there)
{
	__u32 in_buffer, other_in_buffer;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);
	struct reference *other;
	int i;

	for (i = 0; piece && i < NR_REFERENCES; i++) {
		other = &thread->references[i];
		if (other == ref || !other->pages)
			continue;
		for (*there = 0; *there < other->pages; ++*there) {
			const struct piece *found = piece_of(&other->shape, other->first + *there,
							     &other_in_buffer);

			if (found && found->buffer == piece->buffer &&
			    other_in_buffer == in_buffer && sure(other))
				return other;
		}
	}
	return NULL;
}

/* A write through one map shows in another. */
void op_note(struct thread *thread)
{
	unsigned int word = NOTE_WORD + below(thread, NR_NOTES);
	struct reference *ref = any_reference(thread), *other;
	__u64 begun, buffer, note = below(thread, ~0ULL), value = 0;
	__u32 page, there, in_buffer;
	int write_sig, read_sig;
	bool alone;

	if (!ref || ref->read_only)
		return;
	page = below(thread, ref->pages);
	other = other_view(thread, ref, page, &there);
	if (!other || !hold(thread, ref))
		return;
	buffer = piece_of(&ref->shape, ref->first + page, &in_buffer)->buffer;
	/* An address that is not certain may sleep until this lock is released. */
	if (!sure(other)) {
		let_go(thread);
		return;
	}
	alone = change_begin(buffer, &begun);
	write_sig = store(word_address(ref, page, word), note);
	read_sig = load(word_address(other, there, word), &value);
	alone = change_end(buffer, begun, alone) && sure(other);
	let_go(thread);
	if (!alone || thread->process->pressed)
		return;
	world->checks++;
	if (write_sig || read_sig)
		fail(thread, "page %u of buffer #%llu at %#llx and %#llx: signals %d, %d",
		     in_buffer, buffer, word_address(ref, page, word),
		     word_address(other, there, word), write_sig, read_sig);
	/* The kernel may have emptied the memory in between. */
	else if (value != note && (value || !record_of(buffer)->purged))
		fail(thread, "page %u of buffer #%llu is not the same at %#llx and %#llx",
		     in_buffer, buffer, word_address(ref, page, word),
		     word_address(other, there, word));
}

/* Guards cannot be accessed. */
void op_guards(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);
	__u64 base, end, value;
	int before, behind;

	if (!ref || !guard_size(ref))
		return;
	base = ref->address & ~(PAGE - 1);
	end = base + ref->pages * PAGE;
	before = load(base - 8 - (below(thread, guard_size(ref)) & ~7), &value);
	behind = load(end + (below(thread, guard_size(ref)) & ~7), &value);
	if (!sure(ref))
		return;
	world->checks++;
	if (before != SIGSEGV || behind != SIGSEGV)
		fail(thread, "the guards of #%llu at %#llx: signals %d, %d", ref->shape.identity,
		     base, before, behind);
}

static const char *change_part(char *base, size_t size)
{
	if (munmap(base, PAGE) == 0 || errno != EINVAL)
		return "no first page is unmapped";
	if (munmap(base + size - PAGE, PAGE) == 0 || errno != EINVAL)
		return "no last page is unmapped";
	if (mprotect(base, PAGE, PROT_NONE) == 0 || errno != EINVAL)
		return "no page is protected";
	if (mmap(base + PAGE, size - PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) != MAP_FAILED || (errno != EINVAL && errno != ENOMEM))
		return "nothing is mapped over a part";
	return NULL;
}

/* The kernel first unmaps the destination. */
static bool can_be_moved(char *base, size_t size, char *place)
{
	return mremap(base, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) != MAP_FAILED ||
	       (errno != EINVAL && errno != EFAULT && errno != ENOMEM);
}

static const char *change_all(struct thread *thread, const struct reference *ref, char *base,
			      size_t size)
{
	char *place = size <= ARENA_SIZE / 4 ? arena_take(thread, size) : NULL;

	if (mremap(base, size, size * 2, MREMAP_MAYMOVE) != MAP_FAILED ||
	    (errno != EINVAL && errno != EFAULT))
		return "it is not made larger";
	if (place && can_be_moved(base, size, place))
		return "it is not moved";
	if (mprotect(base, size, PROT_READ | PROT_EXEC) == 0 || errno != EACCES)
		return "it is not made executable";
	if ((ref->options & IOKMEM_MAP_READ_ONLY) &&
	    (mprotect(base, size, PROT_READ | PROT_WRITE) == 0 || errno != EACCES))
		return "it is not made writable";
	return NULL;
}

/* Change the protection, and restore it. */
static const char *protect(const struct reference *ref, char *base, size_t size)
{
	__u64 value = 0;

	if (ref->read_only)
		return NULL;
	if (mprotect(base, size, PROT_READ))
		return errno == ENOMEM ? NULL : "it can be protected";
	if (exchange((uintptr_t)base, &value, value) != SIGSEGV)
		return "what is protected cannot be written";
	if (mprotect(base, size, PROT_READ | PROT_WRITE) && errno != ENOMEM)
		return "it can be writable again";
	return NULL;
}

/*
 * For MADV_COLD on a part of a block of ordinary pages, the kernel tries to split the block.
 * It looks up the memory cgroup in a way that lockdep warns about if the page is charged to
 * one. io_uring's rings have the same problem. It has no other effect.
 */
static bool kernel_would_warn(const struct reference *ref, int advice)
{
	return (advice == MADV_PAGEOUT || advice == MADV_COLD) &&
	       (ref->options & IOKMEM_MAP_PINNABLE) && !access("/proc/lockdep_stats", F_OK);
}

static void advise(struct thread *thread, const struct reference *ref, char *base,
		   size_t size)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DOFORK, MADV_WILLNEED, MADV_PAGEOUT, MADV_COLD,
		MADV_HUGEPAGE, MADV_MERGEABLE, MADV_FREE, MADV_SEQUENTIAL,
	};
	int given = advice[below(thread, ARRAY_SIZE(advice))];

	/* The content stays, whatever the call returns. */
	if (!kernel_would_warn(ref, given))
		madvise(base, size, given);
}

/* Call everything that a program can do to addresses. */
void op_meddle(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);
	const char *wrong = NULL;
	size_t size;
	char *base;

	if (!ref || guard_size(ref))
		return;
	hide(ref);
	if (!hold(thread, ref))
		return;
	base = (char *)(uintptr_t)(ref->address & ~(PAGE - 1));
	size = ref->pages * PAGE;
	will_map(thread);
	switch (below(thread, 4)) {
	case 0:
		wrong = size > PAGE ? change_part(base, size) : NULL;
		break;
	case 1:
		wrong = change_all(thread, ref, base, size);
		break;
	case 2:
		wrong = protect(ref, base, size);
		break;
	case 3:
		advise(thread, ref, base, size);
		break;
	}
	has_mapped(thread);
	if (wrong)
		fail(thread, "#%llu at %p, %zu bytes: not true: %s (%s)", ref->shape.identity,
		     base, size, wrong, strerror(errno));
	look_at(thread, ref, below(thread, ref->pages));
	let_go(thread);
}
