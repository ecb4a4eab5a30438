// SPDX-License-Identifier: GPL-2.0
/*
 * Multi-descriptors: several descriptors, one after the other, as one
 * (IOMultiMemoryDescriptor). Ranges of addresses at several places are made of them, too.
 *
 *	bytes of the multi-descriptor	|.......|............|..|
 *	members				| A     | B, part of | A|
 *
 * Members are windows of descriptors that have memory. A sub-descriptor becomes a window of
 * its parent, and the members of a multi-descriptor become members of the new one. A
 * multi-descriptor has maps of its own. While it is held, its members are held. If a member is
 * revoked, so is the multi-descriptor.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/multi.h"
#include "page/cache.h"
#include "page/compat.h"

/**
 * struct iokmem_member - a window of a descriptor, in a multi-descriptor
 * @multi: the multi-descriptor
 * @watch: tells if @whole is revoked
 * @whole: the descriptor that has the memory; neither a sub- nor a multi-descriptor
 * @desc: the descriptor whose frames the window shows, a user reference: @whole, which it keeps, or
 *	a part of that
 * @offset: of the window's first byte in @desc
 * @start: of the window's first byte in the multi-descriptor
 * @end: just past the window's last byte in the multi-descriptor
 * @place: where the window's first byte is, see iokmem_desc_place()
 */
struct iokmem_member {
	struct iokmem_multi *multi;
	struct iokmem_watch watch;
	struct iokmem_desc *whole;
	struct iokmem_desc *desc;
	size_t offset;
	size_t start;
	size_t end;
	size_t place;
};

/**
 * struct iokmem_multi - a multi-descriptor
 * @desc: the descriptor, which has no extents
 * @nr: how many members there are; none is empty
 * @nr_watched: how many of them are watched: none before the descriptor is published
 * @members: the members by ascending @start
 *
 * All are immutable once the descriptor is published.
 */
struct iokmem_multi {
	struct iokmem_desc desc;
	unsigned int nr;
	unsigned int nr_watched;
	struct iokmem_member *members;
};

static struct iokmem_multi *multi_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_multi, desc);
}

/* Find the member that has byte @offset, which is less than the capacity. */
static struct iokmem_member *find_member(const struct iokmem_multi *multi,
					 size_t offset)
{
	unsigned int low = 0, high = multi->nr - 1;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (multi->members[mid].end <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return &multi->members[low];
}

static struct iokmem_desc *multi_member(const struct iokmem_desc *desc,
					size_t *offset, size_t *length)
{
	struct iokmem_member *member = find_member(multi_of(desc), *offset);

	*length = min(*length, member->end - *offset);
	*offset = member->offset + (*offset - member->start);
	return member->desc;
}

static size_t multi_place(const struct iokmem_desc *desc, size_t offset)
{
	const struct iokmem_member *member = find_member(multi_of(desc), offset);

	return member->place + (offset - member->start);
}

/* Find the member that has page @index. No two members have one page. */
static struct iokmem_member *find_member_by_page(const struct iokmem_multi *multi, pgoff_t index)
{
	unsigned int low = 0, high = multi->nr - 1;

	while (low < high) {
		unsigned int mid = high - (high - low) / 2;

		if (multi->members[mid].place >> PAGE_SHIFT <= index)
			low = mid;
		else
			high = mid - 1;
	}
	return &multi->members[low];
}

static struct iokmem_run multi_lookup(const struct iokmem_desc *desc, pgoff_t index)
{
	const struct iokmem_member *member = find_member_by_page(multi_of(desc), index);
	pgoff_t first = member->place >> PAGE_SHIFT;
	size_t end = PAGE_ALIGN(member->place + (member->end - member->start)) >> PAGE_SHIFT;
	struct iokmem_run run;

	run = iokmem_desc_lookup(member->desc, index - first +
				 (iokmem_desc_place(member->desc, member->offset) >> PAGE_SHIFT));
	run.nr = min(run.nr, end - index);
	run.before = min(run.before, index - first);
	return run;
}

/* Return the mode that all members have, or the default mode if they have several. */
static u32 multi_cache_mode(const struct iokmem_desc *desc)
{
	const struct iokmem_multi *multi = multi_of(desc);
	u32 mode = IOKMEM_MAP_DEFAULT_CACHE;
	unsigned int i;

	for (i = 0; i < multi->nr; i++) {
		const struct iokmem_desc *member = multi->members[i].desc;
		u32 of_one = iokmem_desc_get_cache_mode(member);

		if (!iokmem_desc_has_memory(member) || of_one == mode)
			continue;
		if (mode != IOKMEM_MAP_DEFAULT_CACHE)
			return IOKMEM_MAP_DEFAULT_CACHE;
		mode = of_one;
	}
	return mode;
}

static void unhold_members(struct iokmem_multi *multi, unsigned int nr)
{
	while (nr--)
		iokmem_desc_unhold(multi->members[nr].desc, NULL);
}

/* Hold all members. They are counted, so several callers may do so at a time. */
static void *multi_bring_in(struct iokmem_desc *desc, bool write)
{
	struct iokmem_multi *multi = multi_of(desc);
	unsigned int i;
	int err;

	for (i = 0; i < multi->nr; i++) {
		err = iokmem_desc_hold(multi->members[i].desc, write, NULL);
		if (err) {
			unhold_members(multi, i);
			return ERR_PTR(err);
		}
		cond_resched();
	}
	return multi;
}

static void multi_let_go(struct iokmem_desc *desc, void *brought)
{
	struct iokmem_multi *multi = brought;

	unhold_members(multi, multi->nr);
}

static int multi_pin(struct iokmem_desc *desc, bool write, void *brought)
{
	struct iokmem_multi *multi = brought;
	bool read_only = false;
	unsigned int i;

	lockdep_assert_held(&desc->hold_lock);

	/* It does not change while the members are held. */
	for (i = 0; i < multi->nr; i++)
		read_only |= READ_ONCE(multi->members[i].desc->held_read_only);
	WRITE_ONCE(desc->held_read_only, read_only);
	return 0;
}

static void multi_unpin(struct iokmem_desc *desc)
{
	struct iokmem_multi *multi = multi_of(desc);

	lockdep_assert_held(&desc->hold_lock);

	unhold_members(multi, multi->nr);
}

/* A member that has been held for writing once counts as written until nobody holds it. */
static int multi_write(struct iokmem_desc *desc)
{
	struct iokmem_multi *multi = multi_of(desc);
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&desc->hold_lock);

	for (i = 0; i < multi->nr && !err; i++) {
		err = iokmem_desc_hold(multi->members[i].desc, true, NULL);
		if (!err)
			iokmem_desc_unhold(multi->members[i].desc, NULL);
	}
	return err;
}

static int multi_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			 bool user)
{
	const struct iokmem_member *member = find_member(multi_of(desc), offset);
	int err = 0;

	for (; !err && length; member++) {
		size_t n = min(length, member->end - offset);

		err = iokmem_desc_may_map(member->desc, member->offset + (offset - member->start),
					  n, user);
		offset += n;
		length -= n;
	}
	return err;
}

/*
 * Get a member ready for copying bytes, and hold it. Memory whose bytes can be copied only
 * while it is prepared needs a hold of the multi-descriptor, which is @held.
 */
static int member_get(const struct iokmem_member *member, bool held, bool write)
{
	struct iokmem_desc *desc = member->desc;
	int err;

	if (!iokmem_desc_has_memory(desc))
		return -EFAULT;
	if (!iokmem_desc_is_always_there(desc) && !iokmem_desc_is_paged(member->whole) &&
	    !held)
		return -EBADFD;
	err = iokmem_desc_hold(desc, write, NULL);
	if (err)
		return err;
	err = iokmem_desc_may_map(desc, member->offset, member->end - member->start, false);
	if (!err)
		err = iokmem_access_begin(desc, write);
	if (err)
		iokmem_desc_unhold(desc, NULL);
	return err;
}

static void member_put(const struct iokmem_member *member, bool write)
{
	iokmem_access_end(member->desc, write);
	iokmem_desc_unhold(member->desc, NULL);
}

/* Check that the hardware has lost none of the bytes, which begin in @member. */
static int check_members(const struct iokmem_member *member, size_t offset, size_t length)
{
	int err = 0;

	for (; !err && length; member++) {
		size_t n = min(length, member->end - offset);

		err = iokmem_access_check(member->desc,
					  member->offset + (offset - member->start), n);
		offset += n;
		length -= n;
	}
	return err;
}

/*
 * Copy bytes. All members are made ready before the first byte is copied, so this copies
 * all or nothing, unless iokmem_access_pinned() fails. Getting ready may wait for devices that
 * write a member, so no lock is held.
 */
static int multi_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			size_t length, bool write)
{
	struct iokmem_multi *multi = multi_of(desc);
	struct iokmem_member *first = find_member(multi, offset);
	struct iokmem_member *last = find_member(multi, offset + length - 1);
	struct iokmem_member *member;
	bool held = READ_ONCE(desc->held);
	int err = 0;

	for (member = first; member <= last; member++) {
		err = member_get(member, held, write);
		if (err)
			goto out;
	}
	err = check_members(first, offset, length);
	if (err)
		goto out;
	for (member = first; !err && member <= last; member++) {
		size_t n = min(length, member->end - offset);

		err = iokmem_access_pinned(member->desc,
					   member->offset + (offset - member->start),
					   bytes, n, write);
		offset += n;
		length -= n;
		if (bytes)
			bytes += n;
	}
out:
	while (member-- > first)
		member_put(member, write);
	return err;
}

/* Return true if a member before member @i is a window of the same memory. */
static bool seen_before(const struct iokmem_multi *multi, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (multi->members[j].whole == multi->members[i].whole)
			return true;
	return false;
}

static int multi_page_counts(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
			     u64 *resident, u64 *dirty)
{
	struct iokmem_multi *multi = multi_of(desc);
	unsigned int i;

	*resident = 0;
	*dirty = 0;
	for (i = 0; i < multi->nr; i++) {
		u64 of_resident, of_dirty;
		int err;

		if (seen_before(multi, i))
			continue;
		err = iokmem_desc_get_page_counts(multi->members[i].whole,
						  &of_resident, &of_dirty);
		if (err)
			return err;
		*resident += of_resident;
		*dirty += of_dirty;
	}
	return 0;
}

/* The state is the largest of all members: non-volatile < volatile < empty. */
static int multi_set_purgeable(struct iokmem_desc *desc, u32 state, u32 *old)
{
	struct iokmem_multi *multi = multi_of(desc);
	unsigned int i;
	u32 of_one;
	int err;

	/* Check all members first. Whether a member has a state does not change. */
	for (i = 0; i < multi->nr; i++) {
		err = iokmem_desc_set_purgeable(multi->members[i].whole,
						IOKMEM_PURGEABLE_KEEP_CURRENT, NULL);
		if (err)
			return err;
	}
	*old = 0;
	for (i = 0; i < multi->nr; i++) {
		if (seen_before(multi, i))
			continue;
		err = iokmem_desc_set_purgeable(multi->members[i].whole, state,
						&of_one);
		/* A program that is being killed does not wait to change the others. */
		if (WARN_ON(err && err != -EINTR) || err)
			return err;
		*old = max(*old, of_one);
	}
	return 0;
}

/* Called with the member's lock held, so before multi_release() removes the watch. */
static bool member_watch_get(struct iokmem_watch *watch)
{
	struct iokmem_member *member = container_of(watch, struct iokmem_member, watch);

	return kref_get_unless_zero(&member->multi->desc.count);
}

static void member_revoked(struct iokmem_watch *watch)
{
	struct iokmem_member *member = container_of(watch, struct iokmem_member, watch);
	struct iokmem_desc *desc = &member->multi->desc;

	iokmem_desc_revoke(desc);
	iokmem_desc_count_put(desc);
}

static const struct iokmem_watch_ops member_watch_ops = {
	.get	= member_watch_get,
	.revoke	= member_revoked,
};

/* Watch all members. Their addresses do not change any more. */
static int watch_members(struct iokmem_multi *multi)
{
	struct iokmem_member *member;
	int err = 0;

	while (multi->nr_watched < multi->nr && !err) {
		member = &multi->members[multi->nr_watched];
		member->multi = multi;
		err = iokmem_watch_add(&member->watch, &member_watch_ops, member->whole);
		multi->nr_watched += !err;
	}
	return err;
}

static void multi_release(struct iokmem_desc *desc)
{
	struct iokmem_multi *multi = multi_of(desc);
	struct iokmem_member *member;

	while (multi->nr_watched) {
		member = &multi->members[--multi->nr_watched];
		iokmem_watch_remove(&member->watch, member->whole);
	}
	while (multi->nr)
		iokmem_desc_put(multi->members[--multi->nr].desc);
	kfree(multi->members);
}

static const struct iokmem_store_ops multi_store = {
	.bring_in	= multi_bring_in,
	.let_go		= multi_let_go,
	.pin		= multi_pin,
	.unpin		= multi_unpin,
	.write		= multi_write,
	.lookup		= multi_lookup,
	.place		= multi_place,
	.member		= multi_member,
	.cache_mode	= multi_cache_mode,
	.page_counts	= multi_page_counts,
	.set_purgeable	= multi_set_purgeable,
};

static const struct iokmem_show_ops multi_show = {
	.may_map	= multi_may_map,
};

static const struct iokmem_bytes_ops multi_bytes = {
	.access		= multi_access,
};

static const struct iokmem_kind iokmem_multi_kind = {
	.name		= "multi",
	.resolve	= iokmem_cache_resolve_io,
	.store		= &multi_store,
	.show		= &multi_show,
	.bytes		= &multi_bytes,
	.release	= multi_release,
};

/* The hold_lock of a multi-descriptor is taken before those of its members. */
static struct lock_class_key iokmem_multi_hold_key;

/* Make room for one more member. The array has room for a power of two. */
static struct iokmem_member *member_alloc(struct iokmem_multi *multi)
{
	struct iokmem_member *members = multi->members;

	if (!multi->nr || is_power_of_2(multi->nr))
		members = krealloc_array(members, max(1U, 2 * multi->nr),
					 sizeof(*members), GFP_KERNEL_ACCOUNT);
	if (!members)
		return NULL;
	multi->members = members;
	return &members[multi->nr];
}

/*
 * Find a place for a new member whose first byte is at @place in its own descriptor. It is next
 * to the member before if both are whole pages there. Otherwise the member has pages of its own.
 */
static size_t member_place(const struct iokmem_multi *multi, size_t place)
{
	const struct iokmem_member *last;

	if (!multi->nr)
		return offset_in_page(place);
	last = &multi->members[multi->nr - 1];
	return PAGE_ALIGN(last->place + (last->end - last->start)) + offset_in_page(place);
}

/* Return true if a window continues the last member's. */
static bool continues_last(const struct iokmem_multi *multi, const struct iokmem_desc *desc,
			   size_t offset)
{
	const struct iokmem_member *last;

	if (!multi->nr)
		return false;
	last = &multi->members[multi->nr - 1];
	return last->desc == desc && last->offset + (last->end - last->start) == offset;
}

/* Add a window of a descriptor that is neither a sub- nor a multi-descriptor, nor a part. */
static int add_leaf(struct iokmem_multi *multi, struct iokmem_desc *desc,
		    size_t offset, size_t length)
{
	struct iokmem_member *member;
	size_t end;
	int err;

	/* Its page frames are not known. */
	if (iokmem_desc_has_fixed_address(desc))
		return -EOPNOTSUPP;
	if (check_add_overflow(multi->desc.capacity, length, &end))
		return -EOVERFLOW;
	multi->desc.owned = multi->desc.capacity + iokmem_desc_owned(desc, offset, length);
	multi->desc.capacity = end;
	if (continues_last(multi, desc, offset)) {
		multi->members[multi->nr - 1].end = end;
		return 0;
	}
	if (multi->nr == IOKMEM_MULTI_MAX)
		return -ENOSPC;
	member = member_alloc(multi);
	if (!member)
		return -ENOMEM;
	err = iokmem_desc_try_get(desc);
	if (err)
		return err;

	member->whole = desc;
	member->desc = desc;
	member->offset = offset;
	member->start = end - length;
	member->end = end;
	member->place = member_place(multi, iokmem_desc_place(desc, offset));
	multi->desc.skew = multi->members->place;
	multi->nr++;
	return 0;
}

/*
 * iokmem_multi_add - add a descriptor to a multi-descriptor that is being made
 *
 * Return 0 or an error that iokmem_multi_with_descriptors() lists.
 */
int iokmem_multi_add(struct iokmem_desc *multi, struct iokmem_desc *desc)
{
	struct iokmem_window window =
		iokmem_window_of(desc, 0, iokmem_desc_get_length(desc));
	int err = 0;

	multi->partial |= desc->partial;
	multi->read_only |= desc->read_only;
	while (window.length && !err) {
		size_t at = window.offset, n = window.length;
		struct iokmem_desc *leaf = iokmem_desc_leaf(window.desc, &at, &n);

		leaf = iokmem_part_whole(leaf, &at);
		err = add_leaf(multi_of(multi), leaf, at, n);
		window.offset += n;
		window.length -= n;
	}
	return err;
}

/*
 * iokmem_multi_create - begin to make a multi-descriptor
 *
 * The caller must add members, and call iokmem_multi_finish().
 */
struct iokmem_desc *iokmem_multi_create(u32 direction)
{
	struct iokmem_desc *desc;

	desc = iokmem_desc_alloc(&iokmem_multi_kind, sizeof(struct iokmem_multi), 0);
	if (IS_ERR(desc))
		return desc;
	lockdep_set_class(&desc->hold_lock, &iokmem_multi_hold_key);
	desc->direction = direction;
	desc->options = direction;
	return desc;
}

/* Let each member hold no more than its window. */
static int narrow_members(struct iokmem_multi *multi)
{
	unsigned int i;
	int err;

	for (i = 0; i < multi->nr; i++) {
		struct iokmem_member *member = &multi->members[i];
		struct iokmem_window window = {
			.desc = member->whole,
			.offset = member->offset,
			.length = member->end - member->start,
		};

		err = iokmem_part_narrow(&window);
		if (err)
			return err;
		if (window.desc == member->whole)
			continue;
		/* The part keeps the memory. */
		iokmem_desc_put(member->whole);
		member->desc = window.desc;
		member->offset = window.offset;
	}
	return 0;
}

/*
 * Count the pages that a user who holds the multi-descriptor is charged for: those of all
 * members, but for what is a member twice. The holds that it has of its members are charged to
 * nobody.
 */
static unsigned long members_hold_pages(const struct iokmem_multi *multi)
{
	unsigned long nr = 0;
	unsigned int i, j;

	for (i = 0; i < multi->nr; i++) {
		const struct iokmem_desc *desc = multi->members[i].desc;

		for (j = 0; desc->hold_pages && multi->members[j].desc != desc; j++)
			;
		if (j == i)
			nr += desc->hold_pages;
	}
	return nr;
}

/*
 * iokmem_multi_finish - publish a multi-descriptor that has its members, or put it after @err
 *
 * Return the descriptor, or ERR_PTR(): @err; -EINVAL if there is no member; or -ENODEV if one has
 * been revoked.
 */
struct iokmem_desc *iokmem_multi_finish(struct iokmem_desc *desc, int err)
{
	/* A descriptor without memory has neither a place nor a type. */
	if (!err && !multi_of(desc)->nr)
		err = -EINVAL;
	if (!err)
		err = narrow_members(multi_of(desc));
	desc->length = desc->capacity;
	desc->hold_pages = members_hold_pages(multi_of(desc));
	if (!err)
		err = watch_members(multi_of(desc));
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	iokmem_desc_publish(desc);
	return desc;
}

/**
 * iokmem_multi_with_descriptors - describe several descriptors' memory as one
 * @descs: the descriptors, in order; a descriptor may occur more than once
 * @nr: how many
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOMultiMemoryDescriptor::withDescriptors(), but pageable and other memory
 * may be mixed. The multi-descriptor keeps the others, and gets the tag of the first
 * that has one. Later changes of their lengths have no effect.
 *
 * It can be mapped, as one range of addresses, if every member but the first begins
 * with a page, and every one but the last ends with one: guard pages
 * (iokmem_guard_with_size()) between them cannot be touched by user tasks. A part of it can be
 * mapped if that is so of the members in that part. A member that continues the one before in
 * one memory is one with it. A kernel mapping needs members of RAM that have one cache mode, and
 * no guard pages. All members are held while the multi-descriptor, or a part of it, is mapped or
 * prepared: of pageable memory, only the pages that are a member.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @direction has other bits; a coherent buffer
 * * -EINVAL: there are no descriptors, or all are empty
 * * -EOVERFLOW: their lengths together wrap around, or one of them has 2^30 references
 * * -ENOSPC: more than 1024 pieces of memory
 * * -ENOMEM: no memory
 */
struct iokmem_desc *iokmem_multi_with_descriptors(struct iokmem_desc *const *descs,
						  unsigned int nr, u32 direction)
{
	struct iokmem_desc *desc;
	unsigned int i;
	int err = 0;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	desc = iokmem_multi_create(direction);
	if (IS_ERR(desc))
		return desc;
	for (i = 0; i < nr && !err; i++) {
		err = iokmem_multi_add(desc, descs[i]);
		if (!desc->tag)
			desc->tag = iokmem_desc_get_tag(descs[i]);
	}
	return iokmem_multi_finish(desc, err);
}
EXPORT_SYMBOL_NS_GPL(iokmem_multi_with_descriptors, IOKMEM_NS);
