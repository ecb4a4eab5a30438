// SPDX-License-Identifier: GPL-2.0-only
/* Ends of maps: of one reference, or of the map for all threads of the process. */
#include "torture.h"

void op_release(struct thread *thread)
{
	struct reference *ref = any_reference(thread);

	if (ref)
		drop_reference(thread, ref);
}

/* Begin and finish ending maps that other threads may have. */
static void begin_destroying(struct thread *thread, struct bucket *bucket)
{
	thread->process->all.busy++;
	bucket->busy++;
	thread->process->all.epoch++;
	bucket->epoch++;
}

static void end_destroying(struct thread *thread, struct bucket *bucket)
{
	bucket->busy--;
	thread->process->all.busy--;
}

/* Check that a map is gone after it was unmapped. @quiet is maps_begun before that. */
static void check_gone(struct thread *thread, struct reference *ref, bool alone, __u64 quiet)
{
	__u64 value;

	if (load(word_address(ref, below(thread, ref->pages), FIRST_WORD), &value) || !alone ||
	    thread->process->maps_begun != quiet)
		return;
	fail(thread, "#%llu is still there at %#llx after it was unmapped",
	     ref->shape.identity, (unsigned long long)ref->address);
}

/* Unmap for all threads of the process. */
void op_unmap(struct thread *thread)
{
	struct process *process = thread->process;
	struct reference *ref = any_reference(thread);
	struct bucket *bucket;
	bool certain, alone;
	__u64 quiet;
	int err;

	if (!ref || ref->fd < 0)
		return;
	hide(ref);
	bucket = bucket_of(process, &ref->shape);
	pthread_rwlock_rdlock(&process->destroying);
	quiet = process->maps_begun;
	alone = process->maps_ended == quiet;
	certain = sure(ref);
	begin_destroying(thread, bucket);
	err = unmap(ref->fd, (void *)(uintptr_t)ref->address, ref->length);
	end_destroying(thread, bucket);
	/* No other thread has unmapped anything since. */
	certain = certain && !ref->doubtful && bucket_of(process, &ref->shape) == ref->bucket &&
		  ref->bucket->epoch == ref->epoch + 1;
	trace(thread, "UNMAP", ref->shape.identity, ref->address, ref->length, 0, certain, err);
	pthread_rwlock_unlock(&process->destroying);

	if (err && (err != -ENOENT || certain))
		fail(thread, "UNMAP of #%llu at %#llx length %llu: %s", ref->shape.identity,
		     (unsigned long long)ref->address, (unsigned long long)ref->length,
		     strerror(-err));
	if (!err && ref->own && certain)
		check_gone(thread, ref, alone, quiet);
	if (err && is_revoked(&ref->shape))
		process->left_over = true;
	forget_reference(ref);
}

/* munmap() ends the map for all threads, too. */
void op_munmap(struct thread *thread)
{
	struct process *process = thread->process;
	struct reference *ref = any_reference(thread);
	size_t guard, size;
	__u64 base, quiet;
	bool alone;
	int err;

	if (!ref)
		return;
	hide(ref);
	if (!hold(thread, ref))
		return;
	guard = guard_size(ref);
	base = (ref->address & ~(PAGE - 1)) - guard;
	size = ref->pages * PAGE + 2 * guard;
	quiet = process->maps_begun;
	alone = process->maps_ended == quiet;
	begin_destroying(thread, bucket_of(process, &ref->shape));
	err = munmap((void *)(uintptr_t)base, size) ? -errno : 0;
	end_destroying(thread, bucket_of(process, &ref->shape));
	trace(thread, "munmap", ref->shape.identity, base, size, 0, ref->options, err);
	let_go(thread);

	if (err == -ENOMEM)
		return;
	if (!err) {
		if (ref->own)
			check_gone(thread, ref, alone, quiet);
		forget_reference(ref);
	} else if (err != -EINVAL || ref->own) {
		/* Sub-maps of a larger mapping stay. */
		fail(thread, "munmap of #%llu at %#llx length %#zx: %s", ref->shape.identity,
		     base, size, strerror(-err));
	}
}
