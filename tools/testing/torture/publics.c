// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that one thread changes while others look at them: redirected to other memory,
 * redirected to none, so that accesses sleep, or ended.
 */
#include "torture.h"

void op_publish(struct thread *thread)
{
	struct public *public = &thread->process->publics[below(thread, NR_PUBLICS)];
	struct reference *ref = any_own_reference(thread);

	if (!ref || ref->public || atomic_exchange(&public->taken, true))
		return;
	public->reference = *ref;
	ref->public = public;
	public->version++;
}

void op_hide(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);

	if (ref)
		hide(ref);
}

/* Have the kernel read from the map. It may have to sleep in the middle. */
static void let_kernel_read(struct thread *thread, const struct reference *ref, __u32 page)
{
	bool written = is_written(ref, page);
	__u64 value;
	ssize_t n;

	n = write(thread->pipe[1], (void *)(uintptr_t)word_address(ref, page, FIRST_WORD),
		  sizeof(value));
	if (n > 0 && read(thread->pipe[0], &value, n) != n)
		fail(thread, "a pipe has lost something");
	if (!sure(ref))
		return;
	world->checks++;
	if (n == sizeof(value))
		check_value(thread, ref, page, FIRST_WORD, value, written);
	else if (!thread->process->pressed)
		fail(thread, "the kernel cannot read #%llu at %#llx", ref->shape.identity,
		     (unsigned long long)ref->address);
}

/*
 * Look at a map of another thread. While its version is odd, it may show no memory, and an
 * access sleeps here.
 */
void op_visit(struct thread *thread)
{
	struct public *public = &thread->process->publics[below(thread, NR_PUBLICS)];
	struct reference copy;
	__u64 version = public->version;
	__u32 page;

	copy = public->reference;
	copy.public = public;
	copy.version = version;
	copy.doubtful |= version & 1;
	/* No thread has published a map here yet. */
	if (!copy.pages || copy.pages > MAX_PAGES)
		return;
	page = below(thread, copy.pages);
	switch (below(thread, 4)) {
	case 0:
		nudge(thread, &copy, page);
		break;
	case 1:
		let_kernel_read(thread, &copy, page);
		break;
	default:
		look_at(thread, &copy, page);
		break;
	}
}

static int redirect_map(const struct reference *ref, int fd, __u64 offset)
{
	return redirect(ref->fd, (void *)(uintptr_t)ref->address, ref->length, fd, 0, offset);
}

/* Mark the begin and the end of a change to a published map. */
static void begin_change(struct reference *ref)
{
	if (ref->public)
		ref->public->version++;
}

static void end_change(struct reference *ref)
{
	if (!ref->public)
		return;
	ref->public->reference = *ref;
	ref->public->version++;
}

/*
 * Choose an offset in a descriptor with the map's place in its page, and room for all its
 * bytes. Returns false if there is none.
 */
static bool find_place(struct thread *thread, const struct reference *ref,
		       const struct shape *shape, __u64 *offset)
{
	__u64 in_page = ref->address % PAGE;
	__u64 all = shape->skew + shape->capacity, place;

	if (in_page + ref->length > all)
		return false;
	place = below(thread, (all - in_page - ref->length) / PAGE + 1) * PAGE + in_page;
	if (place < shape->skew)
		return false;
	*offset = place - shape->skew;
	return true;
}

/*
 * Return true if the redirected map, created from pageable memory, would show that memory at
 * another place than before.
 */
static bool shows_itself_otherwise(const struct reference *ref, const struct shape *to,
				   __u32 first)
{
	const struct piece *piece;
	__u32 i, in_buffer;

	if (!ref->made_of)
		return false;
	for (i = 0; i < ref->pages; i++) {
		piece = piece_of(to, first + i, &in_buffer);
		if (piece && piece->buffer == ref->made_of &&
		    (is_multi(to) || in_buffer != ref->made_first + i))
			return true;
	}
	return false;
}

/*
 * Return true if the map shows that memory already. To show it again is allowed, even if the
 * other descriptor would not give as much.
 */
static bool shows_it_already(const struct reference *ref, const struct handle *to, __u64 offset)
{
	__u32 first = (to->shape.skew + offset) / PAGE, here, there;
	const struct piece *from = piece_of(&ref->shape, ref->first, &here);
	const struct piece *piece = piece_of(&to->shape, first, &there);

	return ref->shape.root == to->shape.root && from && piece &&
	       from->buffer == piece->buffer && here == there;
}

/* Return the results that a redirection may have, besides @errors. */
static int foresee_redirect(const struct reference *ref, const struct handle *to, __u64 offset)
{
	__u64 first = (to->shape.skew + offset) & ~(PAGE - 1);
	__u64 end = round_up(to->shape.skew + offset + ref->length, PAGE);

	if (to->read_only && !(ref->options & IOKMEM_MAP_READ_ONLY))
		return -EACCES;
	if (first < to->shape.skew || end > to->shape.skew + to->shape.owned)
		return -EACCES;
	return shows_itself_otherwise(ref, &to->shape, first / PAGE) ? -EOPNOTSUPP : 0;
}

static void now_of(struct thread *thread, struct reference *ref, const struct handle *to,
		   __u64 offset)
{
	close(ref->fd);
	ref->fd = fcntl(to->fd, F_DUPFD_CLOEXEC, 3);
	ref->shape = to->shape;
	ref->first = (to->shape.skew + offset) / PAGE;
	ref->redirected = true;
}

static bool can_be_redirected(const struct reference *ref)
{
	return ref && ref->fd >= 0 && !(ref->options & IOKMEM_MAP_PINNABLE);
}

/* Redirect a map that the caller holds, to memory of the same or another descriptor. */
static int redirect_somewhere(struct thread *thread, struct reference *ref)
{
	static const int errors[] = { ENOMEM, EBUSY, EPERM, EINTR, ENODATA, 0 };
	struct handle *to = any_handle(thread);
	struct reference moved = *ref;
	__u64 offset;
	int err, why;

	if (!to || !find_place(thread, ref, &to->shape, &offset))
		return -EINVAL;
	/*
	 * The release then needs the new descriptor, of which others may have stale
	 * references.
	 */
	watch(thread, &moved, &thread->process->all);
	moved.public = ref->public;
	why = foresee_redirect(ref, to, offset);
	err = redirect_map(ref, to->fd, offset);
	trace(thread, "REDIRECT", to->shape.identity, ref->address, ref->length, offset,
	      ref->shape.identity, err);
	if (!err && why && !shows_it_already(ref, to, offset))
		fail(thread, "#%llu at %#llx was redirected to #%llu, offset %llu, but %s",
		     ref->shape.identity, (unsigned long long)ref->address,
		     to->shape.identity, offset, strerror(-why));
	if (err && err != why && !expected(err, errors) &&
	    !(err == -ERANGE && record_of(to->shape.identity)->resized))
		fail(thread, "REDIRECT of #%llu at %#llx to #%llu, offset %llu: %s",
		     ref->shape.identity, (unsigned long long)ref->address,
		     to->shape.identity, offset, strerror(-err));
	if (!err) {
		now_of(thread, &moved, to, offset);
		*ref = moved;
	}
	return err;
}

void op_redirect(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);

	if (!can_be_redirected(ref) || !hold(thread, ref))
		return;
	begin_change(ref);
	redirect_somewhere(thread, ref);
	end_change(ref);
	look_at(thread, ref, below(thread, ref->pages));
	let_go(thread);
}

/* Wake accesses that sleep in the map. Returns false if the map should be ended instead. */
static bool resume(struct thread *thread, struct reference *ref)
{
	__u64 offset = ref->first * PAGE + ref->address % PAGE - ref->shape.skew;
	int err;

	if (below(thread, 2) && !redirect_somewhere(thread, ref))
		return true;
	err = redirect_map(ref, ref->fd, offset);
	trace(thread, "RESUME", ref->shape.identity, ref->address, ref->length, offset, 0, err);
	if (err && err != -ENOMEM && err != -EBUSY && err != -EPERM && err != -ENODATA &&
	    !(err == -ERANGE && (record_of(ref->shape.identity)->resized ||
				 offset + ref->length > ref->shape.capacity)))
		fail(thread, "#%llu at %#llx does not get its memory back: %s",
		     ref->shape.identity, (unsigned long long)ref->address, strerror(-err));
	return !err;
}

/*
 * Redirect the map to nothing for a moment. The thread touches no other map meanwhile, or two
 * threads could wait for each other.
 */
void op_suspend(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);
	bool back = false;
	int err;

	if (!can_be_redirected(ref) || !hold(thread, ref))
		return;
	begin_change(ref);
	err = redirect_map(ref, -1, 0);
	let_go(thread);
	trace(thread, "SUSPEND", ref->shape.identity, ref->address, ref->length, 0, 0, err);
	if (err && err != -ENOMEM)
		fail(thread, "#%llu at %#llx is not redirected to nothing: %s",
		     ref->shape.identity, (unsigned long long)ref->address, strerror(-err));
	usleep(below(thread, 8000));
	if (below(thread, 4) && hold(thread, ref)) {
		back = resume(thread, ref);
		let_go(thread);
	}
	end_change(ref);
	if (!back && !err)
		drop_reference(thread, ref);
}
