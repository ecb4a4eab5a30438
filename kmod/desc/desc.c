// SPDX-License-Identifier: GPL-2.0
/*
 * The life of memory descriptors: made, published, closed and freed.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "desc/desc.h"
#include "page/compat.h"
#include "page/workqueue.h"
#include "trace.h"

static atomic64_t iokmem_last_id;

/* Protects iokmem_descs. Taken before every lock of a descriptor. */
static DEFINE_MUTEX(iokmem_descs_mutex);
/* All published descriptors, by their numbers. */
static struct rb_root iokmem_descs = RB_ROOT;

#define desc_of(rb)	rb_entry_safe(rb, struct iokmem_desc, by_id)

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return desc_of(a)->id < desc_of(b)->id;
}

/* Return the node of the first descriptor whose number is at least @id, or NULL. */
static struct rb_node *first_from(u64 id)
{
	struct rb_node *node = iokmem_descs.rb_node, *first = NULL;

	lockdep_assert_held(&iokmem_descs_mutex);

	while (node) {
		if (desc_of(node)->id < id) {
			node = node->rb_right;
		} else {
			first = node;
			node = node->rb_left;
		}
	}
	return first;
}

/*
 * iokmem_desc_from - return the first published descriptor whose number is at least @id
 *
 * Returns it with a count, or NULL if there is none. Passes over descriptors without a count: each
 * has a thread that is about to take it out.
 */
struct iokmem_desc *iokmem_desc_from(u64 id)
{
	struct rb_node *node;

	mutex_lock(&iokmem_descs_mutex);
	for (node = first_from(id); node; node = rb_next(node))
		if (kref_get_unless_zero(&desc_of(node)->count))
			break;
	mutex_unlock(&iokmem_descs_mutex);
	return desc_of(node);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_desc_from);

/* Queue work that puts the last reference, and so may let memory go. */
static void end_later(struct work_struct *work)
{
	iokmem_ending();
	queue_work(iokmem_workqueue, work);
}

static void desc_put_work(struct work_struct *work)
{
	iokmem_desc_put(container_of(work, struct iokmem_desc, put_work));
	iokmem_ended();
}

static void desc_count_put_work(struct work_struct *work)
{
	iokmem_desc_count_put(container_of(work, struct iokmem_desc,
					   count_put_work));
	iokmem_ended();
}

/* Record who makes the descriptor. A driver makes it for the process that has called it. */
static void set_maker(struct iokmem_desc *desc)
{
	desc->maker_uid = current_uid();
	get_task_comm(desc->maker_comm, current->group_leader);
	if (!(current->flags & PF_KTHREAD))
		desc->maker = get_pid(task_tgid(current));
}

/*
 * iokmem_desc_alloc - make a descriptor without memory, with one user, the caller
 *
 * The caller is a kind of memory. Its own struct has @size bytes and begins with struct
 * iokmem_desc; the rest is zero, for the caller to fill in. Until the descriptor is
 * published nobody else knows it, and iokmem_desc_put() undoes everything.
 */
struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_kind *kind,
				      size_t size, size_t capacity)
{
	struct iokmem_desc *desc;

	desc = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!desc)
		return ERR_PTR(-ENOMEM);

	/* A descriptor that a driver forgot keeps the module loaded, which shows it. */
	__module_get(THIS_MODULE);
	refcount_set(&desc->users, 1);
	kref_init(&desc->count);
	INIT_WORK(&desc->put_work, desc_put_work);
	INIT_WORK(&desc->count_put_work, desc_count_put_work);
	desc->id = atomic64_inc_return(&iokmem_last_id);
	set_maker(desc);
	desc->kind = kind;
	desc->capacity = capacity;
	desc->owned = capacity;
	desc->length = capacity;
	desc->alignment = 1;
	desc->cache_mode = IOKMEM_MAP_COPYBACK_CACHE;
	mutex_init(&desc->length_lock);
	mutex_init(&desc->prepare_lock);
	mutex_init(&desc->hold_lock);
	spin_lock_init(&desc->hold_charges_lock);
	INIT_LIST_HEAD(&desc->hold_charges);
	mutex_init(&desc->lock);
	INIT_LIST_HEAD(&desc->mappings);
	desc->live = RB_ROOT;
	desc->index = RB_ROOT;
	init_waitqueue_head(&desc->wait);
	init_waitqueue_head(&desc->hangup);
	INIT_LIST_HEAD(&desc->watches);
	RB_CLEAR_NODE(&desc->by_id);
	return desc;
}

/*
 * iokmem_desc_set_range - say that a descriptor is of one range of addresses
 *
 * @mm: the address space, which the caller keeps; NULL: the kernel's. To be called before the
 * descriptor is published.
 */
void iokmem_desc_set_range(struct iokmem_desc *desc, struct mm_struct *mm,
			   unsigned long address, u32 options)
{
	desc->mm = mm;
	if (mm)
		mmgrab(mm);
	desc->address = address;
	desc->options = options;
	desc->direction = options & IOKMEM_DIRECTION_MASK;
}

/*
 * iokmem_desc_publish - let others know the descriptor from here on
 */
void iokmem_desc_publish(struct iokmem_desc *desc)
{
	mutex_lock(&iokmem_descs_mutex);
	rb_add(&desc->by_id, &iokmem_descs, is_before);
	mutex_unlock(&iokmem_descs_mutex);
	trace_iokmem_create(desc);
}

static void desc_free(struct kref *count)
{
	struct iokmem_desc *desc = container_of(count, struct iokmem_desc, count);

	WARN_ON(!list_empty(&desc->mappings));
	WARN_ON(!RB_EMPTY_ROOT(&desc->live) || !RB_EMPTY_ROOT(&desc->index));
	WARN_ON(desc->nr_maps);
	WARN_ON(desc->nr_mapped);
	WARN_ON(desc->home);
	WARN_ON(desc->prepared);
	WARN_ON(desc->held);
	WARN_ON(!list_empty(&desc->hold_charges));
	WARN_ON(!list_empty(&desc->watches));

	if (!RB_EMPTY_NODE(&desc->by_id)) {
		mutex_lock(&iokmem_descs_mutex);
		rb_erase(&desc->by_id, &iokmem_descs);
		mutex_unlock(&iokmem_descs_mutex);
		trace_iokmem_free(desc);
	}
	if (desc->kind->release)
		desc->kind->release(desc);
	if (desc->mm)
		mmdrop(desc->mm);
	if (desc->spared)
		mmdrop(desc->spared);
	iokmem_uncharge(&desc->charge);
	put_pid(desc->maker);
	mutex_destroy(&desc->lock);
	mutex_destroy(&desc->hold_lock);
	mutex_destroy(&desc->prepare_lock);
	mutex_destroy(&desc->length_lock);
	kfree(desc);
	module_put(THIS_MODULE);
}

/*
 * iokmem_desc_count_get - keep the memory, without the right to act on it
 */
void iokmem_desc_count_get(struct iokmem_desc *desc)
{
	kref_get(&desc->count);
}

void iokmem_desc_count_put(struct iokmem_desc *desc)
{
	kref_put(&desc->count, desc_free);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_desc_count_put);

/*
 * iokmem_desc_count_put_async - as iokmem_desc_count_put(), while memory is reclaimed
 *
 * The task that allocates may hold locks that freeing a descriptor takes, so a worker does
 * it.
 */
void iokmem_desc_count_put_async(struct iokmem_desc *desc)
{
	if (!refcount_dec_not_one(&desc->count.refcount))
		end_later(&desc->count_put_work);
}

/**
 * iokmem_desc_get - take another reference to a descriptor
 * @desc: a descriptor that the caller has a reference to
 *
 * Follows OSObject::retain().
 *
 * Context: Any.
 * Return: @desc.
 */
struct iokmem_desc *iokmem_desc_get(struct iokmem_desc *desc)
{
	refcount_inc(&desc->users);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get, IOKMEM_NS);

/*
 * iokmem_desc_try_get - take another reference on behalf of a program
 *
 * Return 0, or -EOVERFLOW if there are too many. A program can have any number of files, and of
 * multi-descriptors with many members.
 */
int iokmem_desc_try_get(struct iokmem_desc *desc)
{
	if (refcount_read(&desc->users) >= IOKMEM_COUNT_MAX)
		return -EOVERFLOW;
	iokmem_desc_get(desc);
	return 0;
}

/*
 * iokmem_desc_get_found - take a reference to a descriptor that the caller has found
 *
 * The last user may be going. Return 0; -ENXIO if it is gone; or -EOVERFLOW.
 */
int iokmem_desc_get_found(struct iokmem_desc *desc)
{
	if (refcount_read(&desc->users) >= IOKMEM_COUNT_MAX)
		return -EOVERFLOW;
	return refcount_inc_not_zero(&desc->users) ? 0 : -ENXIO;
}

/*
 * The last user is gone: take the descriptor's own mapping down, and complete what was
 * prepared.
 */
static void desc_close(struct iokmem_desc *desc)
{
	iokmem_desc_complete_all(desc);
	/* Only a user, or a preparation, makes a home mapping. */
	if (desc->home)
		desc->home_ops->close(desc);
	if (desc->born_held)
		iokmem_desc_unhold(desc, desc->birth_charge);
	iokmem_desc_count_put(desc);
}

/**
 * iokmem_desc_put - let go of a descriptor
 * @desc: a reference of the caller's, gone on return
 *
 * Follows OSObject::release(). When the last reference goes, the mapping that a buffer has
 * in the task it was made for is taken down. References to maps count as references to
 * their descriptor. The memory goes back when nothing maps it any more.
 *
 * Context: May sleep. The caller holds no mmap lock.
 */
void iokmem_desc_put(struct iokmem_desc *desc)
{
	might_sleep();
	if (refcount_dec_and_test(&desc->users))
		desc_close(desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_put, IOKMEM_NS);

/**
 * iokmem_desc_put_async - let go of a descriptor where one cannot sleep
 * @desc: a reference of the caller's, gone on return
 *
 * As iokmem_desc_put(). If this was the last reference a worker does the rest.
 *
 * Context: Any.
 */
void iokmem_desc_put_async(struct iokmem_desc *desc)
{
	if (!refcount_dec_not_one(&desc->users))
		end_later(&desc->put_work);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_put_async, IOKMEM_NS);

/* Every descriptor keeps the module, so none is left. */
void iokmem_desc_exit(void)
{
	WARN_ON(!RB_EMPTY_ROOT(&iokmem_descs));
}
