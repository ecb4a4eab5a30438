// SPDX-License-Identifier: GPL-2.0
/*
 * Describing memory by the addresses that a task, or the kernel, sees it at.
 *
 *	addresses	|- own memory -|- map of A -|- own memory -|
 *	pieces		| range        | window     | range        |
 *
 * Addresses of the program's or the kernel's own memory become a range (range.c), which pins the
 * pages while it is held. The pages of a map of a descriptor cannot be pinned, and need not be:
 * such addresses become a *window* of the descriptor. A window is resolved once, when it is made.
 * From then on it keeps the descriptor, whatever becomes of the map.
 *
 * Like a sub-descriptor, a window has neither memory nor maps of its own: it is found by
 * desc->parent. It differs in that it has its own preparations, which hold the memory, and in that
 * a window of addresses that the program may only read does not let the memory be written.
 *
 * Addresses that are partly in a map become a multi-descriptor of ranges and windows. Seams are
 * between pages then.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>

#include "desc/desc.h"
#include "memory/addresses.h"
#include "memory/memory.h"
#include "memory/multi.h"
#include "memory/range.h"
#include "page/address_space.h"
#include "page/compat.h"

#define IOKMEM_RANGE_OPTIONS	(IOKMEM_DIRECTION_MASK | IOKMEM_PERSISTENT)

int (*iokmem_find_shown)(struct mm_struct *mm, unsigned long address,
			 struct iokmem_shown *shown);

static void *window_bring_in(struct iokmem_desc *desc, bool write)
{
	int err = iokmem_desc_hold(desc->parent, write, NULL);

	return err ? ERR_PTR(err) : desc->parent;
}

static void window_let_go(struct iokmem_desc *desc, void *brought)
{
	iokmem_desc_unhold(desc->parent, NULL);
}

static int window_pin(struct iokmem_desc *desc, bool write, void *brought)
{
	lockdep_assert_held(&desc->hold_lock);

	/* The parent's does not change while it is held. */
	WRITE_ONCE(desc->held_read_only, READ_ONCE(desc->parent->held_read_only));
	return 0;
}

static void window_unpin(struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->hold_lock);

	iokmem_desc_unhold(desc->parent, NULL);
}

/* The parent counts as written from now on until nobody holds it. */
static int window_write(struct iokmem_desc *desc)
{
	int err;

	lockdep_assert_held(&desc->hold_lock);

	err = iokmem_desc_hold(desc->parent, true, NULL);
	if (!err)
		iokmem_desc_unhold(desc->parent, NULL);
	return err;
}

static void window_release(struct iokmem_desc *desc)
{
	if (desc->parent)
		iokmem_desc_put(desc->parent);
}

static const struct iokmem_store_ops window_store = {
	.bring_in	= window_bring_in,
	.let_go		= window_let_go,
	.pin		= window_pin,
	.unpin		= window_unpin,
	.write		= window_write,
};

static const struct iokmem_kind iokmem_window_kind = {
	.name		= "range",
	.store		= &window_store,
	.release	= window_release,
};

/* The hold_lock of a window is taken before that of its parent, even of a multi-descriptor. */
static struct lock_class_key iokmem_window_hold_key;

/* Describe the first @length bytes of what a program sees. */
static struct iokmem_desc *window_create(struct mm_struct *mm, const struct iokmem_shown *shown,
					 size_t length, u32 options)
{
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_window_kind, sizeof(*desc), length);
	if (IS_ERR(desc))
		return desc;
	err = iokmem_desc_try_get(shown->desc);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	lockdep_set_class(&desc->hold_lock, &iokmem_window_hold_key);
	iokmem_desc_set_range(desc, mm, shown->start, options);
	desc->parent = shown->desc;
	desc->start = shown->offset;
	desc->partial = true;
	desc->read_only = shown->read_only;
	desc->skew = offset_in_page(shown->start);
	desc->owned = iokmem_desc_owned(shown->desc, shown->offset, length);
	desc->hold_pages = shown->desc->hold_pages;
	iokmem_desc_publish(desc);
	return desc;
}

/*
 * Find the first address from @at on that is in a map. If there is none before @end, shown->desc
 * is NULL and shown->start is @end. The mmap lock is dropped after each VMA, since there may be
 * many.
 */
static int find_map(struct mm_struct *mm, unsigned long at, unsigned long end,
		    struct iokmem_shown *shown)
{
	int err;

	do {
		err = iokmem_find_shown(mm, at, shown);
		if (err || shown->desc)
			return err;
		at = shown->end;
		cond_resched();
	} while (at < end);
	shown->start = end;
	return 0;
}

/* Add a descriptor to a multi-descriptor, and put it. */
static int add_piece(struct iokmem_desc *multi, struct iokmem_desc *piece)
{
	int err;

	if (IS_ERR(piece))
		return PTR_ERR(piece);
	err = iokmem_multi_add(multi, piece);
	iokmem_desc_put(piece);
	return err;
}

/*
 * Add the addresses from @start to @end to a multi-descriptor. @shown is the first map that was
 * found there.
 */
static int add_pieces(struct iokmem_desc *multi, struct mm_struct *mm, unsigned long start,
		      unsigned long end, struct iokmem_shown *shown)
{
	u32 direction = multi->direction;
	int err = 0;

	for (;;) {
		if (start < shown->start)
			err = add_piece(multi, iokmem_range_create(mm, start, shown->start - start,
								   direction));
		if (!shown->desc)
			return err;
		start = min(end, shown->end);
		if (!err)
			err = add_piece(multi, window_create(mm, shown, start - shown->start,
							     direction));
		iokmem_desc_put(shown->desc);
		if (err || start == end)
			return err;
		err = find_map(mm, start, end, shown);
		if (err)
			return err;
	}
}

/* Describe addresses in @mm, which are not empty, and of which @shown is the first map. */
static struct iokmem_desc *user_create(struct mm_struct *mm, unsigned long address,
				       size_t length, u32 options, struct iokmem_shown *shown)
{
	unsigned long end = address + length;
	struct iokmem_desc *desc;
	int err;

	if (!shown->desc)
		return iokmem_range_create(mm, address, length, options);
	if (shown->start == address && shown->end >= end) {
		desc = window_create(mm, shown, length, options);
		iokmem_desc_put(shown->desc);
		return desc;
	}
	desc = iokmem_multi_create(options & IOKMEM_DIRECTION_MASK);
	if (IS_ERR(desc)) {
		iokmem_desc_put(shown->desc);
		return desc;
	}
	iokmem_desc_set_range(desc, mm, address, options);
	err = add_pieces(desc, mm, address, end, shown);
	return iokmem_multi_finish(desc, err);
}

/* Have a persistent descriptor keep the memory that it has now. */
static struct iokmem_desc *persist(struct iokmem_desc *desc)
{
	bool write = desc->direction != IOKMEM_DIRECTION_OUT;
	int err = iokmem_desc_check_write(desc, write);

	if (!err)
		err = iokmem_desc_hold(desc, write, &desc->birth_charge);
	desc->born_held = !err;
	if (!err)
		return desc;
	iokmem_desc_put(desc);
	return ERR_PTR(err);
}

static int check_range(const struct mm_struct *mm, unsigned long address,
		       size_t length, u32 options)
{
	unsigned long end;

	if (options & ~IOKMEM_RANGE_OPTIONS)
		return -EOPNOTSUPP;
	if (check_add_overflow(address, length, &end) || end > PAGE_MASK)
		return -EOVERFLOW;
	if (mm && end > mm->task_size)
		return -EADDRNOTAVAIL;
	return 0;
}

/* Describe addresses. The caller keeps @mm. */
static struct iokmem_desc *create(struct mm_struct *mm, unsigned long address, size_t length,
				  u32 options)
{
	struct iokmem_shown shown = {};
	struct iokmem_desc *desc;
	int err;

	err = check_range(mm, address, length, options);
	if (!err && mm && length)
		err = find_map(mm, address, address + length, &shown);
	if (err)
		return ERR_PTR(err);
	desc = user_create(mm, address, length, options, &shown);
	return IS_ERR(desc) || !(options & IOKMEM_PERSISTENT) ? desc : persist(desc);
}

/**
 * iokmem_desc_with_address_range - describe memory that a task has already
 * @address: of the first byte
 * @length: in bytes; 0 is allowed
 * @options: IOKMEM_DIRECTION_*, %IOKMEM_PERSISTENT
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK; or NULL:
 *	@address is a physical address
 *
 * Follows IOMemoryDescriptor::withAddressRange(). The range is not looked at until
 * it is prepared or mapped, with one exception: see below. With %IOKMEM_PERSISTENT it is
 * prepared from the start. A map keeps the memory prepared, for writing unless the map is
 * read-only. Prepared memory stays whatever the task does with the addresses.
 *
 * A range can be mapped into the kernel, and into its own task, where it is at the
 * addresses it has. It can be mapped into other user tasks only if it is shared
 * memory, pages of a file, or whole pages of the kernel's that are not of the slab
 * allocator.
 *
 * Addresses of a task that are in a map of a descriptor, of whatever kind, are resolved at once.
 * The range becomes a window of the map's descriptor, like those of iokmem_sub_with_sub_range(). It
 * keeps that descriptor even if the map is unmapped or redirected later. Its maps are maps of the
 * descriptor: they share and are shared, and in the task itself they may have other addresses if
 * the map is Unique. The memory is neither pinned nor copied. Preparations of the range hold the
 * memory, and are counted apart from those of the descriptor. If the task may only read the
 * addresses, the memory cannot be written by the range, nor by descriptors that are made of it.
 * A range that has only some of its addresses in maps is a multi-descriptor of several pieces.
 *
 * The memory of a kernel range is RAM and cached. The caller must keep it until all
 * maps and preparations have ended.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: another option; part of the range is in a map of a coherent buffer, and part
 *   is not
 * * -EINVAL: @task is a kernel thread
 * * -ESRCH: @task has exited
 * * -EOVERFLOW: the range wraps around
 * * -EADDRNOTAVAIL: the range is outside of what the task can use
 * * -ENXIO: part of the range is in a map that has ended, and the program has not unmapped
 *   the addresses
 * * -EBUSY: part of the range is in a map that is redirected to nothing
 * * -ENODEV: part of the range is in a map of memory that is being revoked
 * * -EFAULT: part of the range is in the guard of a map, or in the last page of a map, past the
 *   end of the descriptor
 * * -EACCES: part of the range is in a map that the task may not even read
 * * -ENOSPC: the range has more than 1024 pieces
 * * -EDEADLK: the caller holds the task's mmap lock
 * * -EINTR: a fatal signal arrived
 * * -ENOMEM: no memory
 * * if persistent, the errors of iokmem_desc_prepare()
 * * if physical, the errors of iokmem_desc_with_physical_address()
 */
struct iokmem_desc *iokmem_desc_with_address_range(u64 address, size_t length,
						   u32 options,
						   struct task_struct *task)
{
	struct iokmem_desc *desc;
	struct mm_struct *mm;

	if (!task)
		return iokmem_desc_with_physical_address(address, length, options);

	mm = iokmem_task_mm(task);
	if (IS_ERR(mm))
		return ERR_CAST(mm);
	desc = create(mm, address, length, options);
	if (mm)
		mmput(mm);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_address_range, IOKMEM_NS);

/**
 * iokmem_desc_with_address - describe kernel memory, and prepare it
 * @address: of the first byte
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOMemoryDescriptor::withAddress().
 *
 * Context: May sleep.
 * Return: as iokmem_desc_with_address_range(); -EFAULT if there is no memory at an
 * address.
 */
struct iokmem_desc *iokmem_desc_with_address(void *address, size_t length,
					     u32 direction)
{
	struct iokmem_desc *desc;
	int err;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	desc = create(NULL, (unsigned long)address, length, direction);
	if (IS_ERR(desc))
		return desc;
	err = iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_address, IOKMEM_NS);

/* Return true if two persistent descriptors, which are equally long, have the same memory. */
static bool has_memory_of(struct iokmem_desc *desc, struct iokmem_desc *other)
{
	struct iokmem_window a = iokmem_window_of(desc, 0, desc->capacity);
	struct iokmem_window b = iokmem_window_of(other, 0, other->capacity);

	while (a.length) {
		size_t at = a.offset, n = a.length, other_at = b.offset, other_n = b.length;
		struct iokmem_desc *leaf = iokmem_desc_leaf(a.desc, &at, &n);
		struct iokmem_desc *other_leaf = iokmem_desc_leaf(b.desc, &other_at, &other_n);

		leaf = iokmem_part_whole(leaf, &at);
		other_leaf = iokmem_part_whole(other_leaf, &other_at);
		if (at != other_at || n != other_n ||
		    (leaf != other_leaf && !iokmem_range_has_frames_of(leaf, other_leaf)))
			return false;
		a.offset += n;
		b.offset += n;
		a.length -= n;
		b.length -= n;
	}
	return true;
}

/**
 * iokmem_desc_with_persistent_memory_descriptor - check whether addresses have new memory
 * @original: a range of addresses that was made with %IOKMEM_PERSISTENT
 *
 * Follows IOMemoryDescriptor::withPersistentMemoryDescriptor().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: @original, with one more reference, if the addresses still have the
 * memory that they had when it was made; otherwise a new descriptor, with the
 * options of @original, of the memory that they have now. Or ERR_PTR(): -EINVAL if
 * @original is not a persistent range, or as iokmem_desc_with_address_range().
 */
struct iokmem_desc *
iokmem_desc_with_persistent_memory_descriptor(struct iokmem_desc *original)
{
	struct mm_struct *mm = original->mm;
	struct iokmem_desc *desc;

	if (!original->born_held)
		return ERR_PTR(-EINVAL);

	if (mm && !mmget_not_zero(mm))
		return ERR_PTR(-ESRCH);
	desc = create(mm, original->address, original->capacity, original->options);
	if (mm)
		mmput(mm);
	if (IS_ERR(desc) || !has_memory_of(desc, original))
		return desc;
	iokmem_desc_put(desc);
	return iokmem_desc_get(original);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_persistent_memory_descriptor, IOKMEM_NS);

/*
 * Return the range from @ranges[*@i] on that is not empty, with all those that continue it, and
 * set *@i to the index behind them. The range is empty if there is no other.
 */
static struct iokmem_address_range next_range(const struct iokmem_address_range *ranges,
					      unsigned int nr, unsigned int *i)
{
	struct iokmem_address_range next = {};
	u64 length;

	for (; *i < nr; ++*i) {
		const struct iokmem_address_range *range = &ranges[*i];

		if (!range->length)
			continue;
		if (!next.length)
			next.address = range->address;
		if (range->address != next.address + next.length ||
		    check_add_overflow(next.length, range->length, &length))
			break;
		next.length = length;
	}
	return next;
}

/**
 * iokmem_desc_with_address_ranges - describe memory that a task has at several places
 * @ranges: the ranges, in order
 * @nr: how many
 * @options: as for iokmem_desc_with_address_range(); persistent only if the ranges are one
 * @task: as for iokmem_desc_with_address_range()
 *
 * Follows IOMemoryDescriptor::withAddressRanges(). A range that continues the one before is one
 * with it. If all are one, this is iokmem_desc_with_address_range(). Otherwise the ranges become
 * members of a multi-descriptor: see iokmem_multi_with_descriptors(). Empty ranges are left out.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: as iokmem_desc_with_address_range() and iokmem_multi_with_descriptors().
 */
struct iokmem_desc *
iokmem_desc_with_address_ranges(const struct iokmem_address_range *ranges,
				unsigned int nr, u32 options,
				struct task_struct *task)
{
	struct iokmem_address_range range;
	struct iokmem_desc *desc;
	unsigned int i = 0;
	int err = 0;

	if (nr == 1)
		return iokmem_desc_with_address_range(ranges->address, ranges->length,
						      options, task);
	range = next_range(ranges, nr, &i);
	if (range.length && i == nr)
		return iokmem_desc_with_address_range(range.address, range.length, options, task);
	if (options & IOKMEM_PERSISTENT)
		return ERR_PTR(-EOPNOTSUPP);
	desc = iokmem_multi_create(options & IOKMEM_DIRECTION_MASK);
	if (IS_ERR(desc))
		return desc;
	while (range.length && !err) {
		err = add_piece(desc, iokmem_desc_with_address_range(range.address, range.length,
								     options, task));
		range = next_range(ranges, nr, &i);
	}
	return iokmem_multi_finish(desc, err);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_address_ranges, IOKMEM_NS);
