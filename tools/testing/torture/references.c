// SPDX-License-Identifier: GPL-2.0-only
/*
 * The maps of a thread. A map is known by its address. When another thread of the process has
 * unmapped it, a new map may have the address, even one of the same descriptor. The first
 * thread must not rely on it any more: see sure().
 */
#include "torture.h"

struct bucket *bucket_of(struct process *process, const struct shape *shape)
{
	return &process->buckets[shape->root % NR_BUCKETS];
}

/*
 * Return true if the reference has been good until now. A caller that asks after an access
 * knows what that access must have shown.
 */
bool sure(const struct reference *ref)
{
	if (ref->doubtful || ref->bucket->epoch != ref->epoch || is_revoked(&ref->shape))
		return false;
	return !ref->version || ref->public->version == ref->version;
}

/*
 * Begin to get a reference. Read the epoch first: a thread that unmaps is counted as busy
 * before it changes the epoch.
 */
void watch(struct thread *thread, struct reference *ref, struct bucket *bucket)
{
	ref->bucket = bucket;
	ref->epoch = bucket->epoch;
	ref->doubtful = bucket->busy;
	ref->public = NULL;
	ref->version = 0;
}

/* Return true if no other thread of the process unmaps now, and none has since. */
bool hold(struct thread *thread, const struct reference *ref)
{
	pthread_rwlock_wrlock(&thread->process->destroying);
	if (sure(ref))
		return true;
	pthread_rwlock_unlock(&thread->process->destroying);
	return false;
}

void let_go(struct thread *thread)
{
	pthread_rwlock_unlock(&thread->process->destroying);
}

/* Maps of revoked memory have ended, and their addresses are left to the process. */
static void drop_revoked(struct thread *thread)
{
	struct reference *ref;

	for (ref = thread->references; ref < thread->references + NR_REFERENCES; ref++) {
		if (!ref->pages || !is_revoked(&ref->shape))
			continue;
		thread->process->left_over = true;
		drop_reference(thread, ref);
	}
}

struct reference *any_reference(struct thread *thread)
{
	unsigned int i, first = below(thread, NR_REFERENCES);

	drop_revoked(thread);
	for (i = 0; i < NR_REFERENCES; i++) {
		struct reference *ref = &thread->references[(first + i) % NR_REFERENCES];

		if (ref->pages)
			return ref;
	}
	return NULL;
}

struct reference *any_own_reference(struct thread *thread)
{
	struct reference *ref;
	int i;

	for (i = 0; i < NR_REFERENCES; i++) {
		ref = any_reference(thread);
		if (!ref)
			return NULL;
		if (ref->own && sure(ref))
			return ref;
	}
	return NULL;
}

struct reference *room_for_reference(struct thread *thread)
{
	int i;

	drop_revoked(thread);
	for (i = 0; i < NR_REFERENCES; i++)
		if (!thread->references[i].pages)
			return &thread->references[i];
	drop_reference(thread, &thread->references[below(thread, NR_REFERENCES)]);
	return room_for_reference(thread);
}

/* munmap() of a map includes its guards. */
size_t guard_size(const struct reference *ref)
{
	switch (ref->options & IOKMEM_MAP_GUARDED_MASK) {
	case IOKMEM_MAP_GUARDED_SMALL:	return PAGE;
	case IOKMEM_MAP_GUARDED_LARGE:	return 64 * KIB;
	default:			return 0;
	}
}

/* Stop publishing the map. */
void hide(struct reference *ref)
{
	if (!ref->public)
		return;
	if (!(ref->public->version & 1))
		ref->public->version++;
	ref->public->taken = false;
	ref->public = NULL;
}

void forget_reference(struct reference *ref)
{
	hide(ref);
	if (ref->fd >= 0)
		close(ref->fd);
	ref->pages = 0;
}

/* From now on an address that was free may be mapped: see stays_away(). */
void will_map(struct thread *thread)
{
	thread->process->maps_begun++;
}

void has_mapped(struct thread *thread)
{
	thread->process->maps_ended++;
}

/* Close the descriptor of a map. Only its address is known from then on. */
static void drop_bare(struct thread *thread, struct reference *ref)
{
	__u64 base = ref->address & ~(PAGE - 1);

	if (hold(thread, ref)) {
		int err = munmap((void *)(uintptr_t)base, ref->pages * PAGE) ? -errno : 0;

		trace(thread, "munmap bare", ref->shape.identity, base, ref->pages * PAGE, 0,
		      ref->options, err);
		let_go(thread);
		if (err && err != -ENOMEM)
			fail(thread, "munmap of #%llu at %#llx: %s", ref->shape.identity,
			     (unsigned long long)base, strerror(-err));
	} else {
		/*
		 * The address may belong to another map, and there is no other way to release
		 * it.
		 */
		thread->process->left_over = true;
	}
	forget_reference(ref);
}

/*
 * Release a map. Release it even if it may belong to another thread by now, and tell that
 * thread.
 */
void drop_reference(struct thread *thread, struct reference *ref)
{
	static const int errors[] = { ENOENT, 0 };
	struct process *process = thread->process;
	struct bucket *bucket = bucket_of(process, &ref->shape);
	__u64 quiet = process->maps_begun, value;
	bool alone = process->maps_ended == quiet;
	bool stale;
	int err;

	hide(ref);
	if (ref->fd < 0) {
		drop_bare(thread, ref);
		return;
	}
	bucket->busy++;
	process->all.busy++;
	stale = !sure(ref);
	if (stale) {
		pthread_rwlock_rdlock(&process->destroying);
		bucket->epoch++;
		process->all.epoch++;
	}
	err = release(ref->fd, (void *)(uintptr_t)ref->address, ref->length);
	trace(thread, stale ? "release stale" : "release", ref->shape.identity, ref->address,
	      ref->length, 0, ref->options, err);
	if (stale)
		pthread_rwlock_unlock(&process->destroying);
	stale = !sure(ref);
	process->all.busy--;
	bucket->busy--;

	if (!expected(err, errors) || (err && !stale))
		fail(thread, "release of #%llu at %#llx length %#llx: %s", ref->shape.identity,
		     (unsigned long long)ref->address, (unsigned long long)ref->length,
		     strerror(-err));
	if (ref->own && !stale && !load(ref->address & ~(PAGE - 1), &value) && alone &&
	    process->maps_begun == quiet)
		fail(thread, "#%llu is still there at %#llx after its release",
		     ref->shape.identity, (unsigned long long)ref->address);
	/* It was revoked on the way here: see drop_revoked(). */
	if (err && is_revoked(&ref->shape))
		process->left_over = true;
	forget_reference(ref);
}

/* Return a reserved address, PROT_NONE until it is used. Each address is used only once. */
char *arena_take(struct thread *thread, size_t size)
{
	char *place;

	if (size > thread->arena_left) {
		will_map(thread);
		place = mmap(NULL, ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			     MAP_NORESERVE, -1, 0);
		has_mapped(thread);
		if (place == MAP_FAILED)
			return NULL;
		thread->arena = place;
		thread->arena_left = ARENA_SIZE;
	}
	place = thread->arena;
	thread->arena += size;
	thread->arena_left -= size;
	return place;
}
